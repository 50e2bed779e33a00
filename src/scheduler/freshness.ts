/**
 * Which nodes are dirty, by ninja's rules (`DependencyScan` in its `graph.cc`), and why. One walk makes the decision and
 * its explanation. Knows nothing of what is run nor of how.
 */

import {FailureError} from '../failure.ts';
import {type BuildRecords, NO_ENTRY} from '../graph/build-records.ts';
import type {DepfileInputs} from '../graph/depfile-inputs.ts';
import {
  EDGE_DEPS_GCC,
  EDGE_DEPS_MSVC,
  EDGE_GENERATOR,
  EDGE_RESTAT,
  type EdgeId,
  type Graph,
  type NodeId,
} from '../graph/graph.ts';
import type {NodeTimes} from '../graph/node-times.ts';

/** Why an edge has to run. `input` and `output` are nodes; times in ns. */
export type DirtyReason =
  | {readonly why: 'input-dirty'; readonly input: NodeId}
  | {readonly why: 'output-missing'; readonly output: NodeId}
  | {readonly why: 'output-older'; readonly output: NodeId; readonly input: NodeId; readonly by: bigint}
  | {readonly why: 'command-changed'; readonly output: NodeId}
  | {readonly why: 'record-older'; readonly output: NodeId; readonly input: NodeId; readonly by: bigint}
  | {readonly why: 'never-built'; readonly output: NodeId}
  | {readonly why: 'deps-missing'; readonly output: NodeId}
  | {readonly why: 'deps-outdated'; readonly output: NodeId}
  | {readonly why: 'depfile-missing'; readonly depfile: string}
  | {readonly why: 'depfile-wrong'; readonly depfile: string}
  | {readonly why: 'phony-without-inputs'; readonly output: NodeId};

export interface FreshnessSources {
  readonly graph: Graph;
  readonly records: BuildRecords;
  readonly times: NodeTimes;
  readDepfile(edge: EdgeId, depfile: string): DepfileInputs;
  /** Adds to the graph what a dyndep file says. Called once for each file, when it is up to date. */
  loadDyndep(node: NodeId): void;
  /** Whether this build has run the edge: one that is always dirty then need not run again. Default: none. */
  isDone?(edge: EdgeId): boolean;
}

/** 0 stands for an edge that the walk has not met. */
const ON_STACK = 1;
const VISITED = 2;

interface Frame {
  readonly edge: EdgeId;
  /** The node by which the walk came here. */
  readonly via: NodeId;
  phase: 'dyndep' | 'inputs' | 'discovered';
  list: Int32Array | readonly NodeId[];
  next: number;
}

const NONE: readonly NodeId[] = [];

export class Freshness {
  readonly #sources: FreshnessSources;
  #nodeDirty: Uint8Array;
  /** Newest input of a phony edge whose output is no file: what stands for the output's time. */
  readonly #phonyTimes = new Map<NodeId, bigint>();
  readonly #mark: Uint8Array;
  readonly #ready: Uint8Array;
  readonly #depsMissing: Uint8Array;
  readonly #discovered = new Map<EdgeId, Int32Array | readonly NodeId[]>();
  /** Of the discovered inputs those that an edge makes: few, and the only ones that are to be walked to. */
  readonly #made = new Map<EdgeId, readonly NodeId[]>();
  /** For nodes that an edge makes: who discovered them as inputs. */
  readonly #discoveredBy = new Map<NodeId, EdgeId[]>();
  readonly #reasons = new Map<EdgeId, DirtyReason>();
  readonly #loadedDyndeps = new Set<NodeId>();
  /** Dirty nodes that nothing can make clean: no file comes of their edges. */
  readonly #neverClean = new Set<NodeId>();

  constructor(sources: FreshnessSources) {
    this.#sources = sources;
    const {graph} = sources;
    this.#nodeDirty = new Uint8Array(graph.nodeCount);
    this.#mark = new Uint8Array(graph.edgeCount);
    this.#ready = new Uint8Array(graph.edgeCount);
    this.#depsMissing = new Uint8Array(graph.edgeCount);
  }

  /**
   * Looks at everything that `targets` need. Returns the targets with the validations met on the way.
   * @throws FailureError for a cycle, worded as ninja does
   */
  scan(targets: readonly NodeId[]): NodeId[] {
    const roots = [...targets];
    const known = new Set(roots);
    for (let i = 0; i < roots.length; i++) {
      this.#visit(roots[i]!, node => {
        // A validation that nothing makes is nothing to build, there or not.
        if (known.has(node) || this.#sources.graph.producer(node) < 0) return;
        known.add(node);
        roots.push(node);
      });
    }
    return roots;
  }

  isDirty(node: NodeId): boolean {
    return this.#nodeDirty[node] === 1;
  }

  /** Whether nothing that the edge's outputs rest on has to run. */
  isReady(edge: EdgeId): boolean {
    return this.#ready[edge] === 1;
  }

  reason(edge: EdgeId): DirtyReason | undefined {
    return this.#reasons.get(edge);
  }

  /** Inputs known from a deps log or a depfile. */
  discoveredIns(edge: EdgeId): Int32Array | readonly NodeId[] {
    return this.#discovered.get(edge) ?? NONE;
  }

  /** The edges with `node` among their discovered inputs, for a node that an edge makes. */
  discoverers(node: NodeId): readonly EdgeId[] {
    return this.#discoveredBy.get(node) ?? NONE;
  }

  /** Dyndep files that had to be built first when the walk came by. */
  isDyndepPending(node: NodeId): boolean {
    return node >= 0 && !this.#loadedDyndeps.has(node);
  }

  /** Marks a node as up to date and answers which of its consumers need nothing any more. Ninja's `CleanNode`. */
  markClean(node: NodeId): void {
    this.#nodeDirty[node] = 0;
  }

  /** Whether an edge with only clean inputs still has to run. */
  staysDirty(edge: EdgeId): boolean {
    const {graph} = this.#sources;
    if (this.#depsMissing[edge] === 1) return true;
    let newest: NodeId = -1;
    for (const list of [graph.dirtyingIns(edge), this.discoveredIns(edge)]) {
      for (const input of list) {
        if (this.#nodeDirty[input] === 1) return true;
        if (newest < 0 || this.#isNewer(input, newest)) newest = input;
      }
    }
    return this.#outputsReason(edge, newest) !== undefined;
  }

  #visit(root: NodeId, onValidation: (node: NodeId) => void): void {
    const {graph} = this.#sources;
    const stack: Frame[] = [];
    const enter = (node: NodeId): void => {
      const edge = graph.producer(node);
      if (edge < 0) {
        if (this.#sources.times.isMissing(node)) this.#setDirty(node, true);
        return;
      }
      if (this.#mark[edge] === VISITED) return;
      if (this.#mark[edge] === ON_STACK) throw this.#cycle(stack, node, edge);
      this.#mark[edge] = ON_STACK;
      for (const validation of graph.validations(edge)) onValidation(validation);
      const dyndep = graph.dyndep(edge);
      const waits = dyndep >= 0 && !this.#loadedDyndeps.has(dyndep);
      stack.push({
        edge,
        via: node,
        phase: waits ? 'dyndep' : 'inputs',
        list: waits ? [dyndep] : graph.orderingIns(edge),
        next: 0,
      });
    };
    enter(root);
    while (stack.length > 0) {
      const frame = stack[stack.length - 1]!;
      if (frame.next < frame.list.length) {
        const {list} = frame;
        const before = stack.length;
        while (frame.next < list.length && stack.length === before) enter(list[frame.next++]!);
        continue;
      }
      if (frame.phase === 'dyndep') {
        const dyndep = graph.dyndep(frame.edge);
        const producer = graph.producer(dyndep);
        const isMade = producer < 0 || this.#ready[producer] === 1 || graph.madeDyndeps.has(dyndep);
        if (!this.#loadedDyndeps.has(dyndep) && isMade) {
          this.#loadedDyndeps.add(dyndep);
          this.#sources.loadDyndep(dyndep);
        }
        frame.phase = 'inputs';
        frame.list = graph.orderingIns(frame.edge);
        frame.next = 0;
      } else if (frame.phase === 'inputs') {
        const discovered = this.#discover(frame.edge);
        frame.phase = 'discovered';
        frame.list = discovered ? this.#remember(frame.edge, discovered) : NONE;
        frame.next = 0;
      } else if (this.#hasMore(frame)) {
        frame.next = 0;
      } else {
        this.#judge(frame.edge);
        this.#mark[frame.edge] = VISITED;
        stack.pop();
      }
    }
  }

  /** Looks at what nothing makes, and answers what is to be walked to. */
  #remember(edge: EdgeId, discovered: Int32Array | readonly NodeId[]): readonly NodeId[] {
    const {graph, times} = this.#sources;
    this.#discovered.set(edge, discovered);
    for (const node of times.missingAmong(discovered)) {
      if (graph.producer(node) < 0) this.#setDirty(node, true);
    }
    const made = graph.madeAmong(discovered);
    this.#noteMade(edge, made);
    return made;
  }

  #noteMade(edge: EdgeId, made: readonly NodeId[]): void {
    const known = this.#made.get(edge);
    this.#made.set(edge, made);
    for (const node of made) {
      if (known?.includes(node)) continue;
      const list = this.#discoveredBy.get(node);
      if (list) list.push(edge);
      else this.#discoveredBy.set(node, [edge]);
    }
  }

  /** Whether a dyndep file that was loaded on the way tells of an edge that makes a discovered input. */
  #hasMore(frame: Frame): boolean {
    if (this.#loadedDyndeps.size === 0) return false;
    const made = this.#sources.graph.madeAmong(this.discoveredIns(frame.edge));
    if (made.length === frame.list.length) return false;
    this.#noteMade(frame.edge, made);
    frame.list = made;
    return true;
  }

  /** Discovered inputs, undefined where there are none or they cannot be trusted. */
  #discover(edge: EdgeId): Int32Array | readonly NodeId[] | undefined {
    const {graph, records, times} = this.#sources;
    if (graph.has(edge, EDGE_DEPS_GCC) || graph.has(edge, EDGE_DEPS_MSVC)) {
      const output = graph.outs(edge)[0]!;
      const deps = records.deps(output);
      if (!deps) {
        this.#distrustDeps(edge, {why: 'deps-missing', output});
      } else if (times.get(output) > records.depsMtime(output)) {
        this.#distrustDeps(edge, {why: 'deps-outdated', output});
      } else {
        return deps;
      }
      return undefined;
    }
    if (graph.isPhony(edge)) return undefined;
    const depfile = graph.text(edge, 'depfile');
    if (depfile === '') return undefined;
    const found = this.#sources.readDepfile(edge, depfile);
    if (found.kind === 'inputs') return found.inputs;
    const why = found.kind === 'missing' ? 'depfile-missing' : 'depfile-wrong';
    this.#distrustDeps(edge, {why, depfile});
    return undefined;
  }

  #distrustDeps(edge: EdgeId, reason: DirtyReason): void {
    this.#depsMissing[edge] = 1;
    this.#reasons.set(edge, reason);
  }

  #judge(edge: EdgeId): void {
    const {graph} = this.#sources;
    const ins = graph.orderingIns(edge);
    const dirtying = graph.dirtyingIns(edge).length;
    const isDone = this.#sources.isDone?.(edge) ?? false;
    let reason: DirtyReason | undefined;
    let isPassedOn = graph.isPhony(edge);
    let ready = true;
    let newest: NodeId = -1;
    const consider = (input: NodeId, isDirtying: boolean): void => {
      const producer = graph.producer(input);
      if (producer >= 0 && this.#ready[producer] === 0) ready = false;
      if (!isDirtying) return;
      if (this.#nodeDirty[input] === 1) {
        const isNeverClean = this.#neverClean.has(input);
        isPassedOn &&= isNeverClean;
        if (!(isDone && isNeverClean)) reason ??= {why: 'input-dirty', input};
      } else if (newest < 0 || this.#isNewer(input, newest)) {
        newest = input;
      }
    };
    for (let i = 0; i < ins.length; i++) consider(ins[i]!, i < dirtying);
    const discovered = this.discoveredIns(edge);
    if (this.#areFilesAndClean(edge, discovered, newest)) {
      for (const node of this.#made.get(edge) ?? NONE) ready &&= this.#ready[graph.producer(node)] === 1;
      newest = this.#sources.times.newest(discovered, newest);
    } else {
      for (const input of discovered) consider(input, true);
    }
    reason ??= this.#outputsReason(edge, newest);
    if (this.#depsMissing[edge] === 1) reason ??= this.#reasons.get(edge);
    if (reason) {
      const isSettled = isDone && reason.why === 'output-missing';
      this.#reasons.set(edge, reason);
      for (const output of graph.outs(edge)) {
        this.#setDirty(output, true);
        if (isPassedOn || isSettled) this.#neverClean.add(output);
      }
      if (!isSettled && !(graph.isPhony(edge) && ins.length === 0)) ready = false;
    }
    this.#ready[edge] = ready ? 1 : 0;
  }

  /** Whether nothing is to be said of these inputs, and of the newest of the others, but which is the newest file. */
  #areFilesAndClean(edge: EdgeId, discovered: Int32Array | readonly NodeId[], newest: NodeId): boolean {
    const {times} = this.#sources;
    for (let i = 0; i < discovered.length; i++) if (this.#nodeDirty[discovered[i]!] === 1) return false;
    // For what is made by name alone the time of its newest input stands.
    const areNames = (node: NodeId) => times.isMissing(node);
    return !(newest >= 0 && areNames(newest)) && !(this.#made.get(edge) ?? NONE).some(areNames);
  }

  /** Why an edge whose inputs are clean is dirty all the same; `newest` is its newest input, -1 for none. */
  #outputsReason(edge: EdgeId, newest: NodeId): DirtyReason | undefined {
    const {graph, records, times} = this.#sources;
    const newestTime = newest < 0 ? 0n : this.#time(newest);
    if (graph.isPhony(edge)) {
      for (const output of graph.outs(edge)) {
        const exists = times.get(output) !== 0n;
        if (graph.orderingIns(edge).length === 0 && !exists) {
          return {why: 'phony-without-inputs', output};
        }
        if (newest >= 0 && !exists && newestTime > (this.#phonyTimes.get(output) ?? 0n)) {
          this.#phonyTimes.set(output, newestTime);
        }
      }
      return undefined;
    }
    const restat = graph.has(edge, EDGE_RESTAT);
    const generator = graph.has(edge, EDGE_GENERATOR);
    const low = graph.arrays.commandHash[2 * edge]!;
    const high = graph.arrays.commandHash[2 * edge + 1]!;
    for (const output of graph.outs(edge)) {
      const time = times.get(output);
      if (time === 0n) return {why: 'output-missing', output};
      const recorded = records.logMtime(output);
      // A restat edge may have left its output alone; its record then tells when it last ran.
      const usesRecord = restat && recorded !== NO_ENTRY;
      if (!usesRecord && newest >= 0 && time < newestTime) {
        return {why: 'output-older', output, input: newest, by: newestTime - time};
      }
      if (recorded === NO_ENTRY) {
        if (!generator) return {why: 'never-built', output};
        continue;
      }
      if (!generator && !records.logHashEquals(output, low, high)) return {why: 'command-changed', output};
      if (newest >= 0 && recorded < newestTime) {
        return {why: 'record-older', output, input: newest, by: newestTime - recorded};
      }
    }
    return undefined;
  }

  /** By {@link #time}, without a BigInt where nothing stands for a file: of all comparisons these are most. */
  #isNewer(one: NodeId, other: NodeId): boolean {
    if (this.#phonyTimes.size > 0) return this.#time(one) > this.#time(other);
    return this.#sources.times.isNewer(one, other);
  }

  #time(node: NodeId): bigint {
    const time = this.#sources.times.get(node);
    return time === 0n ? (this.#phonyTimes.get(node) ?? 0n) : time;
  }

  #setDirty(node: NodeId, dirty: boolean): void {
    if (node >= this.#nodeDirty.length) {
      const wider = new Uint8Array(Math.max(node + 1, this.#sources.graph.nodeCount));
      wider.set(this.#nodeDirty);
      this.#nodeDirty = wider;
    }
    this.#nodeDirty[node] = dirty ? 1 : 0;
  }

  #cycle(stack: readonly Frame[], node: NodeId, edge: EdgeId): FailureError {
    const {graph} = this.#sources;
    const from = stack.findIndex(frame => frame.edge === edge);
    const names = stack.slice(from).map(frame => graph.path(frame.via));
    // Begin with the node that closes the cycle, not with another output of the same edge.
    names[0] = graph.path(node);
    const phony = names.length === 1 && graph.isPhony(edge) ? ' [-w phonycycle=err]' : '';
    return new FailureError({
      reason: 'manifest-invalid',
      file: 'build.ninja',
      text: `dependency cycle: ${[...names, names[0]].join(' -> ')}${phony}`,
    });
  }
}
