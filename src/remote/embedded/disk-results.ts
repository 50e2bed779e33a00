/**
 * Cached results in a folder: `DIR/results/ab/cdef...`, one JSON file for each first key, with the latest results of
 * that key. Written by rename; of two clients that add at once one may lose, which costs a compile.
 */
import {mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Digest} from '../../protocol/digest.ts';
import type {CachedResult, CloudCounts, ResultCache} from '../cloud.ts';

/** Results kept for one key: sources that alternate between a few states of their headers. */
const MOST_RESULTS = 8;
const FORMAT = 1;

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
    const text = JSON.stringify({format: FORMAT, results: [result, ...others].slice(0, MOST_RESULTS)});
    const temporary = join(this.#directory, 'tmp', `${process.pid}-r${this.#temporaries++}`);
    try {
      mkdirSync(join(path, '..'), {recursive: true});
      mkdirSync(join(this.#directory, 'tmp'), {recursive: true});
      writeFileSync(temporary, text);
      renameSync(temporary, path);
      this.#counts.put++;
      this.#counts.bytesUp += text.length;
    } catch {
      // A full or read-only disk: the result is not kept, and nothing depends on it.
      rmSync(temporary, {force: true});
    }
  }

  #read(key: Digest): readonly CachedResult[] {
    try {
      const text = readFileSync(this.#path(key), 'utf8');
      const parsed = JSON.parse(text) as {format: number; results: CachedResult[]};
      this.#counts.bytesDown += text.length;
      return parsed.format === FORMAT ? parsed.results : [];
    } catch {
      return []; // None, or one that a fault of the disk has spoilt.
    }
  }

  #path(key: Digest): string {
    return `${this.#directory}/results/${key.slice(0, 2)}/${key.slice(2)}`;
  }
}
