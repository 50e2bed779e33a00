/**
 * What an append to a deps log has to know of it: which paths have which numbers, and where it ends. By the graph's nodes,
 * so that it can be kept with them: of a large project the log has megabytes, which no build of one file need read.
 */
import type {Graph, NodeId} from '../../graph/graph.ts';

export interface KeptIndex {
  /** Bytes of the log. */
  readonly end: number;
  /** Paths in it. */
  readonly count: number;
}

export class DepsLogIndex {
  readonly #graph: Graph;
  /** By node: its number in the log plus one, 0 for none. */
  #numbers: Int32Array = new Int32Array(0);
  #count = 0;
  #end: number | undefined;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** Bytes of the log; undefined while nothing is known of it. */
  get end(): number | undefined {
    return this.#end;
  }

  /** What {@link pack} gave, for the same graph. */
  restore({end, count}: KeptIndex, numbers: Int32Array): void {
    this.#numbers = numbers;
    this.#count = count;
    this.#end = end;
  }

  /** All that a log has, in its order. Where it ends is told by {@link settle}. */
  adopt(paths: readonly string[]): void {
    this.#numbers = new Int32Array(0);
    this.#count = 0;
    for (const path of paths) this.add(this.#graph.intern(path));
  }

  /** `end`: of the log, which has all these paths and no others. Undefined where that is in doubt. */
  settle(end: number | undefined): void {
    this.#end = end;
  }

  /** A node's path in the log, or about to be; undefined for one that has none. */
  get(node: NodeId): number | undefined {
    const number = this.#numbers[node] ?? 0;
    return number === 0 ? undefined : number - 1;
  }

  /** Gives a node the next number. */
  add(node: NodeId): number {
    if (node >= this.#numbers.length) {
      const wider = new Int32Array(Math.max(this.#graph.nodeCount, Math.ceil(this.#numbers.length * 1.5)));
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[node] = ++this.#count;
    return this.#count - 1;
  }

  pathOf(node: NodeId): string {
    return this.#graph.path(node);
  }

  /** For the nodes that the graph has now. Undefined while nothing is known of the log. */
  pack(): {readonly kept: KeptIndex; readonly numbers: Int32Array} | undefined {
    if (this.#end === undefined) return undefined;
    const numbers = new Int32Array(this.#graph.nodeCount);
    numbers.set(this.#numbers.subarray(0, numbers.length));
    return {kept: {end: this.#end, count: this.#count}, numbers};
  }
}
