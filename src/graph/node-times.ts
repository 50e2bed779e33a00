/** Modification times of nodes, each read at most once until it is forgotten. The only part of planning with I/O. */
import {statSync} from 'node:fs';
import {diskPath} from '../protocol/path-text.ts';
import type {Graph, NodeId} from './graph.ts';

/** As ninja sees a file: ns since the epoch, 0n for one that is not there; a file from the epoch's first second counts as 1n. */
export type StatMtime = (path: string) => bigint;

const UNKNOWN = -1n;

export class NodeTimes {
  readonly #graph: Graph;
  readonly #stat: StatMtime;
  #times: BigInt64Array;
  /** The same memory, low and high half of each: to look at a time there makes no BigInt. */
  #halves: Int32Array;

  constructor(graph: Graph, stat: StatMtime) {
    this.#graph = graph;
    this.#stat = stat;
    this.#times = new BigInt64Array(graph.nodeCount).fill(UNKNOWN);
    this.#halves = new Int32Array(this.#times.buffer);
  }

  /** 0n where the file is not there. */
  get(node: NodeId): bigint {
    let time = node < this.#times.length ? this.#times[node]! : UNKNOWN;
    if (time === UNKNOWN) {
      time = this.#stat(this.#graph.path(node));
      if (node >= this.#times.length) {
        const wider = new BigInt64Array(Math.max(this.#graph.nodeCount, node + 1)).fill(UNKNOWN);
        wider.set(this.#times);
        this.#times = wider;
        this.#halves = new Int32Array(wider.buffer);
      }
      this.#times[node] = time;
    }
    return time;
  }

  /** Whether the file is not there. */
  isMissing(node: NodeId): boolean {
    this.#know(node);
    return this.#halves[2 * node] === 0 && this.#halves[2 * node + 1] === 0;
  }

  /** Those of `nodes` that are not there. */
  missingAmong(nodes: Int32Array | readonly NodeId[]): readonly NodeId[] {
    const missing: NodeId[] = [];
    let halves = this.#halves;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      let low = halves[2 * node];
      let high = halves[2 * node + 1];
      if (high === undefined || (low === -1 && high === -1)) {
        this.get(node);
        halves = this.#halves;
        low = halves[2 * node];
        high = halves[2 * node + 1];
      }
      if (low === 0 && high === 0) missing.push(node);
    }
    return missing;
  }

  /** The newest of `nodes` and `best`, where that is no -1; of several the one that comes first. Prereq: all were looked at. */
  newest(nodes: Int32Array | readonly NodeId[], best: NodeId): NodeId {
    const halves = this.#halves;
    let found = best;
    let high = best < 0 ? 0 : halves[2 * best + 1]!;
    let low = best < 0 ? 0 : halves[2 * best]! >>> 0;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      const nodeHigh = halves[2 * node + 1]!;
      const nodeLow = halves[2 * node]! >>> 0;
      if (found < 0 || nodeHigh > high || (nodeHigh === high && nodeLow > low)) {
        found = node;
        high = nodeHigh;
        low = nodeLow;
      }
    }
    return found;
  }

  /** Whether the one is of a later time than the other; one that is not there is the oldest of all since 1970. */
  isNewer(one: NodeId, other: NodeId): boolean {
    this.#know(one);
    this.#know(other);
    const high = this.#halves[2 * one + 1]!;
    const otherHigh = this.#halves[2 * other + 1]!;
    if (high !== otherHigh) return high > otherHigh;
    return this.#halves[2 * one]! >>> 0 > this.#halves[2 * other]! >>> 0;
  }

  #know(node: NodeId): void {
    const isUnknown = this.#halves[2 * node] === -1 && this.#halves[2 * node + 1] === -1;
    if (isUnknown || node >= this.#times.length) this.get(node);
  }

  /** What was found where it was looked at. */
  peek(node: NodeId): bigint | undefined {
    const time = this.#times[node];
    return time === UNKNOWN ? undefined : time;
  }

  /** The nodes that were looked at. */
  *known(): Iterable<NodeId> {
    for (let node = 0; node < this.#times.length; node++) if (this.#times[node] !== UNKNOWN) yield node;
  }

  /** Whoever rests on the node is to be judged as if it had been changed then. */
  set(node: NodeId, time: bigint): void {
    this.get(node);
    this.#times[node] = time;
  }

  /** Makes the next {@link get} look again. */
  forget(node: NodeId): void {
    if (node < this.#times.length) this.#times[node] = UNKNOWN;
  }
}

/** {@link StatMtime} on the real disk; relative paths count from `directory`. */
export function statFrom(directory: string): StatMtime {
  const base = `${directory}/`;
  return path => {
    const file = path.startsWith('/') ? path : base + path;
    let found: {mtimeNs: bigint} | undefined;
    try {
      found = statSync(diskPath(file), {bigint: true, throwIfNoEntry: false});
    } catch (error) {
      // Ninja dies of these; to say that the file is missing leads to the same sentence with the file's name in it.
      if (!isAbsence(error)) throw error;
    }
    if (!found) return 0n;
    return found.mtimeNs >= 0n && found.mtimeNs < 1_000_000_000n ? 1n : found.mtimeNs;
  };
}

function isAbsence(error: unknown): boolean {
  const {code} = error as NodeJS.ErrnoException;
  return code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG' || code === 'EACCES';
}
