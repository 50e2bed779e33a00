/**
 * The rounds of a build: plan, run, record, look again; until nothing is left but what the user's ninja is to judge.
 * Holds what lives from one build to the next: files, digests, toolchains.
 */
import {join} from 'node:path';
import {ninjaGone, runningNinja} from '../directory-lock.ts';
import {canonicalPath} from '../frontends/ninja/canonical-path.ts';
import {NinjaExecutor} from '../frontends/ninja/ninja-executor.ts';
import {Recorder} from '../frontends/ninja/recorder.ts';
import {type Project, STATE_DIR} from '../frontends/project.ts';
import {startStamp} from '../frontends/start-stamp.ts';
import {DiscoveredNodes} from '../graph/discovered-nodes.ts';
import type {Executor} from '../graph/executor.ts';
import {FileState} from '../graph/file-state.ts';
import {EDGE_DEPS_GCC, type EdgeId} from '../graph/graph.ts';
import {statFrom} from '../graph/node-times.ts';
import {Discovery} from '../remote/discovery.ts';
import {Epochs} from '../remote/epochs.ts';
import {InputSender} from '../remote/input-sender.ts';
import {Materialiser} from '../remote/materialise.ts';
import {RemoteExecutor} from '../remote/remote-executor.ts';
import {Toolchains} from '../remote/toolchains.ts';
import {Waiting} from '../remote/waiting.ts';
import {LocalExecutor} from '../scheduler/local-executor.ts';
import {Plan} from '../scheduler/plan.ts';
import {criticalPath} from '../scheduler/priority.ts';
import {Scheduler, type SchedulerEnd} from '../scheduler/scheduler.ts';
import {Slots} from '../scheduler/slots.ts';
import {TOKENS_VERSION} from '../toolchain/include-tokens.ts';
import {Departures} from './cloud-policy.ts';
import {costNotice} from './cost-notice.ts';
import {EdgeRuns} from './edge-runs.ts';
import type {EngineOptions} from './engine-options.ts';
import {Lanes} from './lanes.ts';
import {isManifestDirty, type Look, lookAt} from './look.ts';
import {feedingEdges, PendingFiles} from './pending-files.ts';
import {PlanAnew} from './plan-anew.ts';
import {countCommands, PlannedCompiles} from './planned-compiles.ts';
import {preparers} from './preparers.ts';
import {regenerate} from './regenerate.ts';
import {unknownRules} from './remote-rules.ts';
import {staleReaders} from './stale-readers.ts';
import {Verifier} from './verify.ts';

/** Ninja gives a manifest that never gets up to date this many chances. */
const MOST_REGENERATIONS = 100;
/** Left alone while compiles go to the cloud: sending them is work too. */
const CLIENT_CORES = 1;

export class Engine {
  readonly #options: EngineOptions;
  readonly #directory: string;
  readonly #files = new FileState();
  readonly #epochs: Epochs;
  readonly #discovery: Discovery;
  readonly #sender: InputSender;
  readonly #toolchains: Toolchains;
  readonly #materialiser: Materialiser;
  readonly #localSlots: Slots;
  readonly #tellCost: (planned: PlannedCompiles) => void;
  readonly #warned = new Set<string>();
  readonly #takeStamp = () => startStamp(this.#statePath('stamp'));
  /** Ninja processes started. */
  ninjaRuns = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#directory = options.location.directory;
    this.#epochs = new Epochs(this.#files, this.#takeStamp);
    this.#discovery = new Discovery(this.#files, options.cacheDir);
    this.#sender = new InputSender(options.cloud.store, {
      system: join(options.cacheDir, 'lists.json'),
      own: this.#statePath('lists.json'),
    });
    this.#toolchains = new Toolchains({
      store: options.cloud.store,
      cacheDir: options.cacheDir,
      env: options.environment,
    });
    this.#materialiser = new Materialiser(this.#statePath('tmp'));
    this.#localSlots = new Slots(options.localJobs);
    this.#tellCost = costNotice({
      cloud: options.cloud,
      sentBefore: this.#statePath('lists.json'),
      tell: text => this.#note(text),
    });
    this.#files.load(this.#statePath('files'), TOKENS_VERSION);
  }

  /** Ninja was asked to make the manifest in this build and left it as it was: it is not asked again. */
  #isManifestFresh = false;

  #done = new EdgeRuns();
  #failed = new EdgeRuns();
  #project: Project | undefined;
  #restart: ((names: {has(name: string): boolean}) => number) | undefined;

  /** What there is to do, apart from what the last build has done in vain. @throws FailureError */
  look(project: Project): Look {
    return lookAt(project, this.#options.location.targets, {
      isManifestFresh: this.#isManifestFresh,
      isDone: edge => this.#done.has(project.graph, edge),
    });
  }

  /** What is not written now stays in the journal. */
  async #flush(recorder: Recorder): Promise<boolean> {
    const {signal} = this.#options;
    const isGone = await ninjaGone(this.#directory, {
      onWait: holder => this.#note(`${holder.name} (process ${holder.pid}) is building here; waiting`),
      signal,
    });
    return isGone && recorder.flush();
  }

  #isManifestDirty(project: Project): boolean {
    return !this.#isManifestFresh && isManifestDirty(project);
  }

  /** What is known of the files that compiles have read, or would have. */
  get files(): FileState {
    return this.#files;
  }

  /** Milliseconds of CPU that discovery took. */
  get discoveryCpu(): number {
    return this.#discovery.cpu;
  }

  /** As the last build left it, what was recorded included; undefined before the first one. */
  get project(): Project | undefined {
    return this.#project;
  }

  /** Starts compiles anew that are on their way and read one of these nodes, by name, as it was. Answers how many. */
  restartReaders(names: {has(name: string): boolean}): number {
    return this.#restart?.(names) ?? 0;
  }

  /** True where everything was built. @throws FailureError for a description that cannot be built from */
  async run(first: Look): Promise<boolean> {
    this.#isManifestFresh = false;
    this.#done = new EdgeRuns();
    this.#failed = new EdgeRuns();
    this.#epochs.end();
    let look = first;
    this.#project = look.project;
    let recorder = this.#recorder(look.project);
    if (recorder.takenOver > 0) {
      this.#note(`took over ${recorder.takenOver} finished by an interrupted build`);
      look = this.look(look.project);
    }
    try {
      for (let regenerations = 0; ; ) {
        await this.#options.onLook(look);
        if (look.mustRegenerate) {
          await this.#flush(recorder);
          const {file} = look.project;
          if (++regenerations > MOST_REGENERATIONS) {
            const {description} = this.#options.location;
            this.#warn(`manifest '${description}' still dirty after ${MOST_REGENERATIONS} tries`);
            return false;
          }
          const before = statFrom(this.#directory)(file);
          this.ninjaRuns++;
          if (!(await regenerate(look.project, this.#options))) return false;
          this.#epochs.end();
          this.#isManifestFresh = statFrom(this.#directory)(file) === before;
          recorder.close();
          look = this.look(this.#options.load());
          this.#project = look.project;
          recorder = this.#recorder(look.project);
          continue;
        }
        const end = await this.#runPlan(look, recorder);
        if (end === 'stopped') return false;
        if (end === 'replan' || (this.#failed.size === 0 && this.#isManifestDirty(look.project))) {
          look = this.look(look.project);
          continue;
        }
        const isRecorded = await this.#flush(recorder);
        const stamps = recorder.logStamps;
        if (isRecorded && stamps) look.project.saveSnapshot(stamps);
        return this.#failed.size === 0;
      }
    } finally {
      // Not worth waiting for: what a ninja keeps from being written now is in the journal.
      if (recorder.hasPending && !runningNinja(this.#directory)) recorder.flush();
      recorder.close();
      this.#saveFiles();
    }
  }

  #saveFiles(): void {
    try {
      this.#files.save(this.#statePath('files'), TOKENS_VERSION);
    } catch {
      // A full disk: the next build reads the files again, and nothing else.
    }
  }

  /** Runs everything that may run. */
  async #runPlan(look: Look, recorder: Recorder): Promise<SchedulerEnd> {
    const {options, cloud, width, report, signal, environment, policy} = this.#options;
    const {project, freshness} = look;
    const {graph} = project;
    const plan = new Plan(graph, freshness, look.roots);
    for (const edge of [...plan.unfinished()]) if (this.#failed.has(graph, edge)) plan.giveUp(edge);
    const verifier = new Verifier({
      share: options.verify,
      directory: this.#directory,
      warn: text => this.#warn(text),
      onCompared: outcome => report({type: 'compile-verified', outcome}),
    });
    const planAnew = new PlanAnew({isManifestDirty: () => this.#isManifestDirty(project)});
    const {remoteRules} = this.#options;
    const lanes = new Lanes(project, {env: environment, distrusted: verifier.distrusted, remoteRules});
    for (const line of unknownRules(graph, remoteRules)) this.#warn(line);
    const unfinished = [...plan.unfinished()];
    const planned = new PlannedCompiles(project, lanes, unfinished);
    const compiles = planned.edges.length;
    const {localJobs} = this.#options;
    const departures = new Departures(policy, {durations: planned.durations, cores: localJobs});
    report({
      type: 'build-planned',
      name: project.name,
      compiles,
      others: unfinished.length - compiles,
      edgesTotal: countCommands(graph),
    });
    this.#tellCost(planned);
    const leaving = unfinished.filter(edge => lanes.laneOf(edge) === 'remote').length;
    if (leaving > 0) cloud.invoker.warm?.(leaving);
    const weightOf = criticalPath(graph, plan, edge => project.records.duration(graph.outs(edge)[0]!));
    const discovered = new DiscoveredNodes({graph, records: project.records, canonicalPath});
    const nodesOf = (edge: EdgeId, paths: readonly string[]) => discovered.of(edge, paths);
    const local = new LocalExecutor({
      graph,
      directory: this.#directory,
      directoryOf: edge => project.directoryOf(edge),
      processes: this.#options.processes,
      takeStamp: this.#takeStamp,
      nodesOf,
      depfileDialect: project.depfileDialect,
      depfileUse: edge =>
        !graph.has(edge, EDGE_DEPS_GCC) ? 'leave' : project.kind === 'ninja' ? 'take' : 'read',
      reasonOf: edge => lanes.reasonOf(edge),
    });
    const ninja = this.#ninjaExecutor(look, local);
    const feeding = feedingEdges(graph, unfinished, edge => lanes.isCompile(edge));
    const pending = new PendingFiles({
      graph,
      directory: this.#directory,
      edges: feeding,
      isUnfinished: edge => plan.isUnfinished(edge),
    });
    const waiting = policy.takesBack
      ? new Waiting({room: () => (scheduler.isStopping ? 0 : this.#localSlots.free - CLIENT_CORES)})
      : undefined;
    // After those who were waiting for a core have been given theirs.
    this.#localSlots.onFree = waiting && (() => setImmediate(() => waiting.takeBack()));
    const remote = new RemoteExecutor({
      graph,
      directory: this.#directory,
      prepare: preparers({
        look,
        lanes,
        files: this.#files,
        toolchains: this.#toolchains,
        discovery: this.#discovery,
        environment,
        umask: this.#options.umask,
        warn: text => this.#warn(text),
      }),
      umask: this.#options.umask,
      cloud,
      files: this.#files,
      epochs: this.#epochs,
      toolchains: this.#toolchains,
      sender: this.#sender,
      materialiser: this.#materialiser,
      useCache: options.cache,
      canonicalPath,
      depfileDialect: project.depfileDialect,
      expected: edge => planned.before(edge),
      isMadeName: name => pending.hasName(name),
      pendingProducers: (files, names) => pending.producersOf(files, names),
      runLocally: (edge, abort, reason) => this.#runLocally(local, edge, {signal: abort, reason}),
      isCaptured: true,
      depsFrom: project.kind === 'ninja' ? 'depfile' : 'observed',
      nodesOf,
      warn: text => this.#warn(text),
      reasonToStay: edge => departures.reasonToStay(edge, this.#localSlots.free),
      fallsBack: policy.fallsBack,
      waiting,
      isWanted: () => !scheduler.isStopping,
    });
    const scheduler: Scheduler = new Scheduler({
      graph,
      plan,
      times: look.times,
      laneOf: edge => lanes.laneOf(edge),
      isCompile: edge => lanes.isCompile(edge),
      weightOf,
      executors: {
        remote: verifier.wrap(remote, {
          lanes,
          graph,
          runLocally: (edge, abort) => this.#runLocally(local, edge, {signal: abort, reason: 'verified'}),
          forgetResult: edge => remote.forgetResult(edge),
        }),
        local,
        ninja: lanes.telling(ninja),
      },
      remoteLimit: width + cloud.preparedAhead,
      remoteRefill: width + cloud.preparedAhead - cloud.preparedAtOnce,
      localSlots: this.#localSlots,
      failuresAllowed:
        (options.keepGoing === 0 ? Number.POSITIVE_INFINITY : options.keepGoing) - this.#failed.size,
      report,
      signal,
      onStart: edge => recorder.start(edge),
      onDone: (edge, done) => {
        if (lanes.mayTravel(edge)) departures.end(edge);
        this.#done.add(graph, edge);
        recorder.record(edge, done.record);
        if (feeding.has(edge)) this.#epochs.end();
      },
      onLocalEnd: edge => {
        this.#epochs.end();
        return planAnew.mustFollow(look, edge);
      },
    });
    this.#restart = names => {
      const readers = staleReaders(scheduler.away, {graph, freshness, names});
      if (readers.length > 0) this.#epochs.end();
      for (const edge of readers) scheduler.cancel(edge);
      return readers.length;
    };
    const end = await scheduler.run();
    this.#restart = undefined;
    for (const edge of scheduler.failed) this.#failed.add(graph, edge);
    this.ninjaRuns += ninja.runs;
    return end;
  }

  /** Runs a compile here that was to run elsewhere, within the same limit as all that runs here. */
  async #runLocally(
    local: LocalExecutor,
    edge: EdgeId,
    {signal, reason}: {signal: AbortSignal; reason: string},
  ): ReturnType<Executor['run']> {
    await this.#localSlots.acquire();
    try {
      if (signal.aborted) return {kind: 'cancelled'};
      return await local.runFor(edge, signal, reason);
    } finally {
      this.#localSlots.release();
    }
  }

  #ninjaExecutor({project, freshness}: Look, otherwise: Executor): NinjaExecutor {
    return new NinjaExecutor({
      graph: project.graph,
      directory: this.#directory,
      stateDir: STATE_DIR,
      ninja: project.ninja?.path ?? 'ninja',
      processes: this.#options.processes,
      statMtime: statFrom(this.#directory),
      discoveredIns: edge => freshness.discoveredIns(edge),
      otherwise,
    });
  }

  #recorder(project: Project): Recorder {
    return new Recorder({
      graph: project.graph,
      records: project.records,
      directory: this.#directory,
      files: project.files,
      depsIndex: project.depsIndex,
      onProblem: text => this.#warn(text),
    });
  }

  #statePath(name: string): string {
    return join(this.#directory, STATE_DIR, name);
  }

  #note(text: string): void {
    this.#options.report({type: 'note', level: 'info', text});
  }

  /** Each thing once, however many compiles it hits. */
  #warn(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#options.report({type: 'note', level: 'warning', text});
  }
}
