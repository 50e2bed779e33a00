/**
 * Digests and notes of files, kept between processes. Layout: one JSON document
 * `[format, version, [path, identity, digest, note, path, ...]]`; `identity` is opaque here, a note may be null.
 * Written whole by rename, so a reader sees the old one or the new one.
 */
import {mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import type {Digest} from '../protocol/digest.ts';

export interface RememberedFile {
  readonly identity: string;
  readonly digest: Digest;
  readonly note: string | undefined;
}

const FORMAT = 'llama-files-1';
/** Beyond this many, what this process did not use is forgotten first. */
const LIMIT = 200_000;

/** Empty where the file is absent, unreadable, torn, or of another format or version. */
export function loadMemory(file: string, version: string): Map<string, RememberedFile> {
  const memory = new Map<string, RememberedFile>();
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return memory;
  }
  if (!Array.isArray(parsed) || parsed[0] !== FORMAT || parsed[1] !== version || !Array.isArray(parsed[2]))
    return memory;
  const fields: readonly unknown[] = parsed[2];
  for (let i = 0; i + 3 < fields.length; i += 4) {
    const [path, identity, digest, note] = [fields[i], fields[i + 1], fields[i + 2], fields[i + 3]];
    if (typeof path !== 'string' || typeof identity !== 'string' || typeof digest !== 'string') continue;
    memory.set(path, {identity, digest: digest as Digest, note: typeof note === 'string' ? note : undefined});
  }
  return memory;
}

/** Throws what the file system throws; the caller decides whether a lost memory matters. */
export function saveMemory(file: string, version: string, memory: ReadonlyMap<string, RememberedFile>): void {
  const fields: (string | null)[] = [];
  let surplus = memory.size - LIMIT;
  for (const [path, {identity, digest, note}] of memory) {
    if (surplus-- > 0) continue;
    fields.push(path, identity, digest, note ?? null);
  }
  mkdirSync(dirname(file), {recursive: true});
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, JSON.stringify([FORMAT, version, fields]));
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, {force: true});
    throw error;
  }
}
