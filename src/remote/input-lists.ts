/**
 * Names a compile's inputs in few bytes. Files that one compile needs are mostly those of the others, so they go into
 * lists that the store has once, and a compile says which of their positions it means. Each list that is made takes up
 * what has come up since the last; when there are many, all are made into one.
 */
import {type Digest, digestOf} from '../protocol/digest.ts';
import {encodePositions, type FileList} from '../protocol/file-list.ts';
import type {TreeDirectory, TreeFile} from '../protocol/tree.ts';
import type {Input} from '../toolchain/input-tree.ts';

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

export class InputLists {
  #lists: SentList[] = [];
  #listed: Input[] = [];
  /** Files that are in no list yet. */
  #news = new Set<Input>();
  /** The last look at each file: older ones need no place any more. */
  readonly #latest = new Map<number, Input>();
  #positions = 0;
  /** Positions are of one numbering, which ends when all lists are made into one. */
  #numbering = 1;

  /** `isShared`: whether other compiles may need the file too. */
  refer(files: readonly Input[], isShared: (file: Input) => boolean): Reference {
    for (const file of files) {
      if (file.sent.numbering !== this.#numbering && isShared(file)) this.#news.add(file);
    }
    if (this.#news.size >= LIST_SIZE) this.#makeList();
    const wanted = new Uint8Array(this.#positions >>> 3);
    const rest: Input[] = [];
    for (const file of files) {
      const {numbering, position} = file.sent;
      if (numbering === this.#numbering) wanted[position >>> 3]! |= 1 << (position & 7);
      else rest.push(file);
    }
    const lists: [SentList, string][] = [];
    for (const list of this.#lists) {
      const bits = wanted.subarray(list.start >>> 3, (list.start + list.count + 7) >>> 3);
      if (bits.some(byte => byte !== 0)) lists.push([list, encodePositions(bits)]);
    }
    return {lists, rest};
  }

  #makeList(): void {
    for (const file of this.#news) this.#latest.set(file.id, file);
    let files = [...this.#news];
    this.#news = new Set();
    if (this.#lists.length === MOST_LISTS) {
      files = [...this.#listed, ...files].filter(file => this.#latest.get(file.id) === file);
      this.#lists = [];
      this.#listed = [];
      this.#positions = 0;
      this.#numbering++;
    }
    this.#listed.push(...files);
    this.#lists.push(this.#number(files));
  }

  #number(files: readonly Input[]): SentList {
    const byDirectory = new Map<string, Input[]>();
    for (const input of files) {
      const others = byDirectory.get(input.directory);
      if (others) others.push(input);
      else byDirectory.set(input.directory, [input]);
    }
    const start = this.#positions;
    let position = start;
    const directories: TreeDirectory[] = [];
    for (const [path, inputs] of byDirectory) {
      const entries: TreeFile[] = [];
      for (const {file, sent} of inputs) {
        sent.position = position++;
        sent.numbering = this.#numbering;
        entries.push(file);
      }
      directories.push({path, files: entries});
    }
    this.#positions = (position + 7) & ~7;
    const list: FileList = {directories};
    const bytes = Buffer.from(JSON.stringify(list));
    return {digest: digestOf(bytes), bytes, start, count: position - start};
  }
}
