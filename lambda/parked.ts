/**
 * Files that a workspace holds but no action may see at the moment: moved aside by rename and back again, so that
 * neither way copies a byte. It knows files by an opaque key; the oldest are deleted first when there are too many.
 */
import {mkdirSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';

// What the file system takes for a file besides its bytes.
const BLOCK = 4096;

/** Invariant: every file of the folder is in the map, and the sizes in the map add up to at most the limit. */
export class Parked {
  readonly #directory: string;
  readonly #limit: number;
  readonly #files = new Map<string, {readonly path: string; readonly size: number}>();
  #bytes = 0;
  #count = 0;

  /** `directory` must be absent or empty, on the same file system as what will be parked; `limit` is in bytes. */
  constructor(directory: string, limit: number) {
    this.#directory = directory;
    this.#limit = limit;
    mkdirSync(directory, {recursive: true});
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Moves a file aside; with a key that is parked already, or above the limit, it is deleted instead. */
  park(key: string, file: string, size: number): void {
    // A file system counts blocks, so that a thousand empty files are not nothing.
    const cost = size + BLOCK;
    if (this.#files.has(key) || cost > this.#limit) {
      rmSync(file, {force: true});
      return;
    }
    const path = join(this.#directory, String(this.#count++));
    renameSync(file, path);
    this.#files.set(key, {path, size: cost});
    this.#bytes += cost;
    for (const [oldest, entry] of this.#files) {
      if (this.#bytes <= this.#limit) break;
      rmSync(entry.path, {force: true});
      this.#bytes -= entry.size;
      this.#files.delete(oldest);
    }
  }

  /** Moves the file of that key to `file` and answers its size; undefined if it is not parked. */
  unpark(key: string, file: string): number | undefined {
    const entry = this.#files.get(key);
    if (entry === undefined) return undefined;
    this.#files.delete(key);
    this.#bytes -= entry.size;
    renameSync(entry.path, file);
    return entry.size - BLOCK;
  }
}
