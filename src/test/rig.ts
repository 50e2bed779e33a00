/**
 * The ground of the end-to-end tests: one scratch directory per test file, with a store, a home and a temporary
 * directory of its own, so that whatever a program leaves behind is seen. It knows how to start the programs, not what
 * is right; `same-as-ninja.ts` does.
 */
import {mkdir, mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {afterAll, afterEach, beforeAll} from 'vitest';
import {processesIn} from './leftovers.ts';
import {type Run, Running, type RunOptions, run} from './run.ts';
import {SYSTEM_PATH} from './tools.ts';

/** What `--summary FILE` writes; the documented fields alone. */
export interface Summary {
  readonly schema: number;
  readonly result: 'built' | 'failed' | 'interrupted';
  readonly edges: {readonly total: number; readonly dirty: number; readonly compiles: number};
  readonly compiles: {
    readonly remote: number;
    readonly cached: number;
    readonly local: number;
    readonly failed: number;
  };
  readonly local_reasons: Readonly<Record<string, number>>;
  readonly local_runs: number;
}

export interface LlamaRun extends Run {
  /** Absent when the program wrote none. */
  readonly summary?: Summary;
}

export interface LlamaOptions {
  /** Added to the rig's environment; an empty text removes nothing. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly umask?: string;
  /** A program that runs longer hangs, in ms. */
  readonly longest?: number;
  /** In place of the rig's store. */
  readonly store?: string;
  /** In place of the node that runs the tests. */
  readonly node?: string;
  /** Arguments for node itself, before the program. */
  readonly nodeArgs?: readonly string[];
  /** A command that becomes the program in an environment of its own. */
  readonly under?: readonly string[];
}

/** The program under test: the bundle, or another one by LLAMA_TEST_PROGRAM (a .js file). */
const PROGRAM = resolve(process.env.LLAMA_TEST_PROGRAM ?? join(import.meta.dirname, '../../dist/main.js'));

/** Makes a rig for the calling test file and removes it, with whatever still runs in it, at the end. */
export function useRig(): Rig {
  const rig = new Rig();
  beforeAll(() => rig.open());
  afterEach(() => rig.killAll());
  afterAll(() => rig.close());
  return rig;
}

/** One scratch directory. Invariant: everything that a test writes and starts is inside. */
export class Rig {
  #scratch = '';
  #count = 0;

  async open(): Promise<void> {
    this.#scratch = await mkdtemp(join(tmpdir(), 'llama-e2e-'));
    for (const name of ['home', 'tmp', 'cache']) await mkdir(join(this.#scratch, name));
  }

  async close(): Promise<void> {
    await rm(this.#scratch, {recursive: true, force: true, maxRetries: 3});
  }

  /** Ends what a failed test left running: its processes would fail the next test too. */
  async killAll(): Promise<void> {
    for (const found of await processesIn(this.#scratch)) {
      try {
        process.kill(Number.parseInt(found, 10), 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  get scratch(): string {
    return this.#scratch;
  }

  /** The program under test, for tests that start it in a way of their own. */
  get program(): string {
    return PROGRAM;
  }

  get store(): string {
    return join(this.#scratch, 'store');
  }

  /** Temporary directory of all programs; nothing may be in it once they have ended. */
  get temporary(): string {
    return join(this.#scratch, 'tmp');
  }

  /** The whole environment of all programs. */
  get env(): Record<string, string> {
    return {
      PATH: SYSTEM_PATH,
      HOME: join(this.#scratch, 'home'),
      TMPDIR: this.temporary,
      XDG_CACHE_HOME: join(this.#scratch, 'cache'),
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
    };
  }

  /** A name that no other call of this rig returns. */
  unique(stem: string): string {
    this.#count += 1;
    return `${stem}-${this.#count}`;
  }

  run(program: string, args: readonly string[], options: Partial<RunOptions> = {}): Promise<Run> {
    return run(program, args, this.#options(options));
  }

  /** Starts the command line as given: nothing is added to the arguments. */
  startRaw(args: readonly string[], options: LlamaOptions = {}): Running {
    const {node = process.execPath, nodeArgs = [], under = [], ...rest} = options;
    const [file, ...words] = [...under, node, ...nodeArgs, PROGRAM, ...args];
    return new Running(file!, words, this.#options(rest));
  }

  /** Runs the command line as given. */
  raw(args: readonly string[], options: LlamaOptions = {}): Promise<Run> {
    return this.startRaw(args, options).done;
  }

  /** Starts `llama build ARGS` with the rig's store and no progress display. */
  startLlama(args: readonly string[], options: LlamaOptions = {}): Running {
    const {store = this.store, ...rest} = options;
    return this.startRaw(['build', ...args, '--store', store, '--progress', 'none'], rest);
  }

  /** Runs `llama build ARGS` and reads the summary that it wrote. */
  async llama(args: readonly string[], options: LlamaOptions = {}): Promise<LlamaRun> {
    const file = join(this.#scratch, `${this.unique('summary')}.json`);
    const done = await this.startLlama([...args, '--summary', file], options).done;
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) return done;
    return {...done, summary: JSON.parse(text) as Summary};
  }

  #options(options: Partial<RunOptions> & LlamaOptions): RunOptions {
    return {
      cwd: options.cwd ?? this.#scratch,
      env: {...this.env, ...options.env},
      ...(options.stdin === undefined ? {} : {stdin: options.stdin}),
      ...(options.umask === undefined ? {} : {umask: options.umask}),
      ...(options.longest === undefined ? {} : {longest: options.longest}),
    };
  }
}
