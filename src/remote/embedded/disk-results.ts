/**
 * Cached results in a folder: `DIR/results/ab/cdef...`, one file for each first key, with the latest results of that
 * key in parts (`protocol/parts.ts`) behind a line with their digest: a spoilt one could name wrong outputs, so it counts
 * for none.
 * Written by rename; of two clients that add at once one may lose, which costs a compile.
 */
import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {type Digest, digestOf} from '../../protocol/digest.ts';
import {decodeParts, encodeParts, putContents, takeContents} from '../../protocol/parts.ts';
import type {CachedResult, ResultCache} from '../cloud.ts';
import type {CloudCounts} from '../counts.ts';
import {markUsed, removeIfPossible} from './disk-store.ts';

/** Results kept for one key: sources that alternate between a few states of their headers. */
const MOST_RESULTS = 8;
const FORMAT = 6;
/** The digest, and the end of its line. */
const HEAD_SIZE = 65;

export class DiskResults implements ResultCache {
  readonly #directory: string;
  readonly #counts: CloudCounts;
  #temporaries = 0;

  constructor(directory: string, counts: CloudCounts) {
    this.#directory = directory;
    this.#counts = counts;
  }

  async lookup(key: Digest): Promise<readonly CachedResult[]> {
    this.#counts.get++;
    return this.#read(key);
  }

  async add(key: Digest, result: CachedResult): Promise<void> {
    const path = this.#path(key);
    const earlier = this.#read(key);
    const inputs = earlier.length === 0 ? '' : JSON.stringify(result.inputs);
    const others = earlier.filter(other => JSON.stringify(other.inputs) !== inputs);
    const contents: Uint8Array[] = [];
    const results = [result, ...others].slice(0, MOST_RESULTS).map(kept => takeContents(kept, contents));
    const parts = encodeParts({format: FORMAT, results}, contents);
    const bytes = Buffer.concat([Buffer.from(`${digestOf(parts)}\n`), parts]);
    const temporary = join(this.#directory, 'tmp', `${process.pid}-r${this.#temporaries++}`);
    try {
      try {
        writeFileSync(temporary, bytes);
        renameSync(temporary, path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        mkdirSync(join(path, '..'), {recursive: true});
        mkdirSync(join(this.#directory, 'tmp'), {recursive: true});
        writeFileSync(temporary, bytes);
        renameSync(temporary, path);
      }
      this.#counts.put++;
      this.#counts.bytesUp += bytes.length;
    } catch {
      // A full or read-only disk: the result is not kept, and nothing depends on it.
      removeIfPossible(temporary);
    }
  }

  async remove(key: Digest): Promise<void> {
    removeIfPossible(this.#path(key));
  }

  #read(key: Digest): readonly CachedResult[] {
    try {
      const path = this.#path(key);
      const bytes = readFileSync(path);
      this.#counts.bytesDown += bytes.length;
      const parts = bytes.subarray(HEAD_SIZE);
      if (bytes.toString('latin1', 0, HEAD_SIZE) !== `${digestOf(parts)}\n`) return [];
      const {value, contents} = decodeParts(parts);
      const {format, results} = value as {format: number; results: CachedResult[]};
      markUsed(path);
      return format === FORMAT ? results.map(result => putContents(result, contents)) : [];
    } catch {
      return []; // None, or one that a fault of the disk has spoilt.
    }
  }

  #path(key: Digest): string {
    return `${this.#directory}/results/${key.slice(0, 2)}/${key.slice(2)}`;
  }
}
