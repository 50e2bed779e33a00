/**
 * What a command that builds holds from its start to its end: the cloud and its workers, child processes, and the engine
 * with all that is known of files. `llama build` builds once in it, `llama watch` many times.
 */
import {existsSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import {lockDirectory, ninjaGone} from '../directory-lock.ts';
import {CloudPolicy} from '../engine/cloud-policy.ts';
import {debugTeller} from '../engine/dry-run.ts';
import {Engine} from '../engine/engine.ts';
import type {BuildContext, Load, Look} from '../engine/look.ts';
import type {Report} from '../event.ts';
import {FailureError} from '../failure.ts';
import {STATE_DIR} from '../frontends/project.ts';
import {remoteRules} from '../options/settings.ts';
import {storeLimit, storePlace} from '../options/store-place.ts';
import {Processes} from '../process.ts';
import type {Cloud} from '../remote/cloud.ts';
import {chooseCloud} from './cloud-choice.ts';
import type {Interruption} from './interruption.ts';

export interface SessionOptions {
  readonly context: BuildContext;
  readonly load: Load;
  readonly report: Report;
  readonly interruption: Interruption;
}

interface Parts {
  readonly cloud: Cloud;
  readonly engine: Engine;
  readonly processes: Processes;
  readonly stateDir: string;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #parts: Parts;

  private constructor(options: SessionOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** @throws FailureError where the settings name no usable cloud, or the directory cannot be written to */
  static async open(options: SessionOptions): Promise<Session> {
    const {context, load, report, interruption} = options;
    const {location, options: flags} = context;
    const storeDir = storePlace(flags.store, process.env);
    const limit = storeLimit(process.env);
    const rules = remoteRules(flags.remoteRules, process.cwd(), process.env);
    const stateDir = join(location.directory, STATE_DIR);
    const processes = new Processes();
    try {
      prepareStateDir(stateDir);
      const {cloud, width} = await chooseCloud(flags, {
        storeDir,
        storeLimit: limit,
        processes,
        directory: location.directory,
        env: process.env,
        warn: text => report({type: 'note', level: 'warning', text}),
      });
      const engine = new Engine({
        options: flags,
        policy: new CloudPolicy({
          isAway: cloud.isAway,
          remoteOnly: flags.remoteOnly,
          maxCost: flags.maxCost,
          fallsBack: flags.fallback,
          cost: cloud.cost,
        }),
        location,
        processes,
        cloud,
        cacheDir: storeDir,
        width,
        localJobs: flags.localJobs ?? flags.presetJobs ?? availableParallelism(),
        report,
        load,
        remoteRules: rules,
        onLook: debugTeller({debug: flags.debug, storeDir, env: process.env, remoteRules: rules}, text =>
          report({type: 'listing', text}),
        ),
        signal: interruption.signal,
        // The system's own is asked anew for each name.
        environment: {...process.env},
        umask: process.umask(),
      });
      return new Session(options, {cloud, engine, processes, stateDir});
    } catch (error) {
      processes.close();
      throw error;
    }
  }

  get cloud(): Cloud {
    return this.#parts.cloud;
  }

  get engine(): Engine {
    return this.#parts.engine;
  }

  get processes(): Processes {
    return this.#parts.processes;
  }

  /**
   * One build, in a directory that is ours for its length. `look`: what is dirty; called when nobody else builds there,
   * with whether somebody did. True where everything was built. @throws FailureError
   */
  async build(look: (hasWaited: boolean) => Look): Promise<boolean> {
    const {context, report, interruption} = this.#options;
    const {engine, stateDir} = this.#parts;
    const {directory, shown} = context.location;
    const {signal} = interruption;
    // A watch may find it removed and made anew.
    if (!existsSync(directory)) {
      const text = `'${shown}' is not there any more`;
      throw new FailureError({reason: 'option-invalid', text, hint: 'configure it anew'});
    }
    prepareStateDir(stateDir);
    let hasWaited = false;
    const tellWait = (who: string) => {
      hasWaited = true;
      report({type: 'note', level: 'notice', text: `${who}; waiting`});
    };
    const lock = await lockDirectory(directory, {
      stateDir,
      onWait: holder => {
        const who = holder.pid === 0 ? 'another llama' : `llama (process ${holder.pid})`;
        tellWait(`${who} is building in ${shown}`);
      },
      signal,
    });
    if (!lock) throw new FailureError({reason: 'interrupted', signal: interruption.name ?? 'SIGINT'});
    try {
      await ninjaGone(directory, {
        onWait: holder => tellWait(`${holder.name} (process ${holder.pid}) is building here`),
        signal,
      });
      // Left by a build that was killed; nobody else can be using it.
      rmSync(join(stateDir, 'tmp'), {recursive: true, force: true});
      return await engine.run(look(hasWaited));
    } catch (error) {
      // Nothing of it may run on when the directory is somebody else's; what cannot be read has started nothing.
      if (!(error instanceof FailureError)) {
        interruption.abort();
        this.close();
      }
      throw error;
    } finally {
      lock.release();
    }
  }

  /** Ends whatever still runs. */
  close(): void {
    this.#parts.processes.close();
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
