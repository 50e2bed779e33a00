/**
 * A build without a disk and without commands: files are names with times, an edge that runs gives its outputs a new
 * time. For tests of what is dirty, what is planned and in which order it runs.
 */
import type {Event} from '../event.ts';
import {loadManifest} from '../frontends/ninja/manifest.ts';
import {BuildRecords} from '../graph/build-records.ts';
import type {DepfileInputs} from '../graph/depfile-inputs.ts';
import type {EdgeDone, EdgeOutcome, Executor} from '../graph/executor.ts';
import {EDGE_DEPS_GCC, type EdgeId, type Graph, type NodeId} from '../graph/graph.ts';
import {NodeTimes} from '../graph/node-times.ts';
import {Freshness} from '../scheduler/freshness.ts';
import {Plan} from '../scheduler/plan.ts';
import {type Lane, Scheduler, type SchedulerEnd} from '../scheduler/scheduler.ts';
import {Slots} from '../scheduler/slots.ts';
import {ninjaFolder} from './ninja-folder.ts';

export interface FakeRun {
  readonly end: SchedulerEnd;
  /** First outputs in the order in which their edges started. */
  readonly started: readonly string[];
  readonly events: readonly Event[];
  /** Most edges that ran at once. */
  readonly widest: number;
  readonly plan: Plan;
  readonly failures: number;
}

export interface FakeRunOptions {
  /** `signal`: what would end the edge's run. */
  readonly onStart?: (output: string, signal: AbortSignal) => void;
  /** Undefined means that the edge does what it is there for. */
  readonly outcomeOf?: (output: string, round: number) => EdgeOutcome | undefined;
  readonly laneOf?: (output: string) => Lane;
  /** Outputs that an edge leaves as they are. */
  readonly leaves?: readonly string[];
  readonly failuresAllowed?: number;
  readonly localJobs?: number;
  readonly remoteLimit?: number;
  /** One less than the limit if it is left out. */
  readonly remoteRefill?: number;
  readonly weightOf?: (output: string) => number;
  readonly signal?: AbortSignal;
  readonly onLocalEnd?: (output: string) => boolean;
  /** Which of the running edges ends next; the first one if it is left out. */
  readonly pick?: (running: readonly string[]) => number;
}

export class FakeBuild {
  readonly graph: Graph;
  readonly records: BuildRecords;
  /** Time of each file that is there. */
  readonly files = new Map<string, bigint>();
  /** Inputs by depfile, or what else is to be said of it. */
  readonly depfiles = new Map<string, readonly string[] | 'wrong-target'>();
  /** Discovered inputs that an edge with `deps` reports when it runs, by its first output. */
  readonly discovers = new Map<string, readonly string[]>();
  /** What happens when a dyndep file is read. */
  onDyndep: (node: NodeId) => void = () => {};
  #now = 1_000n;

  /** `files`: sources that are there from the start. */
  constructor(manifest: string, files: readonly string[] = []) {
    const folder = ninjaFolder({'build.ninja': manifest});
    this.graph = loadManifest({directory: folder.path, file: 'build.ninja', hashKind: 'murmur'}).graph;
    this.records = new BuildRecords(this.graph.nodeCount);
    this.touch(...files);
  }

  touch(...paths: readonly string[]): void {
    for (const path of paths) this.files.set(path, ++this.#now);
  }

  edge(output: string): EdgeId {
    return this.graph.producer(this.graph.find(output) ?? -1);
  }

  name(edge: EdgeId): string {
    return this.graph.path(this.graph.outs(edge)[0]!);
  }

  look(...targets: readonly string[]): {freshness: Freshness; times: NodeTimes; roots: NodeId[]} {
    const {graph, records} = this;
    const times = new NodeTimes(graph, path => this.files.get(path) ?? 0n);
    const readDepfile = (_edge: EdgeId, depfile: string): DepfileInputs => {
      const found = this.depfiles.get(depfile);
      if (found === undefined) return {kind: 'missing'};
      if (found === 'wrong-target') return {kind: found};
      return {kind: 'inputs', inputs: found.map(path => graph.intern(path))};
    };
    const loadDyndep = (node: NodeId) => this.onDyndep(node);
    const freshness = new Freshness({graph, records, times, readDepfile, loadDyndep});
    const roots = freshness.scan(targets.map(target => graph.intern(target)));
    return {freshness, times, roots};
  }

  /** First outputs of the edges that are to run, sorted. */
  dirty(...targets: readonly string[]): string[] {
    const {freshness, roots} = this.look(...targets);
    const plan = new Plan(this.graph, freshness, roots);
    return Array.from(plan.unfinished(), edge => this.name(edge)).sort();
  }

  /** Runs all that `targets` need, in any way that `options` say. */
  async run(targets: readonly string[], options: FakeRunOptions = {}): Promise<FakeRun> {
    const {graph, records} = this;
    const {freshness, times, roots} = this.look(...targets);
    const plan = new Plan(graph, freshness, roots);
    const started: string[] = [];
    const events: Event[] = [];
    const running: {name: string; end: () => void}[] = [];
    let widest = 0;
    let isScheduled = false;
    // Ends one edge at a time, when all that may start has started.
    const endOne = () => {
      isScheduled = false;
      const index = options.pick?.(running.map(entry => entry.name)) ?? 0;
      running.splice(index, 1)[0]?.end();
      schedule();
    };
    const schedule = () => {
      if (isScheduled || running.length === 0) return;
      isScheduled = true;
      setImmediate(endOne);
    };
    const rounds = new Map<string, number>();
    const executor = (lane: Lane): Executor => ({
      run: (edge, signal) =>
        new Promise(resolve => {
          const name = this.name(edge);
          options.onStart?.(name, signal);
          const round = (rounds.get(name) ?? 0) + 1;
          rounds.set(name, round);
          started.push(name);
          const stamp = ++this.#now;
          running.push({
            name,
            end: () => resolve(options.outcomeOf?.(name, round) ?? this.#make(edge, {lane, stamp, options})),
          });
          widest = Math.max(widest, running.length);
          schedule();
        }),
    });
    const scheduler = new Scheduler({
      graph,
      plan,
      times,
      laneOf: edge => options.laneOf?.(this.name(edge)) ?? 'remote',
      isCompile: () => false,
      weightOf: edge => options.weightOf?.(this.name(edge)) ?? 1,
      executors: {remote: executor('remote'), local: executor('local'), ninja: executor('ninja')},
      remoteLimit: options.remoteLimit ?? 100,
      remoteRefill: options.remoteRefill ?? (options.remoteLimit ?? 100) - 1,
      localSlots: new Slots(options.localJobs ?? 100),
      failuresAllowed: options.failuresAllowed ?? 1,
      report: event => events.push(event),
      signal: options.signal ?? new AbortController().signal,
      onStart: () => {},
      onDone: (edge, {record}) => {
        const hash = [graph.arrays.commandHash[2 * edge]!, graph.arrays.commandHash[2 * edge + 1]!] as const;
        for (const out of graph.outs(edge)) {
          records.setLog(out, {mtime: record.mtime, hash, duration: record.duration});
          const deps = record.deps && Int32Array.from(record.deps);
          if (deps) records.setDeps(out, this.files.get(graph.path(out)) ?? 0n, deps);
        }
      },
      onLocalEnd: edge => options.onLocalEnd?.(this.name(edge)) ?? false,
    });
    const end = await scheduler.run();
    return {end, started, events, widest, plan, failures: scheduler.failed.length};
  }

  #make(edge: EdgeId, how: {lane: Lane; stamp: bigint; options: FakeRunOptions}): EdgeDone {
    for (const out of this.graph.outs(edge)) {
      const path = this.graph.path(out);
      if (!how.options.leaves?.includes(path)) this.touch(path);
    }
    const deps = (this.discovers.get(this.name(edge)) ?? []).map(path => this.graph.intern(path));
    return {
      kind: 'done',
      place: how.lane,
      output: Buffer.alloc(0),
      record: {mtime: how.stamp, duration: 1, ...(this.graph.has(edge, EDGE_DEPS_GCC) ? {deps} : {})},
    };
  }
}

export const FAILED: EdgeOutcome = {
  kind: 'failed',
  place: 'remote',
  output: Buffer.from('it failed'),
  exitCode: 1,
  duration: 1,
  isReported: false,
};
