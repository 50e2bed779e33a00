/**
 * The looks at a disk that file state is made of: one system call each, absence as a value, and the rules by which two
 * looks tell whether anything changed between them. Nothing is kept here.
 */

import type {BigIntStats} from 'node:fs';
import {
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import {diskPath, hasOddBytes, textOfPath} from '../protocol/path-text.ts';

export type FileKind = 'file' | 'directory' | 'link' | 'other';

/** One answer of `stat` or `lstat`. */
export interface FileFacts {
  readonly kind: FileKind;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly size: number;
  readonly ino: bigint;
  readonly dev: bigint;
  /** Permission bits only. */
  readonly mode: number;
}

/** The names in a directory; `unreadable` where it may only be passed through. */
export type Listing = ReadonlySet<string> | 'unreadable';

/**
 * File times come from a clock that ticks every 1 to 10 ms, so a second change inside one tick leaves no trace. What
 * was changed this recently when it was looked at is looked at again in the next epoch.
 */
const SETTLED_MS = 20;

export function readInto(file: number, buffer: Buffer, size: number): number {
  let length = 0;
  while (length < size) {
    const count = readSync(file, buffer, length, size - length, null);
    if (count === 0) break;
    length += count;
  }
  return length;
}

/** Not to hang on a FIFO that bears a header's name. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** A name that is not UTF-8 can be looked at, but its file cannot travel: it counts as one that cannot be read. */
export function openForReading(path: string): number | undefined {
  return openedOrNot(path, READ);
}

/** The same for what is no symlink: what `fstat` says of it is then what `lstat` says of the path. */
export function openUnlinked(path: string): number | undefined {
  return openedOrNot(path, READ | constants.O_NOFOLLOW);
}

function openedOrNot(path: string, flags: number): number | undefined {
  if (hasOddBytes(path)) return undefined;
  try {
    return openSync(path, flags);
  } catch {
    return undefined;
  }
}

export function statOrAbsent(path: string): FileFacts | undefined {
  try {
    const stats = statSync(diskPath(path), {bigint: true, throwIfNoEntry: false});
    return stats === undefined ? undefined : factsOf(stats);
  } catch {
    // ELOOP, EACCES, ENAMETOOLONG: no compiler reaches anything by that path either.
    return undefined;
  }
}

export function lstatOrAbsent(path: string): FileFacts | undefined {
  try {
    const stats = lstatSync(diskPath(path), {bigint: true, throwIfNoEntry: false});
    return stats === undefined ? undefined : factsOf(stats);
  } catch {
    return undefined;
  }
}

export function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

export function physicalPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

export function readNames(path: string, before: Listing | undefined): Listing | undefined {
  try {
    const names = namesIn(diskPath(path));
    if (before instanceof Set && before.size === names.length && names.every(name => before.has(name)))
      return before;
    return new Set(names);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'unreadable' : undefined;
  }
}

function namesIn(path: string | Buffer): string[] {
  const names = readdirSync(path, 'utf8');
  // What is not UTF-8 was spoilt.
  return names.some(name => name.includes('\ufffd')) ? readdirSync(path, 'buffer').map(textOfPath) : names;
}

const KINDS: Readonly<Record<number, FileKind>> = {
  [constants.S_IFREG]: 'file',
  [constants.S_IFDIR]: 'directory',
  [constants.S_IFLNK]: 'link',
};

export function factsOf(stats: BigIntStats): FileFacts {
  const mode = Number(stats.mode);
  return {
    kind: KINDS[mode & constants.S_IFMT] ?? 'other',
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    size: Number(stats.size),
    ino: stats.ino,
    dev: stats.dev,
    mode: mode & 0o7777,
  };
}

export function sameFacts(a: FileFacts | undefined, b: FileFacts): boolean {
  return (
    a !== undefined &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.size === b.size &&
    a.ino === b.ino &&
    a.dev === b.dev
  );
}

/** Without the device: its number may change with a reboot. */
export function identityOf(facts: FileFacts): string {
  return `${facts.mtimeNs}.${facts.ctimeNs}.${facts.size}.${facts.ino}`;
}

export function isSettled(facts: FileFacts, lookedAt: number): boolean {
  const {mtimeNs, ctimeNs} = facts;
  return lookedAt - Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n) > SETTLED_MS;
}
