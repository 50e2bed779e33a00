/**
 * Child processes of the measurements: what they printed, how they ended, how long and how much CPU they took.
 * Knows nothing of builds.
 */
import {spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

export interface RunOptions {
  readonly cwd?: string;
  /** Changes to this process's own environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Ran {
  /** Exit status, or 128 plus the signal's number as a shell would give it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallMs: number;
}

/** This process's environment with `changes`; nothing of npm's own is left in it. */
export function environment(changes: RunOptions['env'] = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries({...process.env, ...changes})) {
    if (value !== undefined && !name.startsWith('npm_')) env[name] = value;
  }
  return env;
}

/** Runs `argv` to its end and never throws for an exit status. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const [program = '', ...args] = argv;
    const start = performance.now();
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: environment(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes));
    child.on('error', reject);
    let wallMs = 0;
    child.on('exit', () => {
      wallMs = performance.now() - start;
    });
    child.on('close', (code, signal) => {
      resolve({
        code: code ?? (signal === 'SIGKILL' ? 137 : 128),
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        wallMs,
      });
    });
  });
}

/** As {@link run}, but an exit status other than 0 throws with the end of what was printed. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = await run(argv, options);
  if (ran.code !== 0) {
    const tail = `${ran.stdout}${ran.stderr}`.trimEnd().split('\n').slice(-25).join('\n');
    throw new Error(`exit ${ran.code}: ${argv.join(' ').slice(0, 300)}\n${tail}`);
  }
  return ran;
}

export interface Timed extends Ran {
  /** User plus system time of the command and of every descendant that was waited for. */
  readonly treeCpuMs: number;
}

/** As {@link must}, with the CPU time of the whole tree of processes. */
export async function mustTimed(argv: readonly string[], options: RunOptions = {}): Promise<Timed> {
  const file = join(tmpdir(), `llama-bench-times-${randomUUID()}`);
  const script = 'start=$1; shift; "$@"; status=$?; times > "$start"; exit $status';
  try {
    const ran = await must(['sh', '-c', script, 'sh', file, ...argv], options);
    const children = (await readFile(file, 'utf8')).trim().split('\n')[1] ?? '';
    return {...ran, treeCpuMs: children.split(' ').reduce((sum, text) => sum + clock(text), 0)};
  } finally {
    await rm(file, {force: true});
  }
}

/** `1m2.5s` in milliseconds. */
function clock(text: string): number {
  const match = /^(\d+)m([\d.]+)s$/.exec(text);
  return match === null ? 0 : (Number(match[1]) * 60 + Number(match[2])) * 1000;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
