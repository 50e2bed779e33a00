/**
 * What has been built and is not yet in ninja's logs, one JSON object a line, appended as each edge ends. The logs get
 * it when the build ends; after a crash the next build takes it over from here. An entry counts only while its outputs
 * and its command are the ones it tells of.
 */
import {closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync} from 'node:fs';
import {appendWhole} from './append.ts';

/** `P`: what stands for a path, its canonical text for one. */
export interface JournalEntry<P> {
  /** Each with what its file was when it was put in place. */
  readonly outputs: readonly JournalOutput<P>[];
  readonly hash: readonly [number, number];
  readonly mtime: bigint;
  readonly start: number;
  readonly end: number;
  /** Absent for an edge that has nothing in the deps log. */
  readonly deps?: ArrayLike<P>;
}

export interface JournalOutput<P> {
  readonly file: P;
  /** Nanoseconds; 0 for an output that the command did not make, in which case size and inode are 0 too. */
  readonly mtime: bigint;
  readonly size: number;
  readonly inode: number;
}

interface Line {
  /** Paths that later numbers refer to, continuing the count. */
  p: string[];
  o: [path: number, mtime: string, size: number, inode: number][];
  h: [number, number];
  m: string;
  t: [number, number];
  d?: number[];
}

export class Journal<P> {
  readonly #fd: number;
  readonly #textOf: (path: P) => string;
  readonly #ids = new Map<P, number>();
  #size = 0;

  /** Opens a journal for appending. Prereq: what it held was taken over or is not wanted. */
  constructor(file: string, textOf: (path: P) => string) {
    this.#textOf = textOf;
    this.#fd = openSync(file, 'a');
    if (fstatSync(this.#fd).size > 0) ftruncateSync(this.#fd, 0);
  }

  /** Leaves the journal as it was where that fails. @throws the file system's error */
  append(entry: JournalEntry<P>): void {
    const added: P[] = [];
    const idOf = (path: P): number => {
      let id = this.#ids.get(path);
      if (id === undefined) {
        id = this.#ids.size;
        this.#ids.set(path, id);
        added.push(path);
      }
      return id;
    };
    const line: Line = {
      p: [],
      o: entry.outputs.map(output => [idOf(output.file), String(output.mtime), output.size, output.inode]),
      h: [...entry.hash],
      m: String(entry.mtime),
      t: [entry.start, entry.end],
      ...(entry.deps ? {d: Array.from(entry.deps, idOf)} : {}),
    };
    line.p = added.map(this.#textOf);
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      appendWhole(this.#fd, this.#size, bytes);
    } catch (error) {
      // Its paths are not in the file, so that no later line may refer to them.
      for (const path of added) this.#ids.delete(path);
      throw error;
    }
    this.#size += bytes.length;
  }

  /** Forgets everything: it is in the logs now. */
  clear(): void {
    ftruncateSync(this.#fd, 0);
    this.#ids.clear();
    this.#size = 0;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The entries of a journal that a crash may have cut off at any byte; none without a file. */
export function readJournal(file: string): JournalEntry<string>[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const paths: string[] = [];
  const entries: JournalEntry<string>[] = [];
  for (const text_ of text.split('\n').slice(0, -1)) {
    try {
      entries.push(readLine(JSON.parse(text_), paths));
    } catch {
      break; // Not what was written; and later lines may refer to paths of this one.
    }
  }
  return entries;
}

function readLine(line: Line, paths: string[]): JournalEntry<string> {
  paths.push(...line.p);
  const pathOf = (id: number): string => {
    const path = paths[id];
    if (path === undefined) throw new RangeError(`no path ${id}`);
    return path;
  };
  return {
    outputs: line.o.map(([path, mtime, size, inode]) => ({
      file: pathOf(path),
      mtime: BigInt(mtime),
      size,
      inode,
    })),
    hash: [line.h[0], line.h[1]],
    mtime: BigInt(line.m),
    start: line.t[0],
    end: line.t[1],
    ...(line.d ? {deps: line.d.map(pathOf)} : {}),
  };
}

/** What a file is now, for a journal entry. `place`: where it is on disk. */
export function describeOutput<P>(file: P, place: string): JournalOutput<P> {
  const stat = statSync(place, {bigint: true, throwIfNoEntry: false});
  if (!stat) return {file, mtime: 0n, size: 0, inode: 0};
  return {file, mtime: stat.mtimeNs, size: Number(stat.size), inode: Number(stat.ino)};
}
