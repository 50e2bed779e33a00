/**
 * Paths as a compiler opens them -> the part of the disk that it then walks through: files, directories and symlinks
 * at their physical paths. It does not know which paths a compile needs, and reads no file that the file state has
 * read already.
 */

import type {Result} from '../failure.ts';
import {err, ok} from '../failure.ts';
import type {FileState} from '../graph/file-state.ts';
import type {Tree, TreeFile, TreeLink} from '../protocol/tree.ts';

export interface InputTreeRequest {
  /** Absolute paths of regular files, not cleaned. */
  readonly files: readonly string[];
  /**
   * Absolute paths of directories that must exist: search directories, the working directory, `PWD`. One that is no
   * directory (any more) is left out.
   */
  readonly directories: readonly string[];
}

export interface InputTreeFailure {
  readonly reason: 'input-vanished' | 'input-not-a-file' | 'symlink-loop';
  readonly path: string;
}

/** What resolving a path came to. */
type Place = Resolved | InputTreeFailure;

/** A place reached, and everything that was passed on the way. Memo for one epoch. */
interface Resolved {
  readonly node: PhysicalNode;
  readonly links: readonly LinkNode[];
  /** Directories that must exist although nothing in them may be listed: what `..` led out of. */
  readonly passed: readonly PhysicalNode[];
  /** The last tree that has all of this. */
  build: number;
}

interface PhysicalNode {
  readonly path: string;
  build: number;
  files: TreeFile[];
}

interface LinkNode {
  readonly link: TreeLink;
  build: number;
}

interface KnownFile {
  readonly place: Resolved;
  readonly directory: PhysicalNode;
  readonly entry: TreeFile;
  readonly node: PhysicalNode;
}

/** As many as Linux follows. */
const LINK_LIMIT = 40;
const NANOSECONDS = 1_000_000_000n;

/** Invariant: everything remembered is of the file state's epoch. */
export class InputTrees {
  readonly #files: FileState;
  #epoch = -1;
  #builds = 0;
  readonly #places = new Map<string, Place>();
  readonly #known = new Map<string, KnownFile>();
  /** Directories by physical path. */
  readonly #directories = new Map<string, PhysicalNode>();
  readonly #links = new Map<string, LinkNode>();

  constructor(files: FileState) {
    this.#files = files;
  }

  /** Each file once, though several paths may lead to it. `path/name` of an entry is where its bytes can be read. */
  build({files, directories}: InputTreeRequest): Result<Tree, InputTreeFailure> {
    this.#refresh();
    const draft: Draft = {build: ++this.#builds, directories: [], links: []};
    for (const path of directories) {
      const place = this.#place(path);
      if (isFailure(place) || this.#files.stat(path)?.kind !== 'directory') continue;
      addPlace(draft, place);
      addDirectory(draft, place.node);
    }
    for (const path of files) {
      const known = this.#known.get(path) ?? this.#file(path);
      if (isFailure(known)) return err(known);
      const {place, node, directory, entry} = known;
      if (place.build !== draft.build) addPlace(draft, place);
      if (node.build === draft.build) continue;
      node.build = draft.build;
      if (directory.build !== draft.build) addDirectory(draft, directory);
      directory.files.push(entry);
    }
    return ok({directories: draft.directories.map(({path, files}) => ({path, files})), links: draft.links});
  }

  #refresh(): void {
    if (this.#epoch === this.#files.epoch) return;
    this.#epoch = this.#files.epoch;
    this.#places.clear();
    this.#known.clear();
    this.#links.clear();
  }

  #file(path: string): KnownFile | InputTreeFailure {
    const place = this.#place(path);
    if (isFailure(place)) return place;
    const content = this.#files.content(path);
    const facts = this.#files.stat(path);
    if (content === undefined || facts === undefined)
      return {reason: facts === undefined ? 'input-vanished' : 'input-not-a-file', path};
    const {node} = place;
    const slash = node.path.lastIndexOf('/');
    const entry: TreeFile = [
      node.path.slice(slash + 1),
      content.digest,
      // Rounds down before 1970 too, as the kernel counts.
      Number((facts.mtimeNs - (((facts.mtimeNs % NANOSECONDS) + NANOSECONDS) % NANOSECONDS)) / NANOSECONDS),
      (facts.mode & 0o111) === 0 ? 0 : 1,
    ];
    const known = {place, node, entry, directory: this.#node(slash === 0 ? '/' : node.path.slice(0, slash))};
    this.#known.set(path, known);
    return known;
  }

  #place(path: string): Place {
    return this.#resolve(path, path, {left: LINK_LIMIT});
  }

  /** Resolves an absolute path; `asked` is the one to blame. */
  #resolve(path: string, asked: string, budget: {left: number}): Place {
    const known = this.#places.get(path);
    if (known !== undefined) return isFailure(known) ? {...known, path: asked} : known;
    const slash = path.lastIndexOf('/');
    if (slash < 0 || path === '/') return {node: this.#node('/'), links: [], passed: [], build: 0};
    const parent = this.#resolve(slash === 0 ? '/' : path.slice(0, slash), asked, budget);
    const place = isFailure(parent) ? parent : this.#step(parent, path.slice(slash + 1), asked, budget);
    // A loop's end depends on where it was entered, so that one is not for others to find.
    if (!isFailure(place) || place.reason !== 'symlink-loop') this.#places.set(path, place);
    return place;
  }

  /** One component further. */
  #step(from: Resolved, part: string, asked: string, budget: {left: number}): Place {
    if (part === '' || part === '.') return from;
    const here = from.node.path;
    if (part === '..') {
      const above = here.slice(0, Math.max(1, here.lastIndexOf('/')));
      return {node: this.#node(above), links: from.links, passed: [...from.passed, from.node], build: 0};
    }
    const path = here === '/' ? `/${part}` : `${here}/${part}`;
    const facts = this.#files.lstat(path);
    if (facts === undefined) return {reason: 'input-vanished', path: asked};
    if (facts.kind !== 'link') return {...from, node: this.#node(path), build: 0};
    const target = this.#files.linkTarget(path);
    if (target === undefined) return {reason: 'input-vanished', path: asked};
    if (budget.left-- <= 0) return {reason: 'symlink-loop', path: asked};
    const link = this.#link(path, target);
    const start: Resolved = {...from, links: [...from.links, link], build: 0};
    if (target.startsWith('/')) {
      const end = this.#resolve(target, asked, budget);
      if (isFailure(end)) return end;
      return {
        node: end.node,
        links: [...start.links, ...end.links],
        passed: [...start.passed, ...end.passed],
        build: 0,
      };
    }
    let place: Place = start;
    for (const component of target.split('/')) {
      place = this.#step(place, component, asked, budget);
      if (isFailure(place)) return place;
    }
    return place;
  }

  #node(path: string): PhysicalNode {
    let node = this.#directories.get(path);
    if (node === undefined) {
      node = {path, build: 0, files: []};
      this.#directories.set(path, node);
    }
    return node;
  }

  #link(path: string, target: string): LinkNode {
    let node = this.#links.get(path);
    if (node === undefined) {
      node = {link: [path, target], build: 0};
      this.#links.set(path, node);
    }
    return node;
  }
}

interface Draft {
  readonly build: number;
  readonly directories: PhysicalNode[];
  readonly links: TreeLink[];
}

function addPlace(draft: Draft, place: Resolved): void {
  if (place.build === draft.build) return;
  place.build = draft.build;
  for (const node of place.links) {
    if (node.build === draft.build) continue;
    node.build = draft.build;
    draft.links.push(node.link);
  }
  for (const node of place.passed) addDirectory(draft, node);
}

function addDirectory(draft: Draft, node: PhysicalNode): void {
  if (node.build === draft.build) return;
  node.build = draft.build;
  node.files = [];
  draft.directories.push(node);
}

function isFailure(value: Place | KnownFile): value is InputTreeFailure {
  return 'reason' in value;
}
