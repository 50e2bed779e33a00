/** `llama stats` and `llama clean --cache`. */
import {existsSync, rmSync} from 'node:fs';
import {FailureError} from './failure.ts';
import type {StoreOptions} from './options.ts';
import {storeContent} from './remote/embedded/evict.ts';
import {storePlace} from './store-place.ts';

export function stats(options: StoreOptions): string {
  const directory = storePlace(options.store, process.env);
  if (!existsSync(directory)) return `store ${directory}: none yet`;
  const {blobs, results, bytes} = storeContent(directory);
  return `store ${directory}\n${blobs} blobs, ${results} results, ${(bytes / 1e6).toFixed(1)} MB`;
}

/** Removes only what a store consists of, so that a wrong `--store` costs nobody his files. */
export function clean(options: StoreOptions): string {
  const directory = storePlace(options.store, process.env);
  if (!existsSync(directory)) return `store ${directory}: nothing to remove`;
  const {bytes} = storeContent(directory);
  try {
    for (const name of ['blobs', 'results', 'tmp', 'toolchains', 'unpacked', 'workers', 'size']) {
      rmSync(`${directory}/${name}`, {recursive: true, force: true});
    }
  } catch (error) {
    throw new FailureError({reason: 'store-unusable', directory, text: (error as Error).message});
  }
  return `store ${directory}: removed ${(bytes / 1e6).toFixed(1)} MB`;
}
