/**
 * What an append to a deps log has to know of it: which paths have which numbers, and where it ends. By the graph's nodes,
 * so that it can be kept with them: of a large project the log has megabytes, which no build of one file need read.
 */
import type {Graph} from '../../graph/graph.ts';

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
    for (const path of paths) this.set(path, this.#count);
  }

  /** `end`: of the log, which has all these paths and no others. Undefined where that is in doubt. */
  settle(end: number | undefined): void {
    this.#end = end;
  }

  /** Paths in the log, and those that are about to be. */
  get size(): number {
    return this.#count;
  }

  get(path: string): number | undefined {
    const node = this.#graph.find(path);
    const number = node === undefined ? 0 : (this.#numbers[node] ?? 0);
    return number === 0 ? undefined : number - 1;
  }

  /** Prereq: `number` is the next one. */
  set(path: string, number: number): void {
    const node = this.#graph.intern(path);
    if (node >= this.#numbers.length) {
      const wider = new Int32Array(Math.max(this.#graph.nodeCount, Math.ceil(this.#numbers.length * 1.5)));
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[node] = number + 1;
    this.#count = number + 1;
  }

  /** For the nodes that the graph has now. Undefined while nothing is known of the log. */
  pack(): {readonly kept: KeptIndex; readonly numbers: Int32Array} | undefined {
    if (this.#end === undefined) return undefined;
    const numbers = new Int32Array(this.#graph.nodeCount);
    numbers.set(this.#numbers.subarray(0, numbers.length));
    return {kept: {end: this.#end, count: this.#count}, numbers};
  }
}
