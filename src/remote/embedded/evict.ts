/**
 * Keeps the embedded store within its bounds: beyond the limit the blobs and results that were used longest ago go. To
 * count a large store takes time, so that a running estimate decides when it is counted.
 */
import {existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

/** After an eviction the store holds at most this share of its limit, so that the next one is not due at once. */
const KEPT = 0.8;

export interface StoreContent {
  readonly blobs: number;
  readonly results: number;
  readonly bytes: number;
}

/** A temporary file as old as this, in ms, was left by somebody who was killed. */
const ABANDONED = 3_600_000;
/**
 * The same where no process has the number in its name. Such a file lives for milliseconds, but its writer may have his
 * numbers from another namespace.
 */
const ORPHANED = 2000;

/** `added`: bytes that this client has put in since the last call. Errors of the file system are left for next time. */
export function evict(storeDir: string, {limit, added}: {limit: number; added: number}): void {
  const estimateFile = join(storeDir, 'size');
  try {
    removeAbandoned(join(storeDir, 'tmp'));
    const estimate = readEstimate(estimateFile) + added;
    if (estimate <= limit) {
      writeFileSync(estimateFile, String(estimate));
      return;
    }
    writeFileSync(estimateFile, String(evictNow(storeDir, limit)));
  } catch {
    // The store is for speed alone; whoever writes to it next meets the fault and names it.
  }
}

export function storeContent(storeDir: string): StoreContent {
  let bytes = 0;
  const count = (kind: 'blobs' | 'results'): number => {
    let files = 0;
    for (const file of filesBelow(join(storeDir, kind))) {
      files++;
      bytes += file.size;
    }
    return files;
  };
  const blobs = count('blobs');
  const results = count('results');
  return {blobs, results, bytes};
}

function readEstimate(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0; // A new store.
  }
}

/** Answers the bytes that are left. */
function evictNow(storeDir: string, limit: number): number {
  const files = ['blobs', 'results'].flatMap(kind => [...filesBelow(join(storeDir, kind))]);
  let total = files.reduce((sum, file) => sum + file.size, 0);
  if (total <= limit) return total;
  files.sort((a, b) => a.used - b.used);
  for (const file of files) {
    if (total <= limit * KEPT) break;
    rmSync(file.path, {force: true});
    total -= file.size;
  }
  return total;
}

function removeAbandoned(folder: string): void {
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    const stat = statSync(path, {throwIfNoEntry: false});
    const life = isAlive(Number.parseInt(name, 10)) ? ABANDONED : ORPHANED;
    if (stat && Date.now() - stat.mtimeMs > life) rmSync(path, {force: true});
  }
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

function* filesBelow(folder: string): Generator<{path: string; size: number; used: number}> {
  for (const prefix of namesIn(folder)) {
    for (const name of namesIn(join(folder, prefix))) {
      const path = join(folder, prefix, name);
      const stat = statSync(path, {throwIfNoEntry: false});
      if (stat?.isFile()) yield {path, size: stat.size, used: stat.mtimeMs};
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Not there yet, or removed meanwhile.
  }
}
