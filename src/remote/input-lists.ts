/**
 * Names a compile's inputs in few bytes. Files that one compile needs are mostly those of the others, so they go into
 * lists that the store has once, and a compile says which of their positions it means. Each list that is made takes up
 * what has come up since the last; when there are many, all are made into one.
 */
import {type Digest, digestOf} from '../protocol/digest.ts';
import {encodePositions, type FileList} from '../protocol/file-list.ts';
import {pathIn, type TreeDirectory, type TreeFile} from '../protocol/tree.ts';
import type {Input, Inputs} from '../toolchain/input-finder.ts';
import type {SavedList} from './saved-lists.ts';

/** How lists are cut. */
export interface ListPolicy {
  /** So many files that no list has yet make one. Until then they are named in each request. */
  readonly size: number;
  /** Of more lists than this all are made into one. */
  readonly most: number;
  /** Whether a file is of the system: such files get lists of their own, which other projects can share. */
  readonly isSystem: (path: string) => boolean;
}

/** To name a file costs a tenth of a KB in each request. */
export const LISTS_OF_NAMES: ListPolicy = {size: 64, most: 8, isSystem: () => false};

export interface SentList {
  readonly digest: Digest;
  readonly bytes: Buffer;
  /** Of its first file in the numbering of all lists; a multiple of eight. */
  readonly start: number;
  readonly count: number;
  readonly isSystem: boolean;
}

/** What a compile's inputs are called. */
export interface Reference {
  /** The lists that it needs, and which of their files. */
  readonly lists: readonly (readonly [SentList, wanted: string])[];
  /** What is in no list. */
  readonly rest: readonly Input[];
}

/** Looks at numbers of files alone where it can: a build of some thousand compiles has millions of inputs to name. */
export class InputLists {
  readonly #policy: ListPolicy;
  #lists: SentList[] = [];
  /** By its number, the look at each file that has a position, and that. */
  #listed: (Input | undefined)[] = [];
  #positions: number[] = [];
  /** Files that are in no list yet. */
  #news = new Map<number, Input>();
  /** What lists of an earlier build name, by physical path. */
  #earlier = new Map<string, {readonly file: TreeFile; readonly position: number}>();
  /** Of all lists. */
  #count = 0;

  constructor(policy: ListPolicy) {
    this.#policy = policy;
  }

  /** Lists that were made in this build or an earlier one, and are in use. */
  get lists(): readonly SentList[] {
    return this.#lists;
  }

  /** Takes up lists of an earlier build. Prereq: nothing was referred to yet. */
  restore(saved: readonly SavedList[]): void {
    for (const {bytes, isSystem} of saved) {
      const {directories} = JSON.parse(bytes.toString()) as FileList;
      const start = this.#count;
      let position = start;
      for (const {path, files} of directories)
        for (const file of files) this.#earlier.set(pathIn(path, file[0]), {file, position: position++});
      this.#count = (position + 7) & ~7;
      this.#lists.push({digest: digestOf(bytes), bytes, start, count: position - start, isSystem});
    }
  }

  /** A list cannot be had any more: what it names gets into another one. */
  drop({digest, start, count}: SentList): void {
    this.#lists = this.#lists.filter(list => list.digest !== digest);
    const isIn = (position: number) => position >= start && position < start + count;
    for (const [path, {position}] of this.#earlier) if (isIn(position)) this.#earlier.delete(path);
    this.#listed = this.#listed.map((input, id) => (isIn(this.#positions[id]!) ? undefined : input));
  }

  /**
   * Takes note of files that compiles are about to name; answers whether the next {@link refer} makes a list of them.
   * `lone`: the number of the one file that other compiles are not likely to need.
   */
  note({numbers, files}: Pick<Inputs, 'numbers' | 'files'>, lone: number | undefined): boolean {
    for (let i = 0; i < numbers.length; i++) {
      const id = numbers[i]!;
      const input = files[i]!;
      if (this.#listed[id] === input || this.#news.get(id) === input || id === lone) continue;
      if (!this.#takeEarlier(input)) this.#news.set(id, input);
    }
    return this.#news.size >= this.#policy.size;
  }

  /** `lone` as in {@link note}. */
  refer(inputs: Pick<Inputs, 'numbers' | 'files'>, lone: number | undefined): Reference {
    const {numbers, files} = inputs;
    if (this.note(inputs, lone)) this.#makeList();
    const wanted = new Uint8Array(this.#count >>> 3);
    const rest: Input[] = [];
    for (let i = 0; i < numbers.length; i++) {
      const id = numbers[i]!;
      const position = this.#positions[id]!;
      if (this.#listed[id] === files[i]) wanted[position >>> 3]! |= 1 << (position & 7);
      else rest.push(files[i]!);
    }
    const lists: [SentList, string][] = [];
    for (const list of this.#lists) {
      const bits = wanted.subarray(list.start >>> 3, (list.start + list.count + 7) >>> 3);
      if (bits.some(byte => byte !== 0)) lists.push([list, encodePositions(bits)]);
    }
    return {lists, rest};
  }

  /** Whether a list of an earlier build has the file as it is. */
  #takeEarlier(input: Input): boolean {
    if (this.#earlier.size === 0) return false;
    const found = this.#earlier.get(pathIn(input.directory, input.file[0]));
    if (!found || found.file.some((value, at) => value !== input.file[at])) return false;
    this.#listed[input.id] = input;
    this.#positions[input.id] = found.position;
    return true;
  }

  #makeList(): void {
    const news = this.#news;
    this.#news = new Map();
    if (this.#lists.length < this.#policy.most) {
      this.#addLists([...news.values()]);
      return;
    }
    const all = this.#listed.filter(file => file !== undefined && !news.has(file.id)) as Input[];
    this.#lists = [];
    this.#listed = [];
    this.#positions = [];
    this.#count = 0;
    this.#earlier.clear();
    this.#addLists([...all, ...news.values()]);
  }

  #addLists(files: readonly Input[]): void {
    const system = files.filter(({path}) => this.#policy.isSystem(path));
    const own = files.filter(({path}) => !this.#policy.isSystem(path));
    if (system.length > 0) this.#lists.push(this.#number(system, true));
    if (own.length > 0) this.#lists.push(this.#number(own, false));
  }

  #number(files: readonly Input[], isSystem: boolean): SentList {
    const byDirectory = new Map<string, Input[]>();
    for (const input of files) {
      const others = byDirectory.get(input.directory);
      if (others) others.push(input);
      else byDirectory.set(input.directory, [input]);
    }
    const start = this.#count;
    let position = start;
    const directories: TreeDirectory[] = [];
    for (const [path, inputs] of byDirectory) {
      const entries: TreeFile[] = [];
      for (const input of inputs) {
        this.#listed[input.id] = input;
        this.#positions[input.id] = position++;
        entries.push(input.file);
      }
      directories.push({path, files: entries});
    }
    this.#count = (position + 7) & ~7;
    const list: FileList = {directories};
    const bytes = Buffer.from(JSON.stringify(list));
    return {digest: digestOf(bytes), bytes, start, count: position - start, isSystem};
  }
}
