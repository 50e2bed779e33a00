/**
 * Paths as a compiler opens them -> the part of the disk that it then walks through: files, directories and symlinks
 * at their physical paths. It does not know which paths a compile needs, and reads no file that the file state has
 * read already.
 */

import type {Result} from '../failure.ts';
import {err, ok} from '../failure.ts';
import type {FileFacts} from '../graph/file-facts.ts';
import type {FileState} from '../graph/file-state.ts';
import {joinTrees} from '../protocol/file-list.ts';
import type {Tree, TreeFile, TreeLink} from '../protocol/tree.ts';
import {IdSet} from './id-set.ts';
import type {InputFile, InputFiles} from './input-files.ts';

/** A file of the user's as it was looked at. Another object stands for it once it has changed. */
export interface Input extends InputFile {
  /** Physical path of the directory that has it. */
  readonly directory: string;
  /** As it stands there. */
  readonly file: TreeFile;
}

/** The part of a tree that has no files. */
export interface Frame {
  /** Physical paths of directories that must exist, whether or not they have files. */
  readonly directories: readonly string[];
  readonly links: readonly TreeLink[];
}

export interface Inputs extends Frame {
  /** Each path that was asked for, as a compiler opens it; several may be one file. In ascending order of numbers. */
  readonly files: readonly Input[];
  /** Their numbers, in the same order and as a set: for whoever need not look at them all. */
  readonly numbers: readonly number[];
  readonly ids: IdSet;
  /** Files changed after the epoch's stamp, or so little before that the clock of the file system may not tell. */
  readonly young: readonly Input[];
}

export interface InputRequest {
  /** Numbers of absolute paths of regular files. */
  readonly files: IdSet;
  /**
   * Absolute paths of directories that must exist: search directories, the working directory, `PWD`. One that is no
   * directory (any more) is left out.
   */
  readonly directories: readonly string[];
  /**
   * When the asking compile's epoch began, in ns, by the file system's clock. One that waited may ask with an earlier
   * stamp than others in the state's epoch: more files are young then than need be.
   */
  readonly stamp: bigint;
}

export interface InputFailure {
  readonly reason: 'input-vanished' | 'input-not-a-file' | 'symlink-loop';
  readonly path: string;
}

/** What resolving a path came to. */
type Place = Resolved | InputFailure;

/** A place reached, and everything that was passed on the way. Memo for one epoch. */
interface Resolved {
  readonly path: string;
  readonly links: readonly TreeLink[];
  /** Directories that must exist although nothing in them may be listed: what `..` led out of. */
  readonly passed: readonly string[];
}

/** As many as Linux follows. */
const LINK_LIMIT = 40;
const NANOSECONDS = 1_000_000_000n;
/** A file's time may be older than the moment of its change by two ticks of kernel clocks. */
const CLOCK_TICKS = 20_000_000n;

/** Invariant: everything remembered is of the file state's epoch. */
export class InputFinder {
  readonly #files: FileState;
  readonly #inputs: InputFiles;
  #epoch = -1;
  readonly #places = new Map<string, Place>();
  /** By their numbers; those of earlier epochs are still there, and not {@link #verified}. */
  readonly #known: (Input | undefined)[] = [];
  readonly #verified = new IdSet();
  /** By their numbers: the directory as the path spells it, the physical path, and the time of the file. */
  readonly #looks: (
    | {readonly parent: string; readonly place: string; readonly mtimeNs: bigint}
    | undefined
  )[] = [];
  /** Paths that lead over symlinks or `..`. */
  readonly #winding = new Map<number, Resolved>();
  readonly #isWinding = new IdSet();
  readonly #isYoung = new IdSet();
  /** By physical path: all spellings of a file are sent as it was when the first was looked at. */
  readonly #byPlace = new Map<string, TreeFile>();

  constructor(files: FileState, inputs: InputFiles) {
    this.#files = files;
    this.#inputs = inputs;
  }

  find({files, directories, stamp}: InputRequest): Result<Inputs, InputFailure> {
    this.#refresh();
    const frame = {directories: new Set<string>(), links: new Map<string, TreeLink>()};
    for (const path of directories) {
      const place = this.#place(path);
      if (isFailure(place) || this.#files.stat(path)?.kind !== 'directory') continue;
      addPlace(frame, place);
      frame.directories.add(place.path);
    }
    for (const id of files.without(this.#verified)) {
      const failure = this.#look(this.#inputs.at(id), stamp);
      if (failure !== undefined) return err(failure);
    }
    for (const id of files.alsoIn(this.#isWinding)) addPlace(frame, this.#winding.get(id) as Resolved);
    const inputOf = (id: number) => this.#known[id] as Input;
    const numbers = files.members();
    return ok({
      files: numbers.map(inputOf),
      numbers,
      ids: files,
      young: files.alsoIn(this.#isYoung).map(inputOf),
      directories: [...frame.directories],
      links: [...frame.links.values()],
    });
  }

  #refresh(): void {
    if (this.#epoch === this.#files.epoch) return;
    this.#epoch = this.#files.epoch;
    this.#places.clear();
    this.#verified.clear();
    this.#winding.clear();
    this.#isWinding.clear();
    this.#isYoung.clear();
    this.#byPlace.clear();
  }

  #look(input: InputFile, stamp: bigint): InputFailure | undefined {
    const {id, path} = input;
    if (!this.#isAsBefore(input)) {
      const failure = this.#lookAnew(input);
      if (failure !== undefined) return failure;
    }
    if ((this.#files.stat(path)?.mtimeNs ?? 0n) >= stamp - CLOCK_TICKS) this.#isYoung.add(id);
    this.#verified.add(id);
    return undefined;
  }

  /** Most files are in each epoch what they were in the one before, and at the same place: no path is walked then. */
  #isAsBefore({id, path}: InputFile): boolean {
    const [before, look] = [this.#known[id], this.#looks[id]];
    if (before === undefined || look === undefined) return false;
    const parent = this.#place(look.parent);
    if (isFailure(parent) || isWinding(parent) || parent.path !== before.directory) return false;
    const facts = this.#files.lstat(path);
    if (facts?.kind !== 'file' || facts.mtimeNs !== look.mtimeNs || modeOf(facts) !== before.file[3])
      return false;
    if (this.#files.digest(path) !== before.file[1]) return false;
    const first = this.#byPlace.get(look.place);
    if (first === undefined) this.#byPlace.set(look.place, before.file);
    return first === undefined || first === before.file;
  }

  #lookAnew(input: InputFile): InputFailure | undefined {
    const {id, path} = input;
    const place = this.#place(path);
    if (isFailure(place)) return place;
    const content = this.#files.content(path);
    const facts = this.#files.stat(path);
    if (content === undefined || facts === undefined)
      return {reason: facts === undefined ? 'input-vanished' : 'input-not-a-file', path};
    const slash = place.path.lastIndexOf('/');
    const directory = slash === 0 ? '/' : place.path.slice(0, slash);
    const {mtimeNs} = facts;
    const file: TreeFile = this.#byPlace.get(place.path) ?? [
      place.path.slice(slash + 1),
      content.digest,
      // Rounds down before 1970 too, as the kernel counts.
      Number((mtimeNs - (((mtimeNs % NANOSECONDS) + NANOSECONDS) % NANOSECONDS)) / NANOSECONDS),
      modeOf(facts),
    ];
    this.#byPlace.set(place.path, file);
    const before = this.#known[id];
    if (before === undefined || !isSame(before, {directory, file}))
      this.#known[id] = {...input, directory, file};
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    this.#looks[id] = {parent, place: place.path, mtimeNs};
    if (isWinding(place)) {
      this.#winding.set(id, place);
      this.#isWinding.add(id);
    }
    return undefined;
  }

  #place(path: string): Place {
    return this.#resolve(path, path, {left: LINK_LIMIT});
  }

  /** Resolves an absolute path; `asked` is the one to blame. */
  #resolve(path: string, asked: string, budget: {left: number}): Place {
    const known = this.#places.get(path);
    if (known !== undefined) return isFailure(known) ? {...known, path: asked} : known;
    const slash = path.lastIndexOf('/');
    if (slash < 0 || path === '/') return {path: '/', links: [], passed: []};
    const parent = this.#resolve(slash === 0 ? '/' : path.slice(0, slash), asked, budget);
    const place = isFailure(parent) ? parent : this.#step(parent, path.slice(slash + 1), asked, budget);
    // A loop's end depends on where it was entered, so that one is not for others to find.
    if (!isFailure(place) || place.reason !== 'symlink-loop') this.#places.set(path, place);
    return place;
  }

  /** One component further. */
  #step(from: Resolved, part: string, asked: string, budget: {left: number}): Place {
    if (part === '' || part === '.') return from;
    const here = from.path;
    if (part === '..') {
      const above = here.slice(0, Math.max(1, here.lastIndexOf('/')));
      return {path: above, links: from.links, passed: [...from.passed, here]};
    }
    const path = here === '/' ? `/${part}` : `${here}/${part}`;
    const facts = this.#files.lstat(path);
    if (facts === undefined) return {reason: 'input-vanished', path: asked};
    if (facts.kind !== 'link') return {...from, path};
    const target = this.#files.linkTarget(path);
    if (target === undefined) return {reason: 'input-vanished', path: asked};
    if (budget.left-- <= 0) return {reason: 'symlink-loop', path: asked};
    const start: Resolved = {...from, links: [...from.links, [path, target]]};
    if (target.startsWith('/')) {
      const end = this.#resolve(target, asked, budget);
      if (isFailure(end)) return end;
      return {
        path: end.path,
        links: [...start.links, ...end.links],
        passed: [...start.passed, ...end.passed],
      };
    }
    let place: Place = start;
    for (const component of target.split('/')) {
      place = this.#step(place, component, asked, budget);
      if (isFailure(place)) return place;
    }
    return place;
  }
}

/** A tree of files that stand in it once each, however many paths lead to them. */
export function treeOf(files: readonly Input[], {directories, links}: Frame): Tree {
  const empty = directories.map(path => ({path, files: []}));
  const filled = files.map(({directory, file}) => ({path: directory, files: [file]}));
  return joinTrees([{directories: [...empty, ...filled], links}]);
}

function addPlace(
  frame: {readonly directories: Set<string>; readonly links: Map<string, TreeLink>},
  {links, passed}: Resolved,
): void {
  for (const link of links) frame.links.set(link[0], link);
  for (const path of passed) frame.directories.add(path);
}

function isSame(before: Input, now: Pick<Input, 'directory' | 'file'>): boolean {
  return before.directory === now.directory && before.file.every((part, i) => part === now.file[i]);
}

function isWinding({links, passed}: Resolved): boolean {
  return links.length > 0 || passed.length > 0;
}

function modeOf({mode}: FileFacts): 0 | 1 {
  return (mode & 0o111) === 0 ? 0 : 1;
}

function isFailure(place: Place): place is InputFailure {
  return 'reason' in place;
}
