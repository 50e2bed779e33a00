/** The files that a build rests on and that nothing in it makes, with the directories they lie in: what is to be watched. */
import {type Dirent, readdirSync, realpathSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import type {Look} from '../engine/look.ts';
import type {Project} from '../frontends/project.ts';
import {statOrAbsent} from '../graph/file-facts.ts';
import type {Graph, NodeId} from '../graph/graph.ts';
import {diskPath, textOfPath} from '../protocol/path-text.ts';
import {searchedDirectories} from './searched-directories.ts';

/** Files that a new one by such a name may hide, that a glob may find, or that a description may wait for. */
const SOURCE_NAME =
  /\.(?:c|cc|cpp|cxx|c\+\+|h|hh|hpp|hxx|h\+\+|inc|inl|ipp|tpp|def|td|s|asm|nasm|m|mm|cu|cppm|ixx|ninja)$/i;

/** Directories that programs keep for themselves. */
const NO_SOURCES = /^(?:\..*|CMakeFiles)$/;

/** A directory as the build names it. */
interface Place {
  readonly files: Map<string, NodeId[]>;
  readonly links: ReadonlyMap<string, string>;
}

/** What a directory holds beside files, as of a stat of it. */
interface Listing {
  readonly stat: string;
  /** Where symbolic links lead. */
  readonly links: ReadonlyMap<string, string>;
  readonly folders: readonly string[];
}

export class WatchedFiles {
  /** By real path of the directory, then by name: nodes. */
  readonly #files = new Map<string, Map<string, NodeId[]>>();
  readonly #places = new Map<string, Place>();
  /** By real path, those of an earlier look among them where they are still true. */
  readonly #listed = new Map<string, Listing>();
  readonly #before: ReadonlyMap<string, Listing> | undefined;
  readonly #project: Project;
  /** Where compilers look for headers, as their commands name it. */
  readonly #searched: Iterable<string>;

  private constructor(project: Project, before: WatchedFiles | undefined) {
    this.#project = project;
    this.#before = before === undefined ? undefined : before.#listed;
    const isSameGraph = before !== undefined && before.#project.graph === project.graph;
    this.#searched = isSameGraph ? before.#searched : searchedDirectories(project);
  }

  /**
   * `more`: files that the graph need not know, such as those that a failed compile would have read. `before`: the same of
   * an earlier look.
   */
  static of(
    {project, times}: Look,
    {more, before}: {readonly more: Iterable<string>; readonly before: WatchedFiles | undefined},
  ): WatchedFiles {
    const {graph, manifest} = project;
    const watched = new WatchedFiles(project, before);
    const add = (node: NodeId) => {
      if (isSource(graph, node)) watched.#add(graph.path(node), node);
    };
    for (const node of times.known()) add(node);
    if (manifest !== undefined) for (const node of graph.dirtyingIns(graph.producer(manifest))) add(node);
    for (const path of more) if (!watched.#isMade(path)) watched.#add(path, undefined);
    watched.#addSearched();
    return watched;
  }

  get directories(): Iterable<string> {
    return this.#files.keys();
  }

  /** Of all files; made when they are asked for. */
  get paths(): Iterable<string> {
    return pathsIn(this.#files);
  }

  get size(): number {
    let size = 0;
    for (const files of this.#files.values()) size += files.size;
    return size;
  }

  /** Whether an event about this path may be worth a build. */
  matters(path: string): boolean {
    return this.nodes(path) !== undefined || this.#isNewSource(path);
  }

  /**
   * Whether files of the project may come to lie in this directory, in which there were none: it is below one that has
   * some. Below the build directory builds come and go.
   */
  grows(directory: string): boolean {
    if (NO_SOURCES.test(basename(directory))) return false;
    for (let at = directory; at !== '/'; at = dirname(at)) {
      if (at === this.#project.directory) return false;
      if (this.#files.has(at)) return true;
    }
    return false;
  }

  /** The nodes that a path of an event stands for; none for a file that is not in the graph, undefined for an unknown one. */
  nodes(path: string): readonly NodeId[] | undefined {
    return this.#files.get(dirname(path))?.get(basename(path));
  }

  /** Nodes of other files by the same name, which a new file may hide from those that include them. */
  namesakes(path: string): NodeId[] {
    const [directory, name] = [dirname(path), basename(path)];
    return [...this.#files].flatMap(([other, files]) => (other === directory ? [] : (files.get(name) ?? [])));
  }

  /** What the graph calls a node. */
  name(node: NodeId): string {
    return this.#project.graph.path(node);
  }

  /** Directories above the watched ones are nobody's: compilers leave their own files there for a moment. */
  #isNewSource(path: string): boolean {
    const directory = dirname(path);
    const isWatched = this.#files.has(directory) || this.grows(directory);
    return isWatched && SOURCE_NAME.test(path) && !this.#isMade(path);
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

  /** `path`: as the build names it. Ten thousand of them come in a row, of few directories. */
  #add(path: string, node: NodeId | undefined): void {
    const cut = path.lastIndexOf('/');
    const {files, links} = this.#place(path.slice(0, cut + 1));
    const name = path.slice(cut + 1);
    enter(files, name, node);
    const target = links.get(name);
    if (target !== undefined) enter(this.#filesOf(dirname(target)), basename(target), node);
  }

  #place(named: string): Place {
    let place = this.#places.get(named);
    if (place === undefined) {
      const absolute = resolve(this.#project.directory, named);
      // One that is not there is where its name says: there it would come back.
      const directory = realPath(absolute) ?? absolute;
      place = {files: this.#filesOf(directory), links: this.#listing(directory).links};
      this.#places.set(named, place);
    }
    return place;
  }

  #filesOf(directory: string): Map<string, NodeId[]> {
    let files = this.#files.get(directory);
    if (files === undefined) {
      files = new Map();
      this.#files.set(directory, files);
    }
    return files;
  }

  /**
   * A new header may hide another one where compilers look for it: in directories that are searched, and in those below
   * them that are called as one that something was read from.
   */
  #addSearched(): void {
    for (const named of this.#searched) this.#place(`${named}/`);
    const names = new Set([...this.#files.keys()].map(directory => basename(directory)));
    // What is added here is looked into in its turn.
    for (const directory of this.#files.keys()) {
      for (const folder of this.#listing(directory).folders) {
        const path = join(directory, folder);
        if (names.has(folder) && this.grows(path)) this.#filesOf(path);
      }
    }
  }

  #listing(directory: string): Listing {
    let listing = this.#listed.get(directory);
    if (listing === undefined) {
      const stat = statOf(directory);
      const before = this.#before?.get(directory);
      listing = before?.stat === stat ? before : {stat, ...readListing(directory)};
      this.#listed.set(directory, listing);
    }
    return listing;
  }
}

function enter(files: Map<string, NodeId[]>, name: string, node: NodeId | undefined): void {
  const nodes = files.get(name);
  if (nodes === undefined) files.set(name, node === undefined ? [] : [node]);
  else if (node !== undefined && !nodes.includes(node)) nodes.push(node);
}

/** Nothing makes it. CMake lets a phony edge without inputs stand for each file that may be missing. */
function isSource(graph: Graph, node: NodeId): boolean {
  const edge = graph.producer(node);
  return edge < 0 || (graph.isPhony(edge) && graph.orderingIns(edge).length === 0);
}

function realPath(path: string): string | undefined {
  try {
    return textOfPath(realpathSync.native(diskPath(path), {encoding: 'buffer'}));
  } catch {
    return undefined;
  }
}

/** Another one where a name in the directory has become a link, or leads elsewhere; '' where it is not there. */
function statOf(directory: string): string {
  const facts = statOrAbsent(directory);
  return facts === undefined ? '' : `${facts.dev} ${facts.ino} ${facts.mtimeNs}`;
}

/** A listing tells links and directories from files without a look at each. */
function readListing(directory: string): Omit<Listing, 'stat'> {
  const links = new Map<string, string>();
  const folders: string[] = [];
  let entries: Dirent<Buffer>[];
  try {
    entries = readdirSync(diskPath(directory), {encoding: 'buffer', withFileTypes: true});
  } catch {
    return {links, folders};
  }
  for (const entry of entries) {
    const name = textOfPath(entry.name);
    if (entry.isDirectory()) folders.push(name);
    if (!entry.isSymbolicLink()) continue;
    const target = realPath(join(directory, name));
    if (target !== undefined) links.set(name, target);
  }
  return {links, folders};
}

function* pathsIn(files: ReadonlyMap<string, ReadonlyMap<string, unknown>>): Iterable<string> {
  for (const [directory, names] of files) for (const name of names.keys()) yield join(directory, name);
}
