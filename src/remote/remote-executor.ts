/**
 * One compile by a worker, from top to bottom: which compiler, which inputs, known already?, upload, invoke, look
 * whether the worker saw the user's tree, put the outputs in place. What cannot be done so runs here, under a name.
 */
import type {EdgeOutcome, Executor} from '../graph/executor.ts';
import type {FileState} from '../graph/file-state.ts';
import type {EdgeId} from '../graph/graph.ts';
import type {Digest} from '../protocol/digest.ts';
import {type ActionResult, PROTOCOL_VERSION} from '../protocol/invocation.ts';
import {pathsOf} from '../protocol/path-groups.ts';
import type {DepfileDialect} from '../toolchain/depfile.ts';
import type {Inputs} from '../toolchain/input-finder.ts';
import {type CachedResult, type Cloud, InvocationError, StoreError} from './cloud.ts';
import {Delivery} from './delivery.ts';
import {absoluteIn} from './discovery.ts';
import type {Epochs} from './epochs.ts';
import {CannotPlace, cloudFailure, InputChanged, isFileError, placing, StayLocal} from './fault.ts';
import type {InputSender} from './input-sender.ts';
import {holds, makeInputSet} from './input-set.ts';
import {type Invoked, invokeWithRetry} from './invoke.ts';
import {MadeInputs} from './made-inputs.ts';
import type {Materialiser} from './materialise.ts';
import {changedMeanwhile, digestsSent, wasKilled} from './observed-run.ts';
import {actionOf, type EdgeFacts, type Foreseen, firstKey, mayBeKept, type Prepared} from './prepared.ts';
import type {Toolchains} from './toolchains.ts';
import type {Waiting, Way} from './waiting.ts';

export interface RemoteExecutorOptions {
  readonly graph: EdgeFacts;
  readonly directory: string;
  /** @throws StayLocal */
  readonly prepare: (edge: EdgeId) => Promise<Prepared>;
  readonly umask: number;
  readonly cloud: Cloud;
  readonly files: FileState;
  readonly epochs: Epochs;
  readonly toolchains: Toolchains;
  readonly sender: InputSender;
  readonly materialiser: Materialiser;
  readonly useCache: boolean;
  /** Told of each compile whose result is not known, so that a worker will be needed. */
  readonly onMiss?: () => void;
  readonly depfileDialect: DepfileDialect;
  readonly canonicalPath: (path: string) => string;
  /** What it took the last time, in ms; 0 where that is not known. */
  readonly expected: (edge: EdgeId) => number;
  /** Whether an edge of the build may make a file by this name. */
  readonly isMadeName: (name: string) => boolean;
  /** Unfinished edges that make one of these files, or a file by one of these names. */
  readonly pendingProducers: (files: readonly string[], names: readonly string[]) => readonly EdgeId[];
  /** Runs the edge on this machine, counted under `reason`. */
  readonly runLocally: (edge: EdgeId, signal: AbortSignal, reason: string) => Promise<EdgeOutcome>;
  /**
   * True where both streams of a command go one way, and what a failed one has left does not count. Else one that prints to
   * standard output runs here, and what a failed one wrote besides its output is put in place.
   */
  readonly isCaptured: boolean;
  /** See {@link DeliveryOptions}. */
  readonly depsFrom: 'depfile' | 'observed';
  /** See {@link DeliveryOptions}. */
  readonly nodesOf: (edge: EdgeId, paths: readonly string[]) => Int32Array;
  readonly warn: (text: string) => void;
  /** Asked when a compile is about to go: why it had better run here. */
  readonly reasonToStay: (edge: EdgeId) => string | undefined;
  /** Whether a compile that the cloud fails runs here instead. */
  readonly fallsBack: boolean;
  /** Undefined where nothing is gained by taking a compile back. */
  readonly waiting: Waiting | undefined;
  /** False once nothing more is to be started. */
  readonly isWanted: () => boolean;
}

const TIME_LIMIT = 890_000;
/** A store that cannot be used is left alone for this long, in ms. */
const STORE_PAUSE = 30_000;

function unlessInputChanged(error: unknown): undefined {
  if (!(error instanceof InputChanged)) throw error;
}

export class RemoteExecutor implements Executor {
  readonly #options: RemoteExecutorOptions;
  readonly #delivery: Delivery;
  readonly #madeInputs: MadeInputs;
  /** When the store last refused its service; to try it with each compile would cost more than the compiles. */
  #storeFailedAt = Number.NEGATIVE_INFINITY;
  /** First keys of the edges that were looked up or kept. */
  readonly #keys = new Map<EdgeId, {readonly key: Digest; readonly toolchain: Digest}>();

  constructor(options: RemoteExecutorOptions) {
    this.#options = options;
    this.#delivery = new Delivery({...options, store: options.cloud.store});
    this.#madeInputs = new MadeInputs(options);
  }

  async run(edge: EdgeId, signal: AbortSignal): Promise<EdgeOutcome> {
    if (performance.now() - this.#storeFailedAt < STORE_PAUSE)
      return this.#options.runLocally(edge, signal, 'store-failed');
    const hasCome = this.#options.sender.expect();
    try {
      return await this.#run(edge, signal, {hasCome, isPlaced: true});
    } catch (error) {
      if (signal.aborted) return {kind: 'cancelled'};
      if (error instanceof InvocationError && error.reason === 'aborted') return {kind: 'cancelled'};
      if (error instanceof StayLocal) return this.#stayLocal(edge, signal, error);
      const isCloudFault = error instanceof StoreError || error instanceof InvocationError;
      if (isCloudFault && !this.#options.fallsBack) return cloudFailure(error);
      if (error instanceof StoreError) {
        const isStores = error.who === 'client' || !this.#options.cloud.isAway;
        if (error.reason === 'store-failed' && isStores) this.#storeFailedAt = performance.now();
        this.#options.warn(error.message);
        return this.#options.runLocally(edge, signal, error.reason);
      }
      if (error instanceof InvocationError) {
        this.#options.warn(error.message);
        if (error.reason === 'unavailable') this.#storeFailedAt = performance.now();
        return this.#options.runLocally(
          edge,
          signal,
          error.detail === undefined ? `worker-${error.reason}` : `cloud-${error.detail}`,
        );
      }
      if (error instanceof CannotPlace) return error.failure;
      if (isFileError(error)) {
        this.#options.warn(error.message);
        return this.#options.runLocally(edge, signal, 'client-failed');
      }
      throw error;
    } finally {
      hasCome();
    }
  }

  /**
   * Compiles for the result cache alone: nothing is put in place, and nothing is told. What cannot be done so is left to
   * whoever asks for it. Prereq: `useCache`.
   */
  async prefetch(edge: EdgeId, signal: AbortSignal): Promise<void> {
    const hasCome = this.#options.sender.expect();
    try {
      await this.#run(edge, signal, {hasCome, isPlaced: false});
    } catch {
      // Nobody has asked for it yet; whoever does meets the same and is told.
    } finally {
      hasCome();
    }
  }

  async #stayLocal(edge: EdgeId, signal: AbortSignal, {reason, surprise}: StayLocal): Promise<EdgeOutcome> {
    const outcome = await this.#options.runLocally(edge, signal, reason);
    if (surprise !== undefined && outcome.kind === 'done') this.#options.warn(surprise);
    return outcome;
  }

  /** What was kept of this edge's compile is wrong, and must serve nobody. */
  async forgetResult(edge: EdgeId): Promise<void> {
    const known = this.#keys.get(edge);
    if (known) await this.#options.cloud.results.remove(known.key, known.toolchain);
  }

  /** `hasCome`: called as soon as others need not wait for this compile's inputs. `isPlaced`: its outputs are wanted. */
  async #run(
    edge: EdgeId,
    signal: AbortSignal,
    {hasCome, isPlaced}: {readonly hasCome: () => void; readonly isPlaced: boolean},
  ): Promise<EdgeOutcome> {
    const {epochs, files, useCache, cloud} = this.#options;
    const began = performance.now();
    this.#makeDirectories(edge);
    // Also what is looked at by the way is to be of now.
    epochs.current();
    const prepared = await this.#options.prepare(edge);
    let epoch = epochs.current();
    const fixed = prepared.fixedInputs();
    const key = fixed === undefined ? undefined : firstKey(prepared, fixed);
    if (useCache && key !== undefined) {
      this.#keys.set(edge, {key, toolchain: prepared.toolchain});
      const hit = (await cloud.results.lookup(key, prepared.toolchain)).find(result =>
        holds(result.inputs, files),
      );
      if (hit) {
        hasCome();
        if (!isPlaced) return {kind: 'cancelled'};
        // What an unfinished edge makes may be here from an earlier build, and about to change.
        const producers = this.#madeInputs.producersOfPaths(edge, pathsOf(hit.inputs.read), []);
        if (producers.length > 0) return {kind: 'waits', producers};
        const outcome = await this.#finishCached(prepared, {hit, stamp: epoch.stamp, began});
        if (outcome) return outcome;
      }
    }
    this.#options.onMiss?.();
    const more = new Set<string>();
    for (let round = 0; round < prepared.mostRounds; round++) {
      // A later round begins with a new look at the files, so with a new stamp.
      if (round > 0) epoch = epochs.current();
      const foreseen = await prepared.foresee(more, epoch.stamp);
      const {inputs, absentNames} = foreseen;
      const producers = this.#madeInputs.producersOf(edge, inputs, absentNames);
      if (producers.length > 0) return {kind: 'waits', producers};
      hasCome();
      // Nothing would be kept of it.
      if (!isPlaced && !mayBeKept(prepared, foreseen)) return {kind: 'cancelled'};
      const invoked = await this.#invoke(prepared, foreseen, signal).catch(unlessInputChanged);
      if (!invoked || changedMeanwhile(inputs, invoked.result)) {
        epochs.end();
        continue;
      }
      const lacking = await prepared.lacking(invoked.result, foreseen);
      if (lacking.length === 0) {
        return this.#finish(prepared, {
          result: await this.#completed(prepared, invoked.result),
          foreseen,
          stamp: epoch.stamp,
          key,
          isPlaced,
        });
      }
      for (const path of lacking) more.add(path);
    }
    throw new StayLocal('undiscovered-input');
  }

  async #completed({completion}: Prepared, result: ActionResult): Promise<ActionResult> {
    return completion ? completion.complete(result, output => this.#delivery.bytesOf(output)) : result;
  }

  /** As ninja does before it runs a command. A folder that is new is one more thing to look at again. */
  #makeDirectories(edge: EdgeId): void {
    const {graph, directory, materialiser, epochs} = this.#options;
    for (const out of graph.outs(edge)) {
      const path = absoluteIn(directory, graph.path(out));
      if (placing(() => materialiser.ensureDirOf(path))) epochs.end();
    }
  }

  async #invoke(prepared: Prepared, foreseen: Foreseen, signal: AbortSignal): Promise<Invoked> {
    const {cloud, toolchains, sender, umask, reasonToStay} = this.#options;
    const reason = reasonToStay(prepared.edge);
    if (reason !== undefined) throw new StayLocal(reason);
    const {part} = prepared;
    const {inputs, upload} = await sender.send(foreseen.inputs, {
      source: prepared.source,
      made: [...prepared.made, ...(foreseen.standIns ?? [])],
    });
    const action = actionOf(prepared, {inputs, readsClock: foreseen.readsClock, umask});
    const {inlineLimit} = cloud.store;
    const send = (way: Way) =>
      invokeWithRetry({
        ...way,
        cloud,
        request: {version: PROTOCOL_VERSION, action, inlineLimit, timeLimit: TIME_LIMIT},
        upload: async () => {
          await toolchains.upload(part);
          return upload();
        },
        forgetUploads: () => {
          toolchains.forgetUpload(part);
          sender.forget();
        },
        expected: this.#options.expected(prepared.edge),
      });
    const {waiting, isWanted} = this.#options;
    return waiting ? waiting.during({signal, isWanted}, send) : send({signal, isWanted});
  }

  async #finish(
    prepared: Prepared,
    run: {
      result: ActionResult;
      foreseen: Foreseen;
      stamp: bigint;
      key: Digest | undefined;
      isPlaced: boolean;
    },
  ): Promise<EdgeOutcome> {
    const {cloud, files, useCache} = this.#options;
    const {result, foreseen} = run;
    const output = await this.#delivery.textOf(result);
    if (run.isPlaced && !this.#options.isCaptured && result.stdout.size > 0)
      throw new StayLocal('standard-output');
    if (result.exitCode !== 0) {
      if (wasKilled(result, output)) throw new StayLocal('worker-killed');
      if (run.isPlaced && !this.#options.isCaptured) {
        await this.#delivery.place(
          prepared,
          result.outputs.filter(({path}) => path !== prepared.outputs[0]?.path),
        );
      }
      return {
        kind: 'failed',
        place: 'remote',
        output,
        exitCode: result.exitCode,
        duration: result.timing.run,
        isReported: false,
      };
    }
    if (result.missing.length > 0) throw new StayLocal('output-missing');
    const depfile = run.isPlaced ? await this.#delivery.place(prepared, result.outputs) : undefined;
    // Nobody waited with changes for a compile that was not asked for.
    const isAsSeen = run.isPlaced || this.#isAsSeen(foreseen.inputs);
    if (useCache && run.key !== undefined && isAsSeen && mayBeKept(prepared, foreseen)) {
      const inputs = makeInputSet(result.observed, {
        digestSent: digestsSent(foreseen.inputs, files),
        isMade: path => prepared.made.some(file => file.path === path),
        files,
      });
      if (inputs) {
        const {outputs, stdout, stderr} = result;
        await cloud.results.add(run.key, {inputs, outputs, stdout, stderr}, prepared.toolchain);
      }
    }
    return this.#delivery.done(prepared, {
      place: 'remote',
      output,
      depfile,
      read: () => pathsOf(result.observed.read),
      stamp: run.stamp,
      duration: result.timing.run,
    });
  }

  /** Whether all inputs have the bytes that were sent, by a new look. */
  #isAsSeen({files: inputs}: Inputs): boolean {
    const {files, epochs} = this.#options;
    epochs.end();
    epochs.current();
    return inputs.every(({path, file}) => files.digest(path) === file[1]);
  }

  /** Undefined where a blob of the result is gone: the compile then runs again. */
  async #finishCached(
    prepared: Prepared,
    {hit, stamp, began}: {hit: CachedResult; stamp: bigint; began: number},
  ): Promise<EdgeOutcome | undefined> {
    try {
      if (!this.#options.isCaptured && hit.stdout.size > 0) throw new StayLocal('standard-output');
      const output = await this.#delivery.textOf(hit);
      const depfile = await this.#delivery.place(prepared, hit.outputs);
      return this.#delivery.done(prepared, {
        place: 'cached',
        output,
        depfile,
        read: () => pathsOf(hit.inputs.read),
        stamp,
        duration: performance.now() - began,
      });
    } catch (error) {
      if (error instanceof StoreError && error.reason !== 'store-failed') return undefined;
      throw error;
    }
  }
}
