/**
 * `.ninja_log`, read and appended to.
 *
 *     # ninja log v5|v6|v7
 *     START \t END \t MTIME \t OUTPUT \t HASH
 *
 * START and END in ms since that ninja began, MTIME in ns, HASH in hexadecimal without padding, of the command (and
 * response file) by MurmurHash64A up to version 6 and by rapidhash in 7. One line for each output; the last one holds.
 * A ninja that finds another version than its own deletes the file, so that a header is written only for a version
 * that the user's ninja is known to use. Source: ninja's `build_log.cc`.
 */
import {closeSync, fstatSync, openSync, readFileSync, readSync} from 'node:fs';
import type {BuildRecords} from '../../graph/build-records.ts';
import type {Graph} from '../../graph/graph.ts';
import {appendWhole} from './append.ts';
import {formatHash, type HashKind} from './command-hash.ts';

export type BuildLogVersion = 5 | 6 | 7;

export interface BuildLogLine {
  readonly output: string;
  /** Milliseconds since the build began. */
  readonly start: number;
  readonly end: number;
  readonly mtime: bigint;
  readonly hash: readonly [number, number];
}

export function hashKindOf(version: BuildLogVersion): HashKind {
  return version === 7 ? 'rapid' : 'murmur';
}

/** Version in a log's first line; 'absent' without a file or a line, 'unknown' for what is none of 5, 6, 7. */
export function buildLogVersion(file: string): BuildLogVersion | 'absent' | 'unknown' {
  const head = Buffer.alloc(32);
  let length: number;
  try {
    const fd = openSync(file, 'r');
    try {
      length = readSync(fd, head, 0, head.length, 0);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw error;
  }
  if (length === 0) return 'absent';
  const match = /^# ninja log v([567])\n/.exec(head.toString('latin1', 0, length));
  return match ? (Number(match[1]) as BuildLogVersion) : 'unknown';
}

/** Puts what a log says of the graph's nodes into `records`. Lines that cannot be read are passed over, as by ninja. */
export function readBuildLog(file: string, graph: Graph, records: BuildRecords): void {
  const hasDyndeps = graph.arrays.edgeDyndep.some(node => node >= 0);
  for (const line of parseBuildLog(readFileSync(file, 'utf8'))) {
    // An output that only a dyndep file names is not in the graph before that file is read.
    const node = hasDyndeps ? graph.intern(line.output) : graph.find(line.output);
    if (node !== undefined) records.setLog(node, {...line, duration: Math.max(0, line.end - line.start)});
  }
}

export function* parseBuildLog(text: string): Generator<BuildLogLine> {
  let at = text.indexOf('\n') + 1;
  while (at > 0 && at < text.length) {
    const end = text.indexOf('\n', at);
    // A line without its end is one that a crash cut off.
    if (end < 0) return;
    const fields = text.slice(at, end).split('\t');
    at = end + 1;
    if (fields.length < 5) continue;
    const hash = fields[4]!;
    if (!/^[0-9a-f]{1,16}$/.test(hash) || !/^\d+$/.test(fields[2]!)) continue;
    yield {
      start: Number(fields[0]),
      end: Number(fields[1]),
      mtime: BigInt(fields[2]!),
      output: fields[3]!,
      hash: [
        Number.parseInt(hash.slice(-8), 16),
        hash.length > 8 ? Number.parseInt(hash.slice(0, -8), 16) : 0,
      ],
    };
  }
}

/**
 * Appends lines in one write, with a header first where the file is new. A last line that a crash left without its end
 * is ended first: the next record would be glued to it.
 */
export function appendBuildLog(file: string, version: BuildLogVersion, lines: readonly BuildLogLine[]): void {
  let text = '';
  const fd = openSync(file, 'a+');
  try {
    const size = fstatSync(fd).size;
    if (size === 0) {
      text = `# ninja log v${version}\n`;
    } else {
      const last = Buffer.alloc(1);
      readSync(fd, last, 0, 1, size - 1);
      if (last[0] !== 10) text = '\n';
    }
    for (const line of lines) {
      text += `${line.start}\t${line.end}\t${line.mtime}\t${line.output}\t${formatHash(line.hash)}\n`;
    }
    appendWhole(fd, size, text);
  } finally {
    closeSync(fd);
  }
}
