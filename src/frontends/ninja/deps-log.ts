/**
 * `.ninja_deps`, read and appended to. Native (little-endian) byte order:
 *
 *     "# ninjadeps\n"  int32 version (3 or 4)
 *     record  uint32 size, bit 31 set for a dependency list; then `size` bytes, at most 2^19 - 1
 *     path    the bytes, 0 to 3 NULs up to a multiple of four, uint32 complement of its number (0, 1, 2, ...)
 *     list    int32 output, mtime, int32 input ...   mtime: v4 int64 ns; v3 int32 s
 *
 * The last list of an output holds. Ninja cuts the file at the first record that it cannot read, and versions 1.13.0 to
 * 1.13.2 then lose what is appended later, so that an append here is read back and undone on any doubt. Source: ninja's
 * `deps_log.h` and `deps_log.cc`.
 */
import {closeSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync, statSync} from 'node:fs';
import {type BuildRecords, NO_ENTRY} from '../../graph/build-records.ts';
import type {Graph, NodeId} from '../../graph/graph.ts';
import {bytesOfPath, textOfPath} from '../../protocol/path-text.ts';
import {appendWhole} from './append.ts';
import type {DepsLogIndex} from './deps-log-index.ts';

export type DepsLogVersion = 3 | 4;

const SIGNATURE = '# ninjadeps\n';
const HEADER_SIZE = 16;
const MAX_RECORD_SIZE = (1 << 19) - 1;

export interface DepsRecord {
  readonly output: NodeId;
  /** Modification time of the output in ns. */
  readonly mtime: bigint;
  readonly ins: ArrayLike<NodeId>;
}

export interface DepsLog {
  readonly version: DepsLogVersion;
  readonly paths: readonly string[];
  /** By number of the output; `ins` are numbers of paths. */
  readonly lists: ReadonlyMap<number, {readonly mtime: bigint; readonly ins: Int32Array}>;
  /** Bytes up to the first record that is not whole and right. */
  readonly validSize: number;
}

/** 'absent' without a file or with an empty one, 'unknown' for another format. */
export function readDepsLog(file: string): DepsLog | 'absent' | 'unknown' {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw error;
  }
  return bytes.length === 0 ? 'absent' : parseDepsLog(bytes);
}

export function parseDepsLog(bytes: Buffer): DepsLog | 'unknown' {
  if (bytes.length < HEADER_SIZE || bytes.toString('latin1', 0, SIGNATURE.length) !== SIGNATURE) {
    return 'unknown';
  }
  const version = bytes.readInt32LE(SIGNATURE.length);
  if (version !== 3 && version !== 4) return 'unknown';
  // Records are multiples of four bytes long, so that one aligned view serves for all numbers.
  const words = new Int32Array(bytes.length >> 2);
  Buffer.from(words.buffer).set(bytes.subarray(0, words.length * 4));
  const paths: string[] = [];
  const known = new Set<string>();
  const lists = new Map<number, {mtime: bigint; ins: Int32Array}>();
  const head = version === 4 ? 3 : 2;
  let at = HEADER_SIZE;
  while (at + 4 <= bytes.length) {
    const word = words[at >> 2]!;
    const size = word & 0x7fffffff;
    const isList = word < 0;
    const start = at + 4;
    if (size > MAX_RECORD_SIZE || size % 4 !== 0 || start + size > bytes.length) break;
    const first = start >> 2;
    const end = (start + size) >> 2;
    if (isList) {
      if (size < head * 4) break;
      const ins = words.subarray(first + head, end);
      const output = words[first]!;
      if (output < 0 || output >= paths.length || ins.some(id => id < 0 || id >= paths.length)) break;
      const mtime =
        version === 4 ? bytes.readBigInt64LE(start + 4) : BigInt(words[first + 1]!) * 1_000_000_000n;
      lists.set(output, {mtime, ins});
    } else {
      if (size < 8 || ~words[end - 1]! !== paths.length) break;
      let length = size - 4;
      while (length > size - 8 && bytes[start + length - 1] === 0) length--;
      const path = textOfPath(bytes.subarray(start, start + length));
      if (known.has(path)) break;
      known.add(path);
      paths.push(path);
    }
    at = start + size;
  }
  return {version, paths, lists, validSize: at};
}

/** Puts a log's lists into `records`; inputs that the graph does not have become nodes of it. */
export function adoptDepsLog(log: DepsLog, graph: Graph, records: BuildRecords): void {
  const nodes = log.paths.map(path => graph.intern(path));
  let length = 0;
  for (const list of log.lists.values()) length += list.ins.length;
  const count = graph.nodeCount;
  const depsMtime = new BigInt64Array(count).fill(NO_ENTRY);
  const depsStart = new Uint32Array(count);
  const depsCount = new Uint32Array(count);
  const deps = new Int32Array(length);
  let at = 0;
  for (const [output, list] of log.lists) {
    const node = nodes[output]!;
    depsMtime[node] = list.mtime;
    depsStart[node] = at;
    depsCount[node] = list.ins.length;
    for (const id of list.ins) deps[at++] = nodes[id]!;
  }
  records.adoptDeps({depsMtime, depsStart, depsCount, deps});
}

export type DepsAppendOutcome = 'appended' | 'unknown-format' | 'not-read-back';

/**
 * Appends the lists in one write. What a crash left half-written at the end is cut off first, as ninja would. The file
 * is read back; unless all of it is right, its former length is restored. `index` gives the paths their
 * numbers, and spares the reading of what is there. Prereq: nobody has written to the log since the index came to know
 * it, or it knows nothing.
 */
export function appendDepsLog(
  file: string,
  version: DepsLogVersion,
  records: readonly DepsRecord[],
  index: DepsLogIndex,
): DepsAppendOutcome {
  const end = index.end !== undefined && index.end === sizeOf(file) ? index.end : undefined;
  const before = end === undefined ? readDepsLog(file) : {version, validSize: end, paths: []};
  if (before === 'unknown') return 'unknown-format';
  const log = before === 'absent' ? {version, validSize: 0, paths: []} : before;
  const {validSize} = log;
  if (end === undefined) index.adopt(log.paths);
  // Whatever becomes of it.
  index.settle(undefined);
  const fd = openSync(file, 'a+');
  try {
    if (fstatSync(fd).size > validSize) ftruncateSync(fd, validSize);
    const addition = encode(log, index, records);
    appendWhole(fd, validSize, addition);
    const written = Buffer.alloc(addition.length);
    readSync(fd, written, 0, written.length, validSize);
    if (!written.equals(addition) || fstatSync(fd).size !== validSize + addition.length) {
      ftruncateSync(fd, validSize);
      return 'not-read-back';
    }
    index.settle(validSize + addition.length);
    return 'appended';
  } finally {
    closeSync(fd);
  }
}

/** Of nothing where there is no file. */
function sizeOf(file: string): number {
  return statSync(file, {throwIfNoEntry: false})?.size ?? 0;
}

function encode(
  log: Pick<DepsLog, 'version' | 'validSize'>,
  index: DepsLogIndex,
  records: readonly DepsRecord[],
): Buffer {
  const chunks: Buffer[] = [];
  if (log.validSize === 0) {
    const header = Buffer.alloc(HEADER_SIZE);
    header.write(SIGNATURE, 'latin1');
    header.writeInt32LE(log.version, SIGNATURE.length);
    chunks.push(header);
  }
  const idOf = (node: NodeId): number => {
    const known = index.get(node);
    if (known !== undefined) return known;
    const id = index.add(node);
    const bytes = bytesOfPath(index.pathOf(node));
    const padded = Math.ceil(bytes.length / 4) * 4;
    const record = Buffer.alloc(4 + padded + 4);
    record.writeUInt32LE(padded + 4, 0);
    record.set(bytes, 4);
    record.writeInt32LE(~id, 4 + padded);
    chunks.push(record);
    return id;
  };
  for (const {output, mtime, ins} of records) {
    const out = idOf(output);
    const inIds = Array.from(ins, idOf);
    const head = log.version === 4 ? 12 : 8;
    const size = head + 4 * inIds.length;
    // Ninja refuses longer ones, on writing as on reading: the edge is then dirty, which is right.
    if (size > MAX_RECORD_SIZE) continue;
    const record = Buffer.alloc(4 + size);
    record.writeUInt32LE((size | 0x80000000) >>> 0, 0);
    record.writeInt32LE(out, 4);
    if (log.version === 4) record.writeBigInt64LE(mtime, 8);
    else record.writeInt32LE(Number(mtime / 1_000_000_000n), 8);
    inIds.forEach((id, i) => {
      record.writeInt32LE(id, 4 + head + 4 * i);
    });
    chunks.push(record);
  }
  return Buffer.concat(chunks);
}
