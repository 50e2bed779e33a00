/** Edges that may start, the most urgent first. A binary heap. */
import type {EdgeId} from '../graph/graph.ts';

export class ReadyQueue {
  readonly #weight: (edge: EdgeId) => number;
  /** Invariant: no entry is heavier than its parent at `(i - 1) >> 1`. */
  readonly #heap: EdgeId[] = [];

  constructor(weight: (edge: EdgeId) => number) {
    this.#weight = weight;
  }

  get size(): number {
    return this.#heap.length;
  }

  push(edge: EdgeId): void {
    const heap = this.#heap;
    let at = heap.push(edge) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(heap[at]!, heap[parent]!)) break;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  /** The most urgent edge that `accept` takes; the others stay. */
  take(accept: (edge: EdgeId) => boolean): EdgeId | undefined {
    const refused: EdgeId[] = [];
    let taken: EdgeId | undefined;
    while (this.#heap.length > 0) {
      const edge = this.#pop();
      if (accept(edge)) {
        taken = edge;
        break;
      }
      refused.push(edge);
    }
    for (const edge of refused) this.push(edge);
    return taken;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #pop(): EdgeId {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      let at = 0;
      for (;;) {
        let best = at;
        for (const child of [2 * at + 1, 2 * at + 2]) {
          if (child < heap.length && this.#before(heap[child]!, heap[best]!)) best = child;
        }
        if (best === at) break;
        [heap[at], heap[best]] = [heap[best]!, heap[at]!];
        at = best;
      }
    }
    return top;
  }

  /** Equal weights keep the order of the description, as a user expects of a list. */
  #before(a: EdgeId, b: EdgeId): boolean {
    const difference = this.#weight(a) - this.#weight(b);
    return difference === 0 ? a < b : difference > 0;
  }
}
