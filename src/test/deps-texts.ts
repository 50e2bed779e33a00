/** Appends to deps logs by names, where a graph has nothing to say. */
import {appendDepsLog, type DepsAppendOutcome, type DepsLogVersion} from '../frontends/ninja/deps-log.ts';
import {DepsLogIndex} from '../frontends/ninja/deps-log-index.ts';
import type {Graph} from '../graph/graph.ts';
import {GraphBuilder} from '../graph/graph-builder.ts';

export interface NamedRecord {
  readonly output: string;
  readonly mtime: bigint;
  readonly ins: readonly string[];
}

export function emptyGraph(): Graph {
  return new GraphBuilder().freeze({defaults: [], buildDir: ''});
}

/** `index`: of `graph`; a new one has to read the log first. */
export function appendNamed(
  file: string,
  version: DepsLogVersion,
  records: readonly NamedRecord[],
  {graph, index}: {readonly graph: Graph; readonly index?: DepsLogIndex} = {graph: emptyGraph()},
): DepsAppendOutcome {
  const byNode = records.map(({output, mtime, ins}) => ({
    output: graph.intern(output),
    mtime,
    ins: ins.map(path => graph.intern(path)),
  }));
  return appendDepsLog(file, version, byNode, index ?? new DepsLogIndex(graph));
}
