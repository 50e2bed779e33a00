/**
 * A graph with its records as two binary files, so that a start with nothing to do parses nothing: what the manifest says,
 * which is large and changes seldom, and beside it what the logs say, which is written after each build. Each counts only
 * while every file that it was made from has the stat that it had then; the second one also only beside the first that it
 * was made for, since it numbers the first one's nodes.
 */
import {randomUUID} from 'node:crypto';
import {BuildRecords, type RecordArrays} from '../../graph/build-records.ts';
import {Graph, type GraphArrays, type Pool} from '../../graph/graph.ts';
import {hasOddBytes} from '../../protocol/path-text.ts';
import {readArrayFile, writeArrayFile} from './array-file.ts';
import type {DepsLogIndex, KeptIndex} from './deps-log-index.ts';
import {fileStamp} from './file-stamp.ts';

/** Of the format, and of what the arrays mean. */
const VERSION = 6;

export interface SnapshotMeta {
  /** Whatever else has to be as it was. */
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

/** The first file as it lies there. */
export interface KeptGraph {
  readonly stamp: string;
  readonly id: string;
  /** Nodes of the manifest; all others are inputs that compilers have told of. */
  readonly nodeCount: number;
}

export interface Snapshot {
  readonly graph: Graph;
  readonly records: BuildRecords;
  readonly depsIndex: DepsLogIndex;
  readonly meta: SnapshotMeta;
  /** Of the logs when they said what the records say. */
  readonly stamps: readonly string[];
  /** Undefined where the graph was read from the manifest and has not been written yet. */
  readonly kept: KeptGraph | undefined;
}

/** As far as a snapshot still holds. */
export interface LoadedSnapshot {
  readonly graph: Graph;
  /** Absent where a log has changed since, as by a build of ninja's own. */
  readonly records: BuildRecords | undefined;
  /** Of the deps log, as far as it was known; counts as long as the records do. */
  readonly depsIndex?: {readonly kept: KeptIndex; readonly numbers: Int32Array};
  readonly meta: SnapshotMeta;
  readonly kept: KeptGraph;
}

interface GraphFacts {
  /** Of this file and no other. */
  readonly id: string;
  readonly meta: SnapshotMeta;
  readonly pools: readonly Pool[];
  readonly buildDir: string;
}

interface RecordFacts {
  /** The first file's id. */
  readonly graph: string;
  readonly logs: readonly string[];
  readonly depsIndex: KeptIndex | undefined;
}

/** Paths of nodes that no manifest names, as in {@link GraphArrays}. */
interface AddedNodes {
  readonly addedBytes: Uint8Array;
  readonly addedStart: Uint32Array;
}

/** What is still true of the snapshot in `file`; undefined if nothing is, or where that cannot be told. */
export function loadSnapshot(file: string, key: string): LoadedSnapshot | undefined {
  try {
    return load(file, key);
  } catch {
    return undefined; // A directory that may not be looked into any more, for one.
  }
}

function load(file: string, key: string): LoadedSnapshot | undefined {
  const stamp = fileStamp(file);
  const found = readArrayFile<GraphFacts>(file, VERSION);
  if (found === undefined) return undefined;
  const {id, meta, pools, buildDir} = found.facts;
  if (meta.key !== key || !isUnchanged(meta)) return undefined;
  const arrays = found.arrays as unknown as GraphArrays;
  const kept = {stamp, id, nodeCount: arrays.producer.length};
  const told = readArrayFile<RecordFacts>(recordsFile(file), VERSION);
  const isTrue =
    told?.facts.graph === id && meta.logs.every((log, i) => fileStamp(log) === told.facts.logs[i]);
  if (!isTrue) return {graph: new Graph(arrays, {pools, buildDir}), records: undefined, meta, kept};
  const graph = new Graph(withNodes(arrays, told.arrays as unknown as AddedNodes), {pools, buildDir});
  const arraysTold = told.arrays as unknown as RecordArrays & {readonly depsNumbers: Int32Array};
  const records = new BuildRecords(graph.nodeCount, arraysTold);
  const index = told.facts.depsIndex;
  const depsIndex = index && {kept: index, numbers: arraysTold.depsNumbers};
  return {graph, records, ...(depsIndex && {depsIndex}), meta, kept};
}

/**
 * Writes a snapshot, unless a file of the manifest has changed since it was read, or a name is not UTF-8, which the
 * arrays cannot hold. Answers what is there then of the graph. Prereq: no dyndep information was added to the graph; the
 * records are what the logs say.
 */
export function saveSnapshot(file: string, snapshot: Snapshot): KeptGraph | undefined {
  const {graph, records, depsIndex, meta, stamps} = snapshot;
  if (!isUnchanged(meta) || hasOddNames(graph)) return snapshot.kept;
  const kept = keepGraph(file, snapshot);
  if (kept === undefined) return undefined;
  const index = depsIndex.pack();
  const facts: RecordFacts = {graph: kept.id, logs: stamps, depsIndex: index?.kept};
  const depsNumbers = index?.numbers ?? new Int32Array(0);
  writeArrayFile(recordsFile(file), VERSION, {
    facts,
    arrays: {...addedNodes(graph, kept.nodeCount), ...records.pack(graph), depsNumbers},
  });
  return kept;
}

function recordsFile(file: string): string {
  return `${file}.records`;
}

/** Writes the first file where it is not there yet. */
function keepGraph(file: string, {graph, meta, kept}: Snapshot): KeptGraph | undefined {
  if (kept !== undefined && fileStamp(file) === kept.stamp) return kept;
  const nodeCount = kept?.nodeCount ?? graph.arrays.producer.length;
  const id = randomUUID();
  const facts: GraphFacts = {id, meta, pools: graph.pools, buildDir: graph.buildDir};
  const arrays = firstNodes(graph.arrays, nodeCount);
  return writeArrayFile(file, VERSION, {facts, arrays}) ? {stamp: fileStamp(file), id, nodeCount} : undefined;
}

/** Only of discovered inputs: a manifest is UTF-8. */
function hasOddNames(graph: Graph): boolean {
  for (let node = graph.arrays.producer.length; node < graph.nodeCount; node++)
    if (hasOddBytes(graph.path(node))) return true;
  return false;
}

function firstNodes(arrays: GraphArrays, count: number): GraphArrays {
  return {
    ...arrays,
    pathBytes: arrays.pathBytes.subarray(0, arrays.pathStart[count]),
    pathStart: arrays.pathStart.subarray(0, count + 1),
    producer: arrays.producer.subarray(0, count),
  };
}

/** The nodes from `first` on: those that were loaded with the graph, and those that came since. */
function addedNodes(graph: Graph, first: number): AddedNodes {
  const {pathBytes, pathStart, producer} = graph.arrays;
  const start = pathStart[first]!;
  const addedStart = new Uint32Array(graph.nodeCount - first + 1);
  for (let node = first; node <= producer.length; node++) addedStart[node - first] = pathStart[node]! - start;
  const added: Uint8Array[] = [pathBytes.subarray(start, pathStart[producer.length])];
  for (let node = producer.length; node < graph.nodeCount; node++) {
    const path = Buffer.from(graph.path(node));
    added.push(path);
    addedStart[node - first + 1] = addedStart[node - first]! + path.length;
  }
  return {addedBytes: Buffer.concat(added), addedStart};
}

function withNodes(arrays: GraphArrays, {addedBytes, addedStart}: AddedNodes): GraphArrays {
  const base = arrays.producer.length;
  const count = base + addedStart.length - 1;
  const end = arrays.pathStart[base]!;
  const pathStart = new Uint32Array(count + 1);
  pathStart.set(arrays.pathStart);
  for (let node = base; node <= count; node++) pathStart[node] = end + addedStart[node - base]!;
  const producer = new Int32Array(count).fill(-1);
  producer.set(arrays.producer);
  return {...arrays, producer, pathStart, pathBytes: Buffer.concat([arrays.pathBytes, addedBytes])};
}

function isUnchanged(meta: SnapshotMeta): boolean {
  return meta.sources.every(({file, stamp}) => fileStamp(file) === stamp);
}
