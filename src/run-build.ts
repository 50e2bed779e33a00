/**
 * One build with work in it: takes the directory, plans, runs the plan, records, hands over to ninja. The one place
 * where front ends, scheduler and cloud meet.
 */
import {setMaxListeners} from 'node:events';
import {accessSync, constants, mkdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {chooseCloud} from './cloud-choice.ts';
import {CloudPolicy} from './cloud-policy.ts';
import {type DirectoryLock, lockDirectory, ninjaGone} from './directory-lock.ts';
import {debugTeller, dryRun} from './dry-run.ts';
import {Engine} from './engine.ts';
import {combine, type Report} from './event.ts';
import {FailureError} from './failure.ts';
import {STATE_DIR} from './frontends/project.ts';
import {type BuildContext, descriptionStat, type Load, type Look, lookAt} from './look.ts';
import {LoopDelay} from './loop-delay.ts';
import {ownCommands} from './own-command.ts';
import {Processes} from './process.ts';
import {prepareStore} from './remote/embedded/embedded-cloud.ts';
import {print} from './standard-output.ts';
import {storeLimit, storePlace} from './store-place.ts';
import {createDisplay} from './ui/display.ts';
import {SummaryCollector} from './ui/summary.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const STATUS = {SIGHUP: 129, SIGINT: 130, SIGTERM: 143} as const;

/** What was found before the directory was taken. */
export interface First {
  /** True as of the start; it is renewed if somebody else built meanwhile. */
  readonly look: Look;
  /** Nothing was to be done then. */
  readonly isIdle: boolean;
  readonly load: Load;
}

/** Answers the exit status. */
export async function runBuild(context: BuildContext, first: First): Promise<number> {
  const {options, location} = context;
  if (options.dryRun) {
    const storeDir = storePlace(options.store, process.env);
    if (options.debug.has('local')) prepareStore(storeDir);
    const {targets} = location;
    const text = await dryRun(first.look, {options, targets, storeDir, env: process.env});
    if (text !== '') print(text);
    return 0;
  }
  checkSummaryPlace(options.summary);
  const limit = storeLimit(process.env);
  const storeDir = storePlace(options.store, process.env);
  const loopDelay = new LoopDelay();
  loopDelay.work();
  const processes = new Processes();
  const collector = new SummaryCollector();
  const display = createDisplay(displayOptions(context));
  const report = combine(
    () => loopDelay.work(),
    event => collector.add(event),
    display.report,
  );
  const interruption = new Interruption({
    onFirst: name => {
      const again = name === 'SIGINT' ? ' (Ctrl-C again ends at once)' : '';
      notice(report, `stopping; what is finished will be recorded${again}`);
    },
    onSecond: () => display.close(),
  });
  const stateDir = join(location.directory, STATE_DIR);
  prepareStateDir(stateDir);
  let lock: DirectoryLock | undefined;
  let hasWaited = false;
  const tellWait = (who: string) => {
    hasWaited = true;
    notice(report, `${who}; waiting`);
  };
  try {
    const {cloud, width} = await chooseCloud(options, {
      storeDir,
      storeLimit: limit,
      processes,
      directory: location.directory,
      env: process.env,
      warn: text => report({type: 'note', level: 'warning', text}),
    });
    // Its start takes as long as all that comes before the first compile here.
    if (!first.isIdle) cloud.invoker.warm?.(1);
    lock = await lockDirectory(location.directory, {
      stateDir,
      onWait: holder => {
        const who = holder.pid === 0 ? 'another llama' : `llama (process ${holder.pid})`;
        tellWait(`${who} is building in ${location.shown}`);
      },
      signal: interruption.signal,
    });
    if (!lock) throw new FailureError({reason: 'interrupted', signal: interruption.name ?? 'SIGINT'});
    await ninjaGone(location.directory, {
      onWait: holder => tellWait(`${holder.name} (process ${holder.pid}) is building here`),
      signal: interruption.signal,
    });
    // Left by a build that was killed; nobody else can be using it.
    rmSync(join(stateDir, 'tmp'), {recursive: true, force: true});
    const look = lockedLook(context, {...first, hasWaited});
    for (const text of look.project.warnings) report({type: 'note', level: 'warning', text});
    report({type: 'cloud-ready', text: cloud.description});
    const engine = new Engine({
      options,
      policy: new CloudPolicy({
        isAway: cloud.isAway,
        remoteOnly: options.remoteOnly,
        maxCost: options.maxCost,
        fallsBack: options.fallback,
        cost: cloud.cost,
      }),
      location,
      processes,
      cloud,
      cacheDir: storeDir,
      width,
      localJobs: options.localJobs ?? availableParallelism(),
      report,
      load: first.load,
      onLook: debugTeller({debug: options.debug, storeDir, env: process.env}, text =>
        report({type: 'listing', text}),
      ),
      signal: interruption.signal,
      // The system's own is asked anew for each name.
      environment: {...process.env},
      umask: process.umask(),
    });
    const result = await engine.run(look);
    // A signal that came when everything was built changes nothing.
    const interruptedBy = result ? undefined : interruption.name;
    await cloud.close();
    const summary = collector.summary({
      result: interruptedBy !== undefined ? 'interrupted' : result ? 'built' : 'failed',
      began: context.began,
      counts: cloud.counts,
      cost: cloud.cost(),
      discoveryCpu: engine.discoveryCpu,
      ninjaRuns: engine.ninjaRuns,
      loopDelayMax: loopDelay.max,
    });
    report({type: 'build-finished', result: summary.result, summary});
    if (options.summary !== undefined) {
      writeFileSync(resolve(options.summary), `${JSON.stringify(summary, undefined, 2)}\n`);
    }
    if (interruptedBy !== undefined) return STATUS[interruptedBy];
    return result ? 0 : 1;
  } catch (error) {
    // Whatever else is under way must not start anything more.
    interruption.abort();
    throw error;
  } finally {
    display.close();
    loopDelay.close();
    interruption.close();
    processes.close();
    lock?.release();
  }
}

/** What is dirty now that the directory is ours. */
function lockedLook(context: BuildContext, first: First & {hasWaited: boolean}): Look {
  const {project, stat} = first.look;
  // Between the first look and the lock another build may have ended here; the files tell. After a wait sources may have
  // been edited too.
  if (descriptionStat(project) === stat && !first.hasWaited) return first.look;
  return lookAt(first.load(), context.location.targets);
}

function displayOptions({options, location}: BuildContext): Parameters<typeof createDisplay>[0] {
  const isTerminal = process.stderr.isTTY === true;
  const noColor = (process.env.NO_COLOR ?? '') !== '';
  const mode =
    options.progress === 'none'
      ? 'none'
      : options.progress === 'auto' && isTerminal && !noColor && process.env.TERM !== 'dumb'
        ? 'bar'
        : 'plain';
  return {
    mode,
    verbose: options.verbose,
    advice: ownCommands(options, location),
    verifies: options.verify > 0,
    color: isTerminal && !noColor,
    stream: process.stderr,
  };
}

function notice(report: Report, text: string): void {
  report({type: 'note', level: 'notice', text});
}

/** Better before the build than after it. */
function checkSummaryPlace(file: string | undefined): void {
  if (file === undefined) return;
  const path = resolve(file);
  try {
    const there = statSync(path, {throwIfNoEntry: false});
    if (there?.isDirectory()) throw new Error('it is a directory');
    accessSync(there ? path : dirname(path), constants.W_OK);
  } catch (error) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `--summary: cannot write '${file}': ${(error as Error).message}`,
    });
  }
}

function prepareStateDir(stateDir: string): void {
  try {
    mkdirSync(stateDir, {recursive: true});
    // A build directory may lie in a source tree.
    writeFileSync(join(stateDir, '.gitignore'), '*\n');
  } catch (error) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `cannot write to '${stateDir}': ${(error as Error).message}`,
      hint: 'the build directory has to be writable',
    });
  }
}

/** The first signal stops the build in order; the second ends the process at once. */
class Interruption {
  readonly #controller = new AbortController();
  readonly #handler: (name: (typeof SIGNALS)[number]) => void;
  name: (typeof SIGNALS)[number] | undefined;

  constructor(told: {onFirst: (name: (typeof SIGNALS)[number]) => void; onSecond: () => void}) {
    this.#handler = name => {
      if (this.name !== undefined) {
        told.onSecond();
        process.exit(STATUS[name]);
      }
      this.name = name;
      told.onFirst(name);
      this.#controller.abort();
    };
    // Each compile that is under way listens.
    setMaxListeners(0, this.#controller.signal);
    for (const signal of SIGNALS) process.on(signal, this.#handler);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#handler);
  }
}
