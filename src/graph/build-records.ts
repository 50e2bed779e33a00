/**
 * What earlier builds recorded of each output: ninja's build log and deps log in memory, by node. Knows neither file's
 * format. In typed arrays, so that it can be stored and read back with the graph.
 */
import type {Graph, NodeId} from './graph.ts';

/** No entry; a real one is at least 0. */
export const NO_ENTRY = -1n;

export interface RecordArrays {
  /** Recorded modification time in ns since the epoch, {@link NO_ENTRY} for none. */
  readonly logMtime: BigInt64Array;
  /** Low and high half of the recorded command's hash, at `2 * node`. */
  readonly logHash: Uint32Array;
  /** Milliseconds that the command took. */
  readonly logDuration: Uint32Array;
  /** Modification time of the output when its dependencies were recorded. */
  readonly depsMtime: BigInt64Array;
  readonly depsStart: Uint32Array;
  readonly depsCount: Uint32Array;
  readonly deps: Int32Array;
}

export interface LogEntry {
  readonly mtime: bigint;
  readonly hash: readonly [number, number];
  readonly duration: number;
}

export class BuildRecords {
  #arrays: RecordArrays;
  /** Dependency lists that came after the arrays. */
  readonly #newDeps = new Map<NodeId, {mtime: bigint; ins: Int32Array}>();

  constructor(nodeCount: number, arrays?: RecordArrays) {
    this.#arrays = arrays ?? emptyArrays(nodeCount);
  }

  setLog(node: NodeId, entry: LogEntry): void {
    this.#reserve(node);
    this.#arrays.logMtime[node] = entry.mtime;
    this.#arrays.logHash[2 * node] = entry.hash[0];
    this.#arrays.logHash[2 * node + 1] = entry.hash[1];
    this.#arrays.logDuration[node] = entry.duration;
  }

  /** {@link NO_ENTRY} where the log has nothing for a node. */
  logMtime(node: NodeId): bigint {
    return this.#arrays.logMtime[node] ?? NO_ENTRY;
  }

  logHashEquals(node: NodeId, low: number, high: number): boolean {
    const {logHash} = this.#arrays;
    return logHash[2 * node] === low && logHash[2 * node + 1] === high;
  }

  /** Milliseconds that the command took when it last ran, 0 if unknown. */
  duration(node: NodeId): number {
    return this.#arrays.logDuration[node] ?? 0;
  }

  setDeps(node: NodeId, mtime: bigint, ins: Int32Array): void {
    this.#newDeps.set(node, {mtime, ins});
  }

  /** Prereq: the list was never set. Used when a whole log is read. */
  adoptDeps(deps: Pick<RecordArrays, 'depsMtime' | 'depsStart' | 'depsCount' | 'deps'>): void {
    this.#reserve(deps.depsMtime.length - 1);
    this.#arrays = {...this.#arrays, ...deps};
  }

  depsMtime(node: NodeId): bigint {
    return this.#newDeps.get(node)?.mtime ?? this.#arrays.depsMtime[node] ?? NO_ENTRY;
  }

  /** Discovered inputs of an output, undefined if none were recorded. */
  deps(node: NodeId): Int32Array | undefined {
    const recent = this.#newDeps.get(node);
    if (recent) return recent.ins;
    const {depsMtime, depsStart, depsCount, deps} = this.#arrays;
    if ((depsMtime[node] ?? NO_ENTRY) === NO_ENTRY) return undefined;
    return deps.subarray(depsStart[node], depsStart[node]! + depsCount[node]!);
  }

  /** One set of arrays for all `graph`'s nodes, with what was set since. */
  pack(graph: Graph): RecordArrays {
    const count = graph.nodeCount;
    this.#reserve(count - 1);
    const base = this.#arrays;
    const depsMtime = new BigInt64Array(count).fill(NO_ENTRY);
    const depsStart = new Uint32Array(count);
    const depsCount = new Uint32Array(count);
    const lists: Int32Array[] = [];
    let length = 0;
    for (let node = 0; node < count; node++) {
      const list = this.deps(node);
      if (!list) continue;
      depsMtime[node] = this.depsMtime(node);
      depsStart[node] = length;
      depsCount[node] = list.length;
      length += list.length;
      lists.push(list);
    }
    const deps = new Int32Array(length);
    let at = 0;
    for (const list of lists) {
      deps.set(list, at);
      at += list.length;
    }
    return {
      logMtime: base.logMtime.slice(0, count),
      logHash: base.logHash.slice(0, 2 * count),
      logDuration: base.logDuration.slice(0, count),
      depsMtime,
      depsStart,
      depsCount,
      deps,
    };
  }

  #reserve(node: NodeId): void {
    const have = this.#arrays.logMtime.length;
    if (node < have) return;
    const wider = emptyArrays(Math.max(node + 1, Math.ceil(have * 1.5)));
    wider.logMtime.set(this.#arrays.logMtime);
    wider.logHash.set(this.#arrays.logHash);
    wider.logDuration.set(this.#arrays.logDuration);
    wider.depsMtime.set(this.#arrays.depsMtime);
    wider.depsStart.set(this.#arrays.depsStart);
    wider.depsCount.set(this.#arrays.depsCount);
    this.#arrays = {...wider, deps: this.#arrays.deps};
  }
}

function emptyArrays(count: number): RecordArrays {
  return {
    logMtime: new BigInt64Array(count).fill(NO_ENTRY),
    logHash: new Uint32Array(2 * count),
    logDuration: new Uint32Array(count),
    depsMtime: new BigInt64Array(count).fill(NO_ENTRY),
    depsStart: new Uint32Array(count),
    depsCount: new Uint32Array(count),
    deps: new Int32Array(0),
  };
}
