/** The cloud on this machine: a store on disk and worker processes. Needs no account and shares the worker with AWS. */
import {accessSync, constants, existsSync, mkdirSync, statSync} from 'node:fs';
import {dirname} from 'node:path';
import {FailureError} from '../../failure.ts';
import type {Processes} from '../../process.ts';
import type {Cloud} from '../cloud.ts';
import {noCounts} from '../counts.ts';
import {DiskResults} from './disk-results.ts';
import {DiskStore} from './disk-store.ts';
import {evict} from './evict.ts';
import {WorkerPool} from './worker-pool.ts';

export interface EmbeddedOptions {
  readonly storeDir: string;
  readonly width: number;
  readonly workerProgram: string;
  readonly processes: Processes;
  /** Bytes that blobs and results may take. */
  readonly limit: number;
}

export interface EmbeddedCloud extends Cloud {
  readonly invoker: WorkerPool;
}

/** Node's own recursive mkdir never ends below /proc. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      if (statSync(path, {throwIfNoEntry: false})?.isDirectory()) return;
      throw new Error('it is no folder');
    }
    if (code !== 'ENOENT' || dirname(path) === path || existsSync(dirname(path))) throw error;
    makeDirectory(dirname(path));
    mkdirSync(path);
  }
}

/** Makes the store's folder where there is none. @throws FailureError where it cannot be used */
export function prepareStore(storeDir: string): void {
  try {
    makeDirectory(storeDir);
    accessSync(storeDir, constants.W_OK);
  } catch (error) {
    throw new FailureError({
      reason: 'store-unusable',
      directory: storeDir,
      text: (error as Error).message,
    });
  }
}

/** @throws FailureError where the store's folder cannot be used */
export function openEmbeddedCloud(options: EmbeddedOptions): EmbeddedCloud {
  const {storeDir, width, workerProgram, processes, limit} = options;
  prepareStore(storeDir);
  const counts = noCounts();
  const invoker = new WorkerPool({width, storeDir, program: workerProgram, processes, counts});
  return {
    store: new DiskStore(storeDir, counts),
    results: new DiskResults(storeDir, counts),
    invoker,
    counts,
    isAway: false,
    // So that none of the workers waits for the client, and that it wakes up for ten compiles and not for each.
    preparedAhead: 12,
    preparedAtOnce: 10,
    cost: () => 0,
    expectedCost: () => 0,
    description: `embedded cloud, ${width} worker${width === 1 ? '' : 's'}`,
    async close() {
      await invoker.close();
      evict(storeDir, {limit, added: counts.bytesUp + invoker.stored});
    },
  };
}
