/**
 * Reads the record that the preload library keeps and makes of it what a
 * cache needs to know: which of the user's files and names had a say. It knows nothing of compilers but one rule of
 * gcc's for precompiled headers.
 */
import {randomBytes} from 'node:crypto';
import {closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import type {Observed} from '../src/protocol/invocation.ts';
import {joinNames, type PathGroups, shareNames} from '../src/protocol/path-groups.ts';
import {
  emptyRecordHeader,
  type PathRecord,
  parseRecords,
  RECORD_HEADER,
  recordEnd,
} from '../src/protocol/path-record.ts';

/** Sparse; a compile of LLVM writes about 100 KB. */
const CAPACITY = 64 << 20;

/**
 * A file for one command's record, used again for the next. It has no name on any disk, so that a killed worker leaves
 * none behind, and lies in memory where the system offers that: to write through a journal costs more than a compile's
 * whole layout.
 */
export class TraceFile {
  /** Path by which the command's processes open it while this process lives. */
  readonly path: string;
  readonly #file: number;
  readonly #capacity: number;

  /** `fallback`: a folder for it where there is no /dev/shm. */
  constructor(fallback: string, capacity: number = CAPACITY) {
    this.#file = openNameless(['/dev/shm', fallback]);
    this.path = `/proc/${process.pid}/fd/${this.#file}`;
    this.#capacity = capacity;
    ftruncateSync(this.#file, capacity);
    this.#begin();
  }

  /** What was recorded, and makes the file empty for the next command; undefined if it did not fit. */
  take(): readonly PathRecord[] | undefined {
    const header = Buffer.alloc(RECORD_HEADER);
    readSync(this.#file, header, 0, RECORD_HEADER, 0);
    const end = recordEnd(header);
    if (end > this.#capacity) {
      ftruncateSync(this.#file, 0);
      ftruncateSync(this.#file, this.#capacity);
      this.#begin();
      return undefined;
    }
    const bytes = Buffer.alloc(end - RECORD_HEADER);
    for (let done = 0; done < bytes.length; ) {
      done += readSync(this.#file, bytes, done, bytes.length - done, RECORD_HEADER + done);
    }
    const records = parseRecords(bytes);
    // A program killed in mid-entry leaves a gap, in which nothing of an earlier command may stand.
    bytes.fill(0);
    writeSync(this.#file, bytes, 0, bytes.length, RECORD_HEADER);
    this.#begin();
    return records;
  }

  close(): void {
    closeSync(this.#file);
  }

  #begin(): void {
    writeSync(this.#file, emptyRecordHeader(), 0, RECORD_HEADER, 0);
  }
}

function openNameless(folders: readonly string[]): number {
  let fault: unknown;
  for (const folder of folders) {
    const path = join(folder, `llama-record-${process.pid}-${randomBytes(6).toString('hex')}`);
    try {
      const file = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
      return file;
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}

/** How a trace's paths relate to the tree that the command saw. */
export interface TraceView {
  /** Physical path of a path as a program spelt it; undefined if its directory is not there. */
  physicalOf(path: string): string | undefined;
  isToolchain(physical: string): boolean;
  /** True for a path, as a program spelt it, whose absence is the toolchain's business. */
  isKnownAbsent(path: string): boolean;
}

/** What the user's cache must know, and what the command has changed; all paths as the programs spelt them. */
export interface TraceSummary {
  readonly observed: Observed;
  readonly written: readonly string[];
  readonly removed: readonly string[];
  /** Whether a program ended before one that it had started. */
  readonly leavesPrograms: boolean;
}

/** Must be called before the workspace is cleaned, since it asks where paths lead. */
export function summarise(records: readonly PathRecord[], view: TraceView): TraceSummary {
  const written = new Set<string>();
  const removed = new Set<string>();
  const changed = new ChangedPaths(view);
  const kinds = new Map<string, string>();
  let leavesPrograms = false;
  for (const {kind, path} of records) {
    if (kind === 'L') {
      leavesPrograms = true;
      continue;
    }
    const spelt = path.length > 1 && path.endsWith('/') ? path.replace(/\/+$/, '') : path;
    if (kind === 'W' || kind === 'U') {
      (kind === 'W' ? written : removed).add(spelt);
      changed.add(spelt);
      continue;
    }
    const before = kinds.get(spelt);
    if (before !== undefined && rank(before) >= rank(kind)) continue;
    // What the command made itself is no input; what it read before it wrote is.
    if (changed.has(spelt)) continue;
    kinds.set(spelt, kind);
  }
  const groups = {R: new Groups(), S: new Groups(), A: new Groups(), D: new Groups()};
  for (const [path, kind] of kinds) {
    if (path === '/' || path === '/tmp') continue;
    if (kind === 'A') {
      if (view.isKnownAbsent(path) || changed.has(path)) continue;
      // One name stands for both when a compiler asked for a precompiled header first.
      if (path.endsWith('.gch') && kinds.get(path.slice(0, -4)) === 'A') continue;
      groups.A.add(path);
      continue;
    }
    const physical = view.physicalOf(path);
    if (physical !== undefined && view.isToolchain(physical)) continue;
    groups[kind === 'D' || kind === 'S' ? kind : 'R'].add(path);
  }
  const observed = {
    read: groups.R.list(),
    found: groups.S.list(),
    absent: shareNames(groups.A.list()),
    listed: groups.D.list(),
  };
  return {observed, written: [...written], removed: [...removed], leavesPrograms};
}

/** Places that a command has changed, however it spells them. Few paths share a name with one, so few are resolved. */
class ChangedPaths {
  readonly #view: TraceView;
  readonly #names = new Set<string>();
  readonly #places = new Set<string>();

  constructor(view: TraceView) {
    this.#view = view;
  }

  add(path: string): void {
    this.#names.add(path.slice(path.lastIndexOf('/') + 1));
    this.#places.add(this.#view.physicalOf(path) ?? path);
  }

  has(path: string): boolean {
    if (!this.#names.has(path.slice(path.lastIndexOf('/') + 1))) return false;
    return this.#places.has(this.#view.physicalOf(path) ?? path);
  }
}

/** Of two facts about one path the stronger is kept: to read a file implies that it was there. */
function rank(kind: string): number {
  return 'ASDXR'.indexOf(kind);
}

class Groups {
  readonly #groups = new Map<string, string[]>();

  add(path: string): void {
    const slash = path.lastIndexOf('/');
    const directory = slash === 0 ? '/' : path.slice(0, slash);
    const names = this.#groups.get(directory);
    if (names) names.push(path.slice(slash + 1));
    else this.#groups.set(directory, [path.slice(slash + 1)]);
  }

  list(): PathGroups {
    return Array.from(this.#groups, ([directory, names]) => [directory, joinNames(names)] as const);
  }
}
