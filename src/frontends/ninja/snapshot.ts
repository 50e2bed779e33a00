/**
 * A graph with its records as one binary file, so that a start with nothing to do parses nothing:
 *
 *     uint32 length of the header; the header, JSON; padding to 8; the arrays, each at a multiple of 8
 *
 * It counts only while every file that it was made from has the stat that it had then.
 */
import {mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {BuildRecords, type RecordArrays} from '../../graph/build-records.ts';
import {Graph, type GraphArrays, type Pool} from '../../graph/graph.ts';
import {hasOddBytes} from '../../protocol/path-text.ts';
import {fileStamp} from './file-stamp.ts';

/** Of the format, and of what the arrays mean. */
const VERSION = 4;

export interface SnapshotMeta {
  /** Whatever else has to be as it was, PATH for instance. */
  readonly key: string;
  /** Absolute paths of the files that the graph was made from, each with its stamp from before it was read. */
  readonly sources: readonly {readonly file: string; readonly stamp: string}[];
  /** Absolute paths of the files that say what the records say. */
  readonly logs: readonly string[];
  readonly ninjaPath: string;
  readonly ninjaVersion: string;
  readonly buildLogVersion: 5 | 6 | 7;
  readonly depsLogVersion: 3 | 4;
  readonly warnings: readonly string[];
}

export interface Snapshot {
  readonly graph: Graph;
  readonly records: BuildRecords;
  readonly meta: SnapshotMeta;
  /** Of the logs when they said what the records say. */
  readonly stamps: readonly string[];
}

/** As far as a snapshot still holds. */
export interface LoadedSnapshot {
  readonly graph: Graph;
  /** Absent where a log has changed since, as by a build of ninja's own. */
  readonly records: BuildRecords | undefined;
  readonly meta: SnapshotMeta;
}

const ARRAY_TYPES = {
  Uint8Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
} as const;
type ArrayType = keyof typeof ARRAY_TYPES;
type AnyArray = InstanceType<(typeof ARRAY_TYPES)[ArrayType]>;

interface Header {
  version: number;
  meta: SnapshotMeta;
  stamps: readonly string[];
  pools: readonly Pool[];
  buildDir: string;
  graph: Record<string, [ArrayType, number, number]>;
  records: Record<string, [ArrayType, number, number]>;
}

/** What is still true of the snapshot in `file`; undefined if nothing is. */
export function loadSnapshot(file: string, key: string): LoadedSnapshot | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return undefined; // None yet.
  }
  try {
    const headerSize = bytes.readUInt32LE(0);
    const header = JSON.parse(bytes.toString('utf8', 4, 4 + headerSize)) as Header;
    if (header.version !== VERSION || header.meta.key !== key) return undefined;
    if (!isUnchanged(header.meta)) return undefined;
    const body = align(4 + headerSize);
    const view = (places: Header['graph']): Record<string, AnyArray> =>
      Object.fromEntries(
        Object.entries(places).map(([name, [type, start, length]]) => {
          const Type = ARRAY_TYPES[type];
          // Numbers are written by and for little-endian machines of one kind; the file never leaves its directory.
          const from = bytes.byteOffset + body + start;
          const whole = bytes.buffer as ArrayBuffer;
          const buffer = from % 8 === 0 ? whole : whole.slice(from);
          return [name, new Type(buffer, from % 8 === 0 ? from : 0, length)];
        }),
      );
    const graph = new Graph(view(header.graph) as unknown as GraphArrays, {
      pools: header.pools,
      buildDir: header.buildDir,
    });
    const isLogTrue = header.meta.logs.every((log, i) => fileStamp(log) === header.stamps[i]);
    const records = isLogTrue
      ? new BuildRecords(graph.nodeCount, view(header.records) as unknown as RecordArrays)
      : undefined;
    return {graph, records, meta: header.meta};
  } catch {
    return undefined; // Cut off or of another format: it is made anew.
  }
}

/**
 * Writes a snapshot, unless a file of the manifest has changed since it was read, or a name is not UTF-8, which the
 * arrays cannot hold. Prereq: no dyndep information was added to the graph; the records are what the logs say.
 */
export function saveSnapshot(file: string, snapshot: Snapshot): void {
  const {graph, records, meta, stamps} = snapshot;
  if (!isUnchanged(meta) || hasOddNames(graph)) return;
  const chunks: {array: AnyArray; at: number}[] = [];
  let at = 0;
  const place = (arrays: object): Header['graph'] =>
    Object.fromEntries(
      Object.entries(arrays as Record<string, AnyArray>).map(([name, array]) => {
        const entry: [ArrayType, number, number] = [typeName(array), at, array.length];
        chunks.push({array, at});
        at = align(at + array.byteLength);
        return [name, entry];
      }),
    );
  const header: Header = {
    version: VERSION,
    meta,
    stamps,
    pools: graph.pools,
    buildDir: graph.buildDir,
    graph: place(withAllNodes(graph)),
    records: place(records.pack(graph)),
  };
  const text = Buffer.from(JSON.stringify(header));
  const body = align(4 + text.length);
  const bytes = Buffer.alloc(body + at);
  bytes.writeUInt32LE(text.length, 0);
  text.copy(bytes, 4);
  for (const {array, at: start} of chunks) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), body + start);
  }
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(temporary, bytes);
    renameSync(temporary, file);
  } catch {
    // A full or read-only disk: the next start is slower, and nothing else.
    removeIfPossible(temporary);
  }
}

function removeIfPossible(file: string): void {
  try {
    rmSync(file, {force: true});
  } catch {
    // The folder cannot be written to, so that nothing was left in it.
  }
}

/** Only of discovered inputs: a manifest is UTF-8. */
function hasOddNames(graph: Graph): boolean {
  for (let node = graph.arrays.producer.length; node < graph.nodeCount; node++)
    if (hasOddBytes(graph.path(node))) return true;
  return false;
}

/** The graph's arrays with the nodes that were added since it was read (discovered inputs). */
function withAllNodes(graph: Graph): GraphArrays {
  const {arrays} = graph;
  const base = arrays.producer.length;
  const count = graph.nodeCount;
  if (count === base) return arrays;
  const added: Buffer[] = [];
  const pathStart = new Uint32Array(count + 1);
  pathStart.set(arrays.pathStart);
  for (let node = base; node < count; node++) {
    const path = Buffer.from(graph.path(node));
    added.push(path);
    pathStart[node + 1] = pathStart[node]! + path.length;
  }
  const producer = new Int32Array(count).fill(-1);
  producer.set(arrays.producer);
  return {...arrays, producer, pathStart, pathBytes: Buffer.concat([arrays.pathBytes, ...added])};
}

function typeName(array: AnyArray): ArrayType {
  if (array instanceof Int32Array) return 'Int32Array';
  if (array instanceof Uint32Array) return 'Uint32Array';
  return array instanceof BigInt64Array ? 'BigInt64Array' : 'Uint8Array';
}

function align(size: number): number {
  return (size + 7) & ~7;
}

function isUnchanged(meta: SnapshotMeta): boolean {
  return meta.sources.every(({file, stamp}) => fileStamp(file) === stamp);
}
