/**
 * Child processes of the end-to-end tests: start one, wait for its end or for words in its output. Knows nothing of
 * what the programs are.
 */
import {type ChildProcess, spawn} from 'node:child_process';

export interface Run {
  /** Exit status; 128 plus the signal's number when a signal ended the program. */
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams in the order in which their pieces arrived. */
  readonly all: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Standard input; empty when left out. */
  readonly stdin?: string;
  /** Octal, as `umask` takes it: '027'. */
  readonly umask?: string;
  /** A program that runs longer hangs, in ms. */
  readonly longest?: number;
}

/** A program that hangs is a failure of its test, shown with what it said so far. */
const HANG_MS = 60_000;

const SIGNALS: Readonly<Record<string, number>> = {SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGTERM: 15};

/** Runs a program to its end. Any exit status is a result; a program that does not start or hangs is an error. */
export function run(program: string, args: readonly string[], options: RunOptions): Promise<Run> {
  return new Running(program, args, options).done;
}

/** A started program, leader of a process group of its own. */
export class Running {
  readonly pid: number;
  readonly done: Promise<Run>;
  readonly #listeners = new Set<() => void>();
  #all = '';
  #out = '';
  #ended = false;

  constructor(program: string, args: readonly string[], options: RunOptions) {
    const command =
      options.umask === undefined ? [program, ...args] : underUmask(options.umask, program, args);
    const child = spawn(command[0] ?? program, command.slice(1), {
      cwd: options.cwd,
      env: {...options.env, PWD: options.cwd},
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.pid = child.pid ?? -1;
    child.stdin.on('error', () => {}); // The program may end without reading its input.
    child.stdin.end(options.stdin ?? '');
    this.done = this.#collect(child, [program, ...args].join(' '), options.longest ?? HANG_MS);
    // The caller may look at the promise only after other steps; a failure then is not an unhandled one.
    this.done.catch(() => {});
  }

  /** What both streams said so far. */
  get said(): string {
    return this.#all;
  }

  /** What standard output said so far. */
  get out(): string {
    return this.#out;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Sends a signal to this process alone, or to its whole group as a terminal does. */
  signal(name: NodeJS.Signals, to: 'process' | 'group' = 'process'): void {
    if (this.#ended) return;
    process.kill(to === 'group' ? -this.pid : this.pid, name);
  }

  /** Resolves when the output matches, or when the program has ended: the caller then looks at what was said. */
  untilSaid(pattern: RegExp): Promise<void> {
    return this.until(said => pattern.test(said));
  }

  /** The same for a judgement of all that was said so far. */
  async until(isEnough: (said: string) => boolean): Promise<void> {
    while (!this.#ended && !isEnough(this.#all)) {
      await new Promise<void>(resolve => {
        this.#listeners.add(resolve);
      });
      this.#listeners.clear();
    }
  }

  #collect(child: ChildProcess, shown: string, longest: number): Promise<Run> {
    return new Promise((resolve, reject) => {
      const parts = {stdout: '', stderr: ''};
      const hang = setTimeout(() => {
        process.kill(-this.pid, 'SIGKILL');
        reject(new Error(`still running after ${longest} ms: ${shown}\n${this.#all}`));
      }, longest);
      for (const name of ['stdout', 'stderr'] as const) {
        child[name]?.setEncoding('utf8');
        child[name]?.on('data', (text: string) => {
          parts[name] += text;
          this.#all += text;
          if (name === 'stdout') this.#out += text;
          this.#wake();
        });
      }
      child.on('error', error => {
        clearTimeout(hang);
        this.#ended = true;
        this.#wake();
        reject(error);
      });
      child.on('close', (code, signal) => {
        clearTimeout(hang);
        this.#ended = true;
        this.#wake();
        const status = code ?? 128 + (SIGNALS[signal ?? ''] ?? 0);
        resolve({status, signal, stdout: parts.stdout, stderr: parts.stderr, all: this.#all});
      });
    });
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }
}

function underUmask(umask: string, program: string, args: readonly string[]): readonly string[] {
  return ['/bin/sh', '-c', `umask ${umask} && exec "$@"`, 'sh', program, ...args];
}
