/**
 * Blobs in a folder, for the client of the embedded cloud: `DIR/blobs/ab/cdef...`, the layout that the worker shares.
 * A blob appears by rename and is verified whenever it is read; a wrong one is removed, so that it is put again.
 */
import {mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {type Digest, digestOf} from '../../protocol/digest.ts';
import {type Store, StoreError} from '../cloud.ts';
import type {CloudCounts} from '../counts.ts';

/** A blob that is used is marked as such at most this often, in ms: eviction needs no more. */
const TOUCH_INTERVAL = 3_600_000;

export class DiskStore implements Store {
  /** Such outputs live inside the cached result too. */
  readonly inlineLimit = 32 << 10;
  readonly #directory: string;
  readonly #counts: CloudCounts;
  /** Blobs that this process has seen in the store. A worker that misses one says so. */
  readonly #present = new Set<Digest>();
  #temporaries = 0;

  constructor(directory: string, counts: CloudCounts) {
    this.#directory = directory;
    this.#counts = counts;
  }

  async missing(digests: Iterable<Digest>): Promise<Digest[]> {
    const missing: Digest[] = [];
    for (const digest of digests) {
      if (this.#present.has(digest)) continue;
      this.#counts.head++;
      const path = this.#path(digest);
      if (!this.#isThere(path)) {
        missing.push(digest);
        continue;
      }
      this.#present.add(digest);
    }
    return missing;
  }

  forget(digests: readonly Digest[]): void {
    for (const digest of digests) this.#present.delete(digest);
  }

  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    const path = this.#path(digest);
    const temporary = join(this.#directory, 'tmp', `${process.pid}-${this.#temporaries++}`);
    try {
      try {
        writeFileSync(temporary, bytes);
        renameSync(temporary, path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        mkdirSync(join(this.#directory, 'tmp'), {recursive: true});
        mkdirSync(join(path, '..'), {recursive: true});
        writeFileSync(temporary, bytes);
        renameSync(temporary, path);
      }
    } catch (error) {
      removeIfPossible(temporary);
      throw new StoreError('store-failed', `cannot write to ${this.#directory}: ${faultText(error)}`);
    }
    this.#counts.put++;
    this.#counts.bytesUp += bytes.length;
    this.#present.add(digest);
  }

  async get(digest: Digest): Promise<Buffer> {
    const path = this.#path(digest);
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch (error) {
      this.#present.delete(digest);
      const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (isAbsent) throw new StoreError('blob-missing', `${path} is not there`);
      throw new StoreError('store-failed', `cannot read ${this.#directory}: ${faultText(error)}`);
    }
    if (digestOf(bytes) !== digest) {
      this.#present.delete(digest);
      removeIfPossible(path);
      throw new StoreError('blob-corrupt', `${path} does not hold what its name says`);
    }
    markUsed(path);
    this.#counts.get++;
    this.#counts.bytesDown += bytes.length;
    return bytes;
  }

  #isThere(path: string): boolean {
    try {
      return markUsed(path);
    } catch (error) {
      throw new StoreError('store-failed', `cannot read ${this.#directory}: ${faultText(error)}`);
    }
  }

  #path(digest: Digest): string {
    return `${this.#directory}/blobs/${digest.slice(0, 2)}/${digest.slice(2)}`;
  }
}

/** False where there is no such file; else it counts as used now. @throws the file system's errors */
export function markUsed(path: string): boolean {
  const stat = statSync(path, {throwIfNoEntry: false});
  if (!stat) return false;
  const now = Date.now();
  if (now - stat.mtimeMs > TOUCH_INTERVAL) touch(path, now);
  return true;
}

function touch(path: string, now: number): void {
  try {
    utimesSync(path, now / 1000, now / 1000);
  } catch {
    // Another's file, or evicted meanwhile: its age is then not ours to tell.
  }
}

export function removeIfPossible(path: string): void {
  try {
    rmSync(path, {force: true});
  } catch {
    // Whatever forbids it is the fault that is being reported already.
  }
}

/** Without the path, which differs from blob to blob: one fault is to be told once. */
function faultText(error: unknown): string {
  return (error as Error).message.replace(/, \w+ '.*$/s, '');
}
