/** What was learnt of a program, kept on disk until a file that it rests on is another one. Knows nothing of what is kept. */
import {existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {Toolchain} from '../protocol/invocation.ts';
import {descriptionPath} from './pack.ts';
import {isUnchanged, type Snapshot} from './stat-snapshot.ts';

/** Undefined where there is none, or it does not hold any more. */
export function readRecord<T>(file: string): T | undefined {
  try {
    const stored = JSON.parse(readFileSync(file, 'utf8')) as T & {readonly snapshot: Snapshot};
    return isUnchanged(stored.snapshot) ? stored : undefined;
  } catch {
    // Absent or torn, or what it rests on cannot be looked at: it is made again.
    return undefined;
  }
}

export function writeRecord<T extends object>(file: string, snapshot: Snapshot, content: T): void {
  writeAtomically(file, JSON.stringify({snapshot, ...content}));
}

/** Left alone where it is there already: a compiler's twin has the same toolchain, and rests on this file's stat. */
export function keepDescription(toolchain: Toolchain, cacheDir: string): {digest: Digest; path: string} {
  const text = JSON.stringify(toolchain);
  const digest = digestOf(text);
  const path = descriptionPath(cacheDir, digest);
  if (!existsSync(path) || digestOf(readFileSync(path)) !== digest) writeAtomically(path, text);
  return {digest, path};
}

export function writeAtomically(path: string, text: string): void {
  mkdirSync(dirname(path), {recursive: true});
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch (error) {
    // What a full disk took of it is worth nothing.
    rmSync(temporary, {force: true});
    throw error;
  }
}
