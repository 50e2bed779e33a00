/**
 * What is wanted, what may start, what has ended: the state of every edge of a build. Pure: it runs nothing, reads
 * nothing and never waits. Ninja's `Plan` is the model, its meaning of restat included.
 *
 *     (not in the plan)
 *     waiting --all inputs made--> ready --start()--> running --finish()--> done
 *        |                            ^                   |--fail()------> failed
 *        |--an input cleaned away, nothing left to do--> idle --all inputs made--> done
 *
 * `idle` edges have nothing to do themselves but stand between others.
 */
import {FailureError, InvariantError} from '../failure.ts';
import type {EdgeId, Graph, NodeId} from '../graph/graph.ts';
import type {Freshness} from './freshness.ts';

const ABSENT = 0;
const IDLE = 1;
const WAITING = 2;
const READY = 3;
const RUNNING = 4;
const DONE = 5;
const FAILED = 6;

export interface PlanCounts {
  /** Edges with a command that are to run or have run. */
  readonly wanted: number;
  readonly done: number;
  readonly failed: number;
  readonly running: number;
}

export class Plan {
  readonly #graph: Graph;
  readonly #freshness: Freshness;
  readonly #state: Uint8Array;
  /** Producers among an edge's inputs that have not finished. */
  readonly #missing: Int32Array;
  readonly #dyndeps: ReadonlySet<NodeId>;
  /** For each edge, the edges of the plan that wait for it. */
  readonly #waiters = new Map<EdgeId, EdgeId[]>();
  /** What {@link addOrder} made an edge wait for. */
  readonly #addedOrders = new Map<EdgeId, EdgeId[]>();
  #needsReplan = false;
  #newlyReady: EdgeId[] = [];
  #wanted = 0;
  #done = 0;
  #failed = 0;
  #running = 0;

  /** Prereq: `freshness` has scanned the targets. @throws FailureError for an input that nothing makes */
  constructor(graph: Graph, freshness: Freshness, targets: readonly NodeId[]) {
    this.#graph = graph;
    this.#freshness = freshness;
    this.#state = new Uint8Array(graph.edgeCount);
    this.#missing = new Int32Array(graph.edgeCount);
    this.#dyndeps = new Set(graph.arrays.edgeDyndep.filter(node => node >= 0));
    const inPlan = this.#collect(targets);
    for (const edge of inPlan) this.#missing[edge] = this.#countMissing(edge);
    for (const edge of inPlan) if (this.#missing[edge] === 0) this.#settle(edge);
  }

  /** Edges that have become ready since the last call, phony ones never among them. */
  takeReady(): EdgeId[] {
    const ready = this.#newlyReady;
    this.#newlyReady = [];
    return ready.filter(edge => this.#state[edge] === READY);
  }

  /** Whether an edge has a command to run in this build or has run it. */
  isWanted(edge: EdgeId): boolean {
    return this.#state[edge]! >= WAITING;
  }

  isUnfinished(edge: EdgeId): boolean {
    const state = this.#state[edge]!;
    return state !== ABSENT && state !== DONE;
  }

  isReady(edge: EdgeId): boolean {
    return this.#state[edge] === READY;
  }

  /** A dyndep file is there that was not when this plan was made: edges that it tells of wait for another plan. */
  get needsReplan(): boolean {
    return this.#needsReplan;
  }

  get counts(): PlanCounts {
    return {wanted: this.#wanted, done: this.#done, failed: this.#failed, running: this.#running};
  }

  /** All edges with a command that are still to run, in no particular order. */
  *unfinished(): Generator<EdgeId> {
    for (let edge = 0; edge < this.#state.length; edge++) {
      const state = this.#state[edge]!;
      if (state >= WAITING && state <= RUNNING && !this.#graph.isPhony(edge)) yield edge;
    }
  }

  /** The edges of the plan, phony ones too, that wait for what `edge` makes. */
  waitersOf(edge: EdgeId): readonly EdgeId[] {
    return this.#waiters.get(edge) ?? [];
  }

  start(edge: EdgeId): void {
    this.#expect(edge, READY);
    this.#state[edge] = RUNNING;
    this.#running++;
  }

  /** Takes back a start that came to nothing. */
  requeue(edge: EdgeId): void {
    this.#expect(edge, RUNNING);
    this.#state[edge] = READY;
    this.#running--;
    this.#newlyReady.push(edge);
  }

  /** `cleaned`: the outputs that the command left as they were; only a restat edge has any. */
  finish(edge: EdgeId, cleaned: readonly NodeId[]): void {
    this.#expect(edge, RUNNING);
    this.#running--;
    this.#done++;
    for (const node of cleaned) this.#clean(node);
    this.#complete(edge);
  }

  /** What waits for a failed edge never becomes ready. */
  fail(edge: EdgeId): void {
    this.#expect(edge, RUNNING);
    this.#state[edge] = FAILED;
    this.#running--;
    this.#failed++;
  }

  /** Takes an edge for failed that is not to be tried: nothing that waits for it becomes ready. */
  giveUp(edge: EdgeId): void {
    const state = this.#state[edge]!;
    if (state !== WAITING && state !== READY && state !== IDLE) return;
    this.#state[edge] = FAILED;
    this.#failed++;
  }

  /** Makes `edge` wait for `producer`, which the graph's description does not tell. False if that closed a cycle. */
  addOrder(edge: EdgeId, producer: EdgeId): boolean {
    if (!this.isUnfinished(producer) || this.#dependsOn(producer, edge)) return false;
    if (this.#state[edge] === RUNNING) this.#running--;
    this.#state[edge] = WAITING;
    this.#missing[edge]!++;
    this.#addWaiter(producer, edge);
    const orders = this.#addedOrders.get(edge);
    if (orders) orders.push(producer);
    else this.#addedOrders.set(edge, [producer]);
    return true;
  }

  #collect(targets: readonly NodeId[]): EdgeId[] {
    const graph = this.#graph;
    const inPlan: EdgeId[] = [];
    const stack: {node: NodeId; neededBy: NodeId}[] = targets.map(node => ({node, neededBy: -1})).reverse();
    while (stack.length > 0) {
      const {node, neededBy} = stack.pop()!;
      const edge = graph.producer(node);
      if (edge < 0) {
        if (this.#freshness.isDirty(node)) {
          throw new FailureError({
            reason: 'input-missing',
            path: graph.path(node),
            neededBy: neededBy < 0 ? '' : graph.path(neededBy),
          });
        }
        continue;
      }
      if (this.#freshness.isReady(edge)) continue;
      const seen = this.#state[edge] !== ABSENT;
      if (!seen) {
        this.#state[edge] = IDLE;
        inPlan.push(edge);
      }
      if (this.#state[edge] === IDLE && this.#freshness.isDirty(node)) {
        this.#state[edge] = WAITING;
        if (!graph.isPhony(edge)) this.#wanted++;
      }
      if (seen) continue;
      for (const input of this.#freshness.discoveredIns(edge)) {
        // A discovered input that is gone makes the edge dirty; it is no error, and nothing can be built for it.
        if (graph.producer(input) >= 0) stack.push({node: input, neededBy: node});
      }
      // Backwards, so that the first of several missing files is the one that is told of.
      const ins = graph.orderingIns(edge);
      for (let i = ins.length - 1; i >= 0; i--) stack.push({node: ins[i]!, neededBy: node});
    }
    return inPlan;
  }

  #countMissing(edge: EdgeId): number {
    const producers = new Set<EdgeId>();
    for (const list of [this.#graph.orderingIns(edge), this.#freshness.discoveredIns(edge)]) {
      for (const input of list) {
        const producer = this.#graph.producer(input);
        if (producer >= 0 && this.#state[producer] !== ABSENT) producers.add(producer);
      }
    }
    for (const producer of producers) this.#addWaiter(producer, edge);
    return producers.size;
  }

  #addWaiter(producer: EdgeId, edge: EdgeId): void {
    const waiters = this.#waiters.get(producer);
    if (waiters) waiters.push(edge);
    else this.#waiters.set(producer, [edge]);
  }

  /** An edge all of whose inputs are made: it becomes ready, or passes the word on when it has nothing to do. */
  #settle(edge: EdgeId): void {
    if (this.#isPassing(edge)) this.#complete(edge);
  }

  /** Makes an edge ready if it has something to do; true where it has nothing to do itself. */
  #isPassing(edge: EdgeId): boolean {
    const state = this.#state[edge]!;
    if (state !== WAITING && state !== IDLE) return false;
    if (this.#freshness.isDyndepPending(this.#graph.dyndep(edge))) {
      this.#needsReplan = true;
      return false;
    }
    if (state === IDLE || this.#graph.isPhony(edge)) return true;
    this.#state[edge] = READY;
    this.#newlyReady.push(edge);
    return false;
  }

  #complete(first: EdgeId): void {
    const stack = [first];
    while (stack.length > 0) {
      const edge = stack.pop()!;
      this.#state[edge] = DONE;
      for (const out of this.#graph.outs(edge)) if (this.#dyndeps.has(out)) this.#graph.madeDyndeps.add(out);
      for (const waiter of this.#waiters.get(edge) ?? []) {
        const missing = --this.#missing[waiter]!;
        if (missing === 0 && this.#isPassing(waiter)) stack.push(waiter);
      }
    }
  }

  /** The output turned out to be as it was: edges that only it made dirty need not run. Ninja's `CleanNode`. */
  #clean(node: NodeId): void {
    this.#freshness.markClean(node);
    for (const edge of [...this.#graph.consumers(node), ...this.#freshness.discoverers(node)]) {
      if (this.#state[edge] !== WAITING || this.#freshness.staysDirty(edge)) continue;
      this.#state[edge] = IDLE;
      if (!this.#graph.isPhony(edge)) this.#wanted--;
      for (const output of this.#graph.outs(edge)) this.#clean(output);
    }
  }

  /** Whether `edge` waits, over any number of others, for `other`. */
  #dependsOn(edge: EdgeId, other: EdgeId): boolean {
    const seen = new Set([edge]);
    const stack = [edge];
    while (stack.length > 0) {
      const next = stack.pop()!;
      if (next === other) return true;
      const ins = [...this.#graph.orderingIns(next), ...this.#freshness.discoveredIns(next)];
      const producers = ins.map(input => this.#graph.producer(input));
      for (const producer of [...producers, ...(this.#addedOrders.get(next) ?? [])]) {
        if (producer < 0 || seen.has(producer) || !this.isUnfinished(producer)) continue;
        seen.add(producer);
        stack.push(producer);
      }
    }
    return false;
  }

  #expect(edge: EdgeId, state: number): void {
    if (this.#state[edge] !== state) {
      throw new InvariantError(`edge ${edge} is in state ${this.#state[edge]}, not ${state}`);
    }
  }
}
