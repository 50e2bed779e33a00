/**
 * Names a compile's inputs in few bytes. Files that one compile needs are mostly those of the others, so they go into
 * lists that the store has once, and a compile says which of their positions it means. Each list that is made takes up
 * what has come up since the last; when there are many, all are made into one.
 */
import {type Digest, digestOf} from '../protocol/digest.ts';
import {encodePositions, type FileList} from '../protocol/file-list.ts';
import type {TreeDirectory, TreeFile} from '../protocol/tree.ts';
import type {Input, Inputs} from '../toolchain/input-finder.ts';

/** So many files that no list has yet make one. Until then they are named in each request, at a tenth of a KB each. */
const LIST_SIZE = 64;
const MOST_LISTS = 8;

export interface SentList {
  readonly digest: Digest;
  readonly bytes: Buffer;
  /** Of its first file in the numbering of all lists; a multiple of eight. */
  readonly start: number;
  readonly count: number;
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
  #lists: SentList[] = [];
  /** By its number, the look at each file that has a position, and that. */
  #listed: (Input | undefined)[] = [];
  #positions: number[] = [];
  /** Files that are in no list yet. */
  #news = new Map<number, Input>();
  /** Of all lists. */
  #count = 0;

  /** `lone`: the number of the one file that other compiles are not likely to need. */
  refer({numbers, files}: Pick<Inputs, 'numbers' | 'files'>, lone: number | undefined): Reference {
    for (let i = 0; i < numbers.length; i++) {
      const id = numbers[i]!;
      if (this.#listed[id] !== files[i] && id !== lone) this.#news.set(id, files[i]!);
    }
    if (this.#news.size >= LIST_SIZE) this.#makeList();
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

  #makeList(): void {
    const news = this.#news;
    this.#news = new Map();
    if (this.#lists.length < MOST_LISTS) {
      this.#lists.push(this.#number([...news.values()]));
      return;
    }
    const all = this.#listed.filter(file => file !== undefined && !news.has(file.id)) as Input[];
    this.#lists = [];
    this.#listed = [];
    this.#positions = [];
    this.#count = 0;
    this.#lists.push(this.#number([...all, ...news.values()]));
  }

  #number(files: readonly Input[]): SentList {
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
    return {digest: digestOf(bytes), bytes, start, count: position - start};
  }
}
