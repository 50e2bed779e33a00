/**
 * The loop of a build: start what may start, wait for one edge to end, apply what it says. It is the only one that
 * changes the plan. Knows executors by their interface, and nothing of compilers, stores or logs.
 */
import {setMaxListeners} from 'node:events';
import type {Report} from '../event.ts';
import type {EdgeDone, EdgeFailure, EdgeOutcome, Executor} from '../graph/executor.ts';
import {EDGE_CONSOLE, EDGE_RESTAT, type EdgeId, type Graph, type NodeId} from '../graph/graph.ts';
import type {NodeTimes} from '../graph/node-times.ts';
import type {Plan} from './plan.ts';
import {ReadyQueue} from './ready-queue.ts';
import type {Slots} from './slots.ts';

/** Who runs an edge: a worker, the client itself, or the user's ninja. */
export type Lane = 'remote' | 'local' | 'ninja';

export interface SchedulerOptions {
  readonly graph: Graph;
  readonly plan: Plan;
  readonly times: NodeTimes;
  readonly laneOf: (edge: EdgeId) => Lane;
  readonly isCompile: (edge: EdgeId) => boolean;
  readonly weightOf: (edge: EdgeId) => number;
  readonly executors: Readonly<Record<Lane, Executor>>;
  /** Compiles that may be on their way to a worker, looked up or prepared. */
  readonly remoteLimit: number;
  /** Once so many are, no more are started until no more than this are left. Prereq: less than `remoteLimit`. */
  readonly remoteRefill: number;
  readonly localSlots: Slots;
  /** Failures after which nothing more is started; Infinity for never. */
  readonly failuresAllowed: number;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Called before an edge runs, whoever runs it. */
  readonly onStart: (edge: EdgeId) => void;
  /** Called for each edge that ran well, when its outputs are in place. */
  readonly onDone: (edge: EdgeId, done: EdgeDone) => void;
  /** Called after an edge that may have changed any file; answers whether the build must be planned anew. */
  readonly onLocalEnd: (edge: EdgeId) => boolean;
}

export type SchedulerEnd =
  /** Nothing is left that may run. */
  | 'exhausted'
  /** Failures, or an interruption. */
  | 'stopped'
  /** The graph or the manifest has changed: look at everything again. */
  | 'replan';

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #queues: Record<Lane, ReadyQueue>;
  readonly #poolUse: number[];
  #remoteRunning = 0;
  /** From {@link SchedulerOptions.remoteRefill} up to the limit. */
  #isFilling = true;
  #consoleBusy = false;
  readonly #failed: EdgeId[] = [];
  #replan = false;
  readonly #mtimesBefore = new Map<EdgeId, bigint[]>();
  readonly #ended: {edge: EdgeId; outcome: EdgeOutcome}[] = [];
  #wake: (() => void) | undefined;
  #running = 0;
  /** What ends each compile that is on its way to a worker. */
  readonly #away = new Map<EdgeId, AbortController>();
  /** Compiles that would wait for what waits for them. */
  readonly #runsHere = new Set<EdgeId>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
    const queue = () => new ReadyQueue(options.weightOf);
    this.#queues = {remote: queue(), local: queue(), ninja: queue()};
    this.#poolUse = options.graph.pools.map(() => 0);
  }

  get failed(): readonly EdgeId[] {
    return this.#failed;
  }

  async run(): Promise<SchedulerEnd> {
    const {signal} = this.#options;
    const endAll = () => {
      for (const end of this.#away.values()) end.abort();
    };
    signal.addEventListener('abort', endAll, {once: true});
    try {
      return await this.#run();
    } finally {
      // Nothing is away but after an exception, and is to be no more then.
      endAll();
      signal.removeEventListener('abort', endAll);
    }
  }

  async #run(): Promise<SchedulerEnd> {
    this.#sortReady();
    for (;;) {
      if (!this.isStopping) this.#startWhatMay();
      if (this.#running === 0) break;
      const {edge, outcome} = await this.#oneEnd();
      this.#running--;
      this.#apply(edge, outcome);
      this.#sortReady();
    }
    if (this.#options.signal.aborted) return 'stopped';
    if (this.#failed.length >= this.#options.failuresAllowed) return 'stopped';
    return this.#replan || this.#options.plan.needsReplan ? 'replan' : 'exhausted';
  }

  /** Compiles that are on their way to a worker. */
  get away(): Iterable<EdgeId> {
    return this.#away.keys();
  }

  /** Ends one of {@link away}; it starts again at once. */
  cancel(edge: EdgeId): void {
    this.#away.get(edge)?.abort();
  }

  /** Whether nothing more is started. */
  get isStopping(): boolean {
    const {signal, failuresAllowed, plan} = this.#options;
    return signal.aborted || this.#replan || plan.needsReplan || this.#failed.length >= failuresAllowed;
  }

  #sortReady(): void {
    const {plan, laneOf} = this.#options;
    for (const edge of plan.takeReady()) {
      this.#queues[this.#runsHere.has(edge) ? 'local' : laneOf(edge)].push(edge);
    }
  }

  #startWhatMay(): void {
    const {localSlots, remoteLimit, remoteRefill} = this.#options;
    const fits = (edge: EdgeId) => this.#fitsPool(edge);
    if (this.#remoteRunning <= remoteRefill) this.#isFilling = true;
    while (this.#isFilling) {
      const edge = this.#queues.remote.take(fits);
      if (edge === undefined) break;
      this.#remoteRunning++;
      this.#start(edge, 'remote');
      this.#isFilling = this.#remoteRunning < remoteLimit;
    }
    for (const lane of ['ninja', 'local'] as const) {
      while (this.#queues[lane].size > 0 && localSlots.tryAcquire()) {
        const edge = this.#queues[lane].take(fits);
        if (edge === undefined) {
          localSlots.release();
          break;
        }
        this.#start(edge, lane);
      }
    }
  }

  #fitsPool(edge: EdgeId): boolean {
    const {graph} = this.#options;
    if (graph.has(edge, EDGE_CONSOLE)) return !this.#consoleBusy;
    const pool = graph.arrays.edgePool[edge]!;
    if (pool < 0) return true;
    const {depth} = graph.pools[pool]!;
    return depth === 0 || this.#poolUse[pool]! < depth;
  }

  #start(edge: EdgeId, lane: Lane): void {
    const {graph, plan, times, executors, report, signal, isCompile} = this.#options;
    plan.start(edge);
    this.#running++;
    const pool = graph.arrays.edgePool[edge]!;
    if (pool >= 0) this.#poolUse[pool]!++;
    const isConsole = graph.has(edge, EDGE_CONSOLE);
    if (isConsole) this.#consoleBusy = true;
    this.#options.onStart(edge);
    if (graph.has(edge, EDGE_RESTAT)) {
      this.#mtimesBefore.set(
        edge,
        Array.from(graph.outs(edge), out => times.get(out)),
      );
    }
    report({
      type: 'edge-started',
      id: edge,
      isCompile: isCompile(edge),
      label: graph.label(edge),
      isConsole,
    });
    const release = () => {
      if (lane === 'remote') this.#remoteRunning--;
      else this.#options.localSlots.release();
      if (pool >= 0) this.#poolUse[pool]!--;
      if (isConsole) this.#consoleBusy = false;
    };
    executors[lane].run(edge, lane === 'remote' ? this.#endOf(edge) : signal).then(
      outcome => {
        this.#away.delete(edge);
        release();
        this.#ended.push({edge, outcome});
        this.#wake?.();
      },
      error => {
        // A bug in an executor: it must not hang the loop. `#oneEnd` throws it.
        release();
        this.#broken = error;
        this.#wake?.();
      },
    );
  }

  /** Says that a compile on its way is to end, alone or with all. */
  #endOf(edge: EdgeId): AbortSignal {
    const end = new AbortController();
    // Whatever the compile waits for listens.
    setMaxListeners(0, end.signal);
    if (this.#options.signal.aborted) end.abort();
    this.#away.set(edge, end);
    return end.signal;
  }

  #broken: unknown;

  async #oneEnd(): Promise<{edge: EdgeId; outcome: EdgeOutcome}> {
    for (;;) {
      if (this.#broken !== undefined) throw this.#broken;
      const end = this.#ended.shift();
      if (end) return end;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  #apply(edge: EdgeId, outcome: EdgeOutcome): void {
    const {plan} = this.#options;
    switch (outcome.kind) {
      case 'done':
        this.#finish(edge, outcome);
        break;
      case 'failed':
        this.#fail(edge, outcome);
        break;
      case 'waits': {
        this.#options.report({type: 'edge-returned', id: edge});
        const isWaiting = outcome.producers.map(producer => plan.addOrder(edge, producer)).some(Boolean);
        if (isWaiting) break;
        // What may be read is made from what is to be made: the compiler itself has to tell whether it is read at all.
        if (outcome.producers.some(producer => plan.isUnfinished(producer))) this.#runsHere.add(edge);
        plan.requeue(edge);
        break;
      }
      case 'cancelled':
        this.#options.report({type: 'edge-returned', id: edge});
        plan.requeue(edge);
        // Somebody waits for just this one.
        this.#isFilling = true;
        break;
    }
  }

  #finish(edge: EdgeId, done: EdgeDone): void {
    const {graph, plan, times, report, onDone, onLocalEnd, isCompile} = this.#options;
    const before = this.#mtimesBefore.get(edge);
    this.#mtimesBefore.delete(edge);
    const cleaned: NodeId[] = [];
    graph.outs(edge).forEach((out, i) => {
      times.forget(out);
      // Ninja counts an output that still is not there as unchanged, too.
      if (before && times.get(out) === before[i]) cleaned.push(out);
    });
    onDone(edge, done);
    plan.finish(edge, cleaned);
    const localReason = done.localReason ?? (this.#runsHere.has(edge) ? 'undiscovered-input' : undefined);
    report({
      type: 'edge-finished',
      id: edge,
      isCompile: isCompile(edge),
      target: graph.path(graph.outs(edge)[0]!),
      label: graph.label(edge),
      command: graph.text(edge, 'command'),
      place: done.place,
      output: done.output,
      ...(localReason === undefined ? {} : {localReason}),
    });
    if (done.place === 'ninja' || done.place === 'local') this.#replan ||= onLocalEnd(edge);
  }

  #fail(edge: EdgeId, failure: EdgeFailure): void {
    const {graph, plan, times, report, isCompile} = this.#options;
    this.#failed.push(edge);
    plan.fail(edge);
    for (const out of graph.outs(edge)) times.forget(out);
    report({
      type: 'edge-failed',
      id: edge,
      isCompile: isCompile(edge),
      target: graph.path(graph.outs(edge)[0]!),
      command: graph.text(edge, 'command'),
      output: failure.output,
      exitCode: failure.exitCode,
      place: failure.place,
      duration: failure.duration,
      isReported: failure.isReported,
    });
  }
}
