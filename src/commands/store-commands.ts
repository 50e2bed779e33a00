/** `llama stats` and `llama clean --cache`. */
import {existsSync, mkdirSync, readdirSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {FailureError} from '../failure.ts';
import type {StoreOptions} from '../options/options.ts';
import {storePlace} from '../options/store-place.ts';
import {storeContent} from '../remote/embedded/evict.ts';
import {slotsInUse} from '../remote/embedded/slot.ts';

export function stats(options: StoreOptions): string {
  const directory = storePlace(options.store, process.env);
  if (!existsSync(directory)) return `store ${directory}: none yet`;
  const {blobs, results, bytes} = storeContent(directory);
  return `store ${directory}\n${blobs} blobs, ${results} results, ${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * Removes only what a store consists of, so that a wrong `--store` costs nobody his files. Builds that use the store
 * meanwhile find it empty and go on: what their workers stand on is left to them.
 */
export function clean(options: StoreOptions): string {
  const directory = storePlace(options.store, process.env);
  if (!existsSync(directory)) return `store ${directory}: nothing to remove`;
  const {bytes} = storeContent(directory);
  const aside = join(directory, `removed-${process.pid}`);
  const used = slotsInUse(directory);
  try {
    mkdirSync(aside, {recursive: true});
    // A folder into which somebody writes cannot be removed where it is.
    for (const name of removable(directory, used))
      moveIfThere(join(directory, name), join(aside, name.replace('/', '-')));
    for (const name of namesIn(directory).filter(isAbandoned)) remove(join(directory, name));
    remove(aside);
  } catch (error) {
    throw new FailureError({reason: 'store-unusable', directory, text: (error as Error).message});
  }
  const kept = used.size === 0 ? '' : '; what a running build stands on is left';
  return `store ${directory}: removed ${(bytes / 1e6).toFixed(1)} MB${kept}`;
}

/** Paths in the store, without what the workers in `used` and their clients rest on. */
function removable(directory: string, used: ReadonlySet<string>): string[] {
  const always = ['blobs', 'results', 'size'];
  if (used.size === 0) return [...always, 'tmp', 'preload', 'toolchains', 'make', 'unpacked', 'workers'];
  const idle = namesIn(join(directory, 'workers')).filter(slot => !used.has(slot));
  return [...always, ...idle.map(slot => `workers/${slot}`)];
}

/** What another `clean` that was killed had put aside. */
function isAbandoned(name: string): boolean {
  const pid = /^removed-(\d+)$/.exec(name)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Again where a writer was on its way into the folder when that was moved; node itself lists a folder but once. */
function remove(path: string): void {
  for (let triesLeft = 10; ; triesLeft--) {
    try {
      rmSync(path, {recursive: true, force: true});
      return;
    } catch (error) {
      if (triesLeft === 0 || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Not there yet.
  }
}
