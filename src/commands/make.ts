/** `llama make`: the user's make, once, with a stub in the compilers' place that asks us. Nothing of the project is changed. */
import {existsSync, mkdirSync, realpathSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {join, resolve} from 'node:path';
import {CloudPolicy} from '../engine/cloud-policy.ts';
import {combine} from '../event.ts';
import {FailureError} from '../failure.ts';
import {Interposer} from '../make/interposer.ts';
import {Jobserver} from '../make/jobserver.ts';
import {findMake, type MakeProgram} from '../make/make-program.ts';
import {inheritedWords, JOBSERVER_FDS, makeFlags, readMakeWords, takesNamedPipe} from '../make/make-words.ts';
import type {Answer, Question} from '../make/question.ts';
import {StubServer} from '../make/stub-server.ts';
import type {MakeOptions} from '../options/make-options.ts';
import {storeLimit, storePlace} from '../options/store-place.ts';
import {Processes} from '../process.ts';
import {digestOf} from '../protocol/digest.ts';
import {MakeDisplay} from '../ui/make-display.ts';
import {SummaryCollector} from '../ui/summary.ts';
import {markWorked} from './build.ts';
import {chooseCloud} from './cloud-choice.ts';
import {Interruption, STATUS} from './interruption.ts';
import {LoopDelay} from './loop-delay.ts';
import {MakeCompiles} from './make-compiles.ts';
import {checkSummaryPlace, writeSummary} from './summary-file.ts';

/** More than a pipe has room for would wait for ever. */
const MOST_JOBS = 60_000;

/** `began`: as `performance.now()`, when the program started. Answers the exit status. */
export async function make(options: MakeOptions, began: number): Promise<number> {
  const {build} = options;
  checkSummaryPlace(build.summary);
  const read = readMakeWords(options.words);
  const inherited = readMakeWords(inheritedWords(process.env.MAKEFLAGS ?? '')).jobs;
  const directory = directoryOf(read.directories);
  const program = findMake(process.env);
  const asked = read.jobs ?? inherited;
  const localJobs = build.localJobs ?? (typeof asked === 'number' ? asked : availableParallelism());
  if (localJobs < 1 || localJobs > MOST_JOBS) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `-j takes a whole number of at least 1 and at most ${MOST_JOBS}`,
    });
  }
  markWorked();
  const loopDelay = new LoopDelay();
  loopDelay.work();
  const collector = new SummaryCollector();
  const display = new MakeDisplay({
    isQuiet: build.progress === 'none',
    tellsLocal: options.whyLocal,
    stream: process.stderr,
  });
  const report = combine(
    () => loopDelay.work(),
    event => collector.add(event),
    event => display.show(event),
  );
  const interruption = new Interruption({onFirst: () => {}, onSecond: () => {}});
  const processes = new Processes();
  const cacheDir = storePlace(build.store, process.env);
  const stateDir = join(cacheDir, 'make', digestOf(directory).slice(0, 16));
  mkdirSync(stateDir, {recursive: true});
  let interposer: Interposer | undefined;
  let jobserver: Jobserver | undefined;
  let server: StubServer | undefined;
  try {
    const {cloud, width} = await chooseCloud(build, {
      storeDir: cacheDir,
      storeLimit: storeLimit(process.env),
      processes,
      directory,
      env: process.env,
      warn: text => report({type: 'note', level: 'warning', text}),
    });
    interposer = await Interposer.open({env: process.env, cacheDir, make: program.path});
    jobserver = Jobserver.open(interposer.directory, localJobs);
    const policy = new CloudPolicy({
      isAway: cloud.isAway,
      // How much is to come nobody knows.
      remoteOnly: true,
      maxCost: build.maxCost,
      fallsBack: build.fallback,
      cost: cloud.cost,
    });
    const compiles = new MakeCompiles({
      cloud,
      width,
      jobserver,
      cacheDir,
      stateDir,
      env: {...process.env},
      umask: process.umask(),
      useCache: build.cache,
      fallsBack: policy.fallsBack,
      reasonToStay: () => policy.reasonToStay({waiting: 0, freeCores: 0}),
      report,
    });
    const told = new Set<string>();
    const answer = async (question: Question, signal: AbortSignal): Promise<Answer> => {
      if (question.kind === 'compile') return compiles.answer(question, signal);
      const text = `'${question.words.join(' ')}' sets a number of jobs of its own, which --local-jobs does not hold`;
      if (!told.has(text)) report({type: 'note', level: 'warning', text});
      told.add(text);
      return {kind: 'real'};
    };
    server = await StubServer.listen(interposer.socket, {
      answer,
      onFault: error => report({type: 'note', level: 'warning', text: `a compile runs here: ${error}`}),
    });
    report({type: 'cloud-ready', text: `make ${program.version} · ${cloud.description}`});
    const status = await runMake(program, {
      words: read.words,
      interposer,
      jobserver,
      localJobs,
      processes,
      signal: interruption.signal,
    });
    const interruptedBy = status === 0 ? interruption.name : await interruption.nameAfterFailure();
    await compiles.close({isWhole: status === 0 && interruptedBy === undefined});
    await cloud.close();
    report({type: 'build-planned', name: '', compiles: 0, others: 0, edgesTotal: compiles.count});
    const summary = collector.summary({
      result: interruptedBy !== undefined ? 'interrupted' : status === 0 ? 'built' : 'failed',
      began,
      counts: cloud.counts,
      cost: cloud.cost(),
      discoveryCpu: compiles.discoveryCpu,
      ninjaRuns: 0,
      loopDelayMax: loopDelay.max,
    });
    report({type: 'build-finished', result: summary.result, summary});
    if (build.summary !== undefined) {
      writeSummary(build.summary, summary);
    }
    return interruptedBy === undefined ? status : STATUS[interruptedBy];
  } finally {
    loopDelay.close();
    interruption.close();
    server?.close();
    await jobserver?.close();
    interposer?.close();
    processes.close();
  }
}

interface MakeRun {
  readonly words: readonly string[];
  readonly interposer: Interposer;
  readonly jobserver: Jobserver;
  readonly localJobs: number;
  readonly processes: Processes;
  readonly signal: AbortSignal;
}

/** Answers make's exit status. */
async function runMake({path, version}: MakeProgram, run: MakeRun): Promise<number> {
  const {words, interposer, jobserver, localJobs, processes, signal} = run;
  const env = {
    ...interposer.env,
    MAKEFLAGS: makeFlags(interposer.env.MAKEFLAGS, {jobs: localJobs, path: jobserver.path, version}),
  };
  const command = [path, ...words];
  // Only a shell can hand over descriptors by their numbers.
  const opening = JOBSERVER_FDS.map(fd => `${fd}<>"$0"`).join(' ');
  const [file, ...args] = takesNamedPipe(version)
    ? command
    : ['/bin/sh', '-c', `exec ${opening}; exec "$@"`, jobserver.path, ...command];
  const {exitCode} = await processes.run(file!, args, {env, stdio: 'inherit', abortWith: 'tree', signal});
  return exitCode;
}

/** Where make will be after its `-C`. @throws FailureError */
function directoryOf(directories: readonly string[]): string {
  const directory = resolve(process.cwd(), ...directories);
  if (existsSync(directory)) return realpathSync(directory);
  throw new FailureError({reason: 'option-invalid', text: `-C: there is no directory '${directory}'`});
}
