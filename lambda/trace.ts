/**
 * Reads the record that the preload library keeps and makes of it what a
 * cache needs to know: which of the user's files and names had a say. It knows nothing of compilers but one rule of
 * gcc's for precompiled headers.
 */
import {closeSync, ftruncateSync, openSync, readSync, writeSync} from 'node:fs';
import type {Observed, PathGroups} from '../src/protocol/invocation.ts';
import {
  emptyRecordHeader,
  type PathRecord,
  parseRecords,
  RECORD_HEADER,
  recordEnd,
} from '../src/protocol/path-record.ts';

/** Sparse; a compile of LLVM writes about 100 KB. */
const CAPACITY = 64 << 20;

/** A file for one command's record, used again for the next. */
export class TraceFile {
  readonly path: string;
  readonly #capacity: number;

  constructor(path: string, capacity: number = CAPACITY) {
    this.path = path;
    this.#capacity = capacity;
  }

  /** Makes the file empty, ready for a command. */
  reset(): void {
    const file = openSync(this.path, 'w');
    try {
      ftruncateSync(file, this.#capacity);
      writeSync(file, emptyRecordHeader(), 0, RECORD_HEADER, 0);
    } finally {
      closeSync(file);
    }
  }

  /** What was recorded since; undefined if it did not fit. */
  read(): readonly PathRecord[] | undefined {
    const file = openSync(this.path, 'r');
    try {
      const header = Buffer.alloc(8);
      readSync(file, header, 0, 8, 0);
      const end = recordEnd(header);
      if (end > this.#capacity) return undefined;
      const bytes = Buffer.allocUnsafe(Math.max(0, end - RECORD_HEADER));
      for (let done = 0; done < bytes.length; ) {
        const got = readSync(file, bytes, done, bytes.length - done, RECORD_HEADER + done);
        if (got === 0) break;
        done += got;
      }
      return parseRecords(bytes);
    } finally {
      closeSync(file);
    }
  }
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
}

/** Must be called before the workspace is cleaned, since it asks where paths lead. */
export function summarise(records: readonly PathRecord[], view: TraceView): TraceSummary {
  const written = new Set<string>();
  const removed = new Set<string>();
  const changed = new Set<string>();
  const kinds = new Map<string, string>();
  for (const {kind, path} of records) {
    const spelt = path.length > 1 && path.endsWith('/') ? path.replace(/\/+$/, '') : path;
    if (kind === 'W' || kind === 'U') {
      (kind === 'W' ? written : removed).add(spelt);
      changed.add(view.physicalOf(spelt) ?? spelt);
      continue;
    }
    const before = kinds.get(spelt);
    if (before !== undefined && rank(before) >= rank(kind)) continue;
    // What the command made itself is no input; what it read before it wrote is.
    if (changed.size > 0 && before === undefined && changed.has(view.physicalOf(spelt) ?? spelt)) continue;
    kinds.set(spelt, kind);
  }
  const groups = {R: new Groups(), S: new Groups(), A: new Groups(), D: new Groups()};
  for (const [path, kind] of kinds) {
    if (path === '/' || path === '/tmp') continue;
    const physical = view.physicalOf(path);
    if (physical !== undefined && view.isToolchain(physical)) continue;
    if (kind === 'A') {
      if (view.isKnownAbsent(path) || changed.has(physical ?? path)) continue;
      // One name stands for both when a compiler asked for a precompiled header first.
      if (path.endsWith('.gch') && kinds.get(path.slice(0, -4)) === 'A') continue;
      groups.A.add(path);
    } else if (kind === 'D' || kind === 'S') groups[kind].add(path);
    else groups.R.add(path);
  }
  const observed = {
    read: groups.R.list(),
    found: groups.S.list(),
    absent: groups.A.list(),
    listed: groups.D.list(),
  };
  return {observed, written: [...written], removed: [...removed]};
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
    return [...this.#groups];
  }
}
