/** The files that a build rests on and that nothing in it makes, with the directories they lie in: what is to be watched. */
import {type Dirent, readdirSync, realpathSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import type {Project} from './frontends/project.ts';
import type {Graph, NodeId} from './graph/graph.ts';
import type {Look} from './look.ts';
import {diskPath, textOfPath} from './protocol/path-text.ts';

/** Files that a new one by such a name may hide, or that a glob may find. */
const SOURCE_NAME =
  /\.(?:c|cc|cpp|cxx|c\+\+|h|hh|hpp|hxx|h\+\+|inc|inl|ipp|tpp|def|td|s|asm|nasm|m|mm|cu|cppm|ixx)$/i;

export class WatchedFiles {
  /** By the real path of their directory, as events name them. */
  readonly #nodes = new Map<string, NodeId[]>();
  readonly #directories = new Set<string>();
  readonly #physical = new Map<string, string>();
  /** By directory, where symbolic links in it lead. */
  readonly #links: Map<string, ReadonlyMap<string, string>>;

  readonly #project: Project;

  private constructor(project: Project, links: Map<string, ReadonlyMap<string, string>>) {
    this.#project = project;
    this.#links = links;
  }

  /**
   * `more`: files that the graph need not know, such as those that a failed compile would have read. `before`: the same of
   * an earlier look.
   */
  static of(
    {project, times}: Look,
    {more, before}: {readonly more: Iterable<string>; readonly before: WatchedFiles | undefined},
  ): WatchedFiles {
    const {graph, directory, manifest} = project;
    const links = before === undefined ? new Map() : before.#links;
    const watched = new WatchedFiles(project, links);
    const add = (node: NodeId) => {
      if (isSource(graph, node)) watched.#add(resolve(directory, graph.path(node)), node);
    };
    for (const node of times.known()) add(node);
    if (manifest !== undefined) for (const node of graph.dirtyingIns(graph.producer(manifest))) add(node);
    for (const path of more) if (!watched.#isMade(path)) watched.#add(path, undefined);
    return watched;
  }

  get directories(): ReadonlySet<string> {
    return this.#directories;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Whether an event about this path may be worth a build. */
  matters(path: string): boolean {
    return this.#nodes.has(path) || this.#isNewSource(path);
  }

  /** The nodes that a path of an event stands for; none for a file that is not in the graph, undefined for an unknown one. */
  nodes(path: string): readonly NodeId[] | undefined {
    return this.#nodes.get(path);
  }

  /** What the graph calls a node. */
  name(node: NodeId): string {
    return this.#project.graph.path(node);
  }

  /** Directories above the watched ones are nobody's: compilers leave their own files there for a moment. */
  #isNewSource(path: string): boolean {
    return SOURCE_NAME.test(path) && this.#directories.has(dirname(path)) && !this.#isMade(path);
  }

  /** What the build itself makes is no reason to build. */
  #isMade(path: string): boolean {
    const {graph, directory} = this.#project;
    const inside = path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : path;
    return [inside, path].some(name => {
      const node = graph.find(name);
      return node !== undefined && !isSource(graph, node);
    });
  }

  #add(path: string, node: NodeId | undefined): void {
    const directory = this.#physicalOf(dirname(path));
    const name = basename(path);
    this.#enter(join(directory, name), node);
    const target = this.#linksIn(directory).get(name);
    if (target !== undefined) this.#enter(target, node);
  }

  #enter(path: string, node: NodeId | undefined): void {
    const nodes = this.#nodes.get(path);
    if (nodes === undefined) {
      this.#nodes.set(path, node === undefined ? [] : [node]);
      this.#directories.add(dirname(path));
    } else if (node !== undefined && !nodes.includes(node)) {
      nodes.push(node);
    }
  }

  /** One that is not there is where its path says: that is where it would come back. */
  #physicalOf(directory: string): string {
    let physical = this.#physical.get(directory);
    if (physical === undefined) {
      physical = realPath(directory) ?? directory;
      this.#physical.set(directory, physical);
    }
    return physical;
  }

  #linksIn(directory: string): ReadonlyMap<string, string> {
    let links = this.#links.get(directory);
    if (links === undefined) {
      links = readLinks(directory);
      this.#links.set(directory, links);
    }
    return links;
  }
}

/** Nothing makes it. CMake lets a phony edge without inputs stand for each file that may be missing. */
function isSource(graph: Graph, node: NodeId): boolean {
  const edge = graph.producer(node);
  return edge < 0 || (graph.isPhony(edge) && graph.orderingIns(edge).length === 0);
}

function realPath(path: string): string | undefined {
  try {
    return textOfPath(realpathSync(diskPath(path), {encoding: 'buffer'}));
  } catch {
    return undefined;
  }
}

/** A listing tells links from files without a look at each. */
function readLinks(directory: string): Map<string, string> {
  const links = new Map<string, string>();
  let entries: Dirent<Buffer>[];
  try {
    entries = readdirSync(diskPath(directory), {encoding: 'buffer', withFileTypes: true});
  } catch {
    return links;
  }
  for (const entry of entries) {
    if (!entry.isSymbolicLink()) continue;
    const name = textOfPath(entry.name);
    const target = realPath(join(directory, name));
    if (target !== undefined) links.set(name, target);
  }
  return links;
}
