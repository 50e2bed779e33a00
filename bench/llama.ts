/** The program under measurement, always as a user has it: the bundle in dist/, by its command line alone. */
import {readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {type BuildAt, commandLines, manifestFlags} from './ninja.ts';
import {place, root} from './place.ts';
import {type Ran, run} from './process.ts';

/** The fields of `--summary` that are looked at here. */
export interface Summary {
  readonly result: string;
  readonly edges: {readonly total: number; readonly dirty: number; readonly compiles: number};
  readonly compiles: {
    readonly remote: number;
    readonly cached: number;
    readonly local: number;
    readonly failed: number;
  };
  readonly remote_rules: {readonly remote: number; readonly cached: number; readonly local: number};
  readonly local_reasons: Readonly<Record<string, number>>;
  readonly local_runs: number;
  readonly wall_ms: number;
  readonly client_cpu_ms: number;
  readonly discovery_cpu_ms: number;
  readonly client_rss_mb: number;
}

export interface LlamaOptions {
  readonly store: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The bundle; `LLAMA_BENCH_CLI` may name another one, of an older commit for example. */
export function llama(): string {
  return process.env.LLAMA_BENCH_CLI ?? join(root(), 'dist', 'main.js');
}

/** argv of `llama build` at a place. */
export function buildCommand(at: BuildAt, options: LlamaOptions): string[] {
  const flags = [
    ...manifestFlags(at),
    '--store',
    options.store,
    '--progress',
    'none',
    ...(options.flags ?? []),
  ];
  return [process.execPath, llama(), 'build', ...flags, at.directory, ...at.targets];
}

export type Built = Ran & {readonly summary: Summary};

let count = 0;

/** Runs `llama build` to its end; an exit status other than 0 throws with what it printed. */
export async function build(at: BuildAt, options: LlamaOptions): Promise<Built> {
  const file = place(`summary-${process.pid}-${count++}.json`);
  const flags = [...(options.flags ?? []), '--summary', file];
  const argv = buildCommand(at, {...options, flags});
  try {
    const ran = await run(argv, options.env === undefined ? {} : {env: options.env});
    if (ran.code !== 0) throw new Error(`llama build: exit ${ran.code}\n${tail(ran)}`);
    return {...ran, summary: JSON.parse(await readFile(file, 'utf8')) as Summary};
  } finally {
    await rm(file, {force: true});
  }
}

/** The commands that `llama build -n -v` names, sorted. */
export async function wouldBuild(at: BuildAt, options: LlamaOptions): Promise<string[]> {
  const argv = buildCommand(at, {...options, flags: [...(options.flags ?? []), '-n', '-v']});
  const ran = await run(argv, options.env === undefined ? {} : {env: options.env});
  if (ran.code !== 0) throw new Error(`llama build -n: exit ${ran.code}\n${tail(ran)}`);
  return commandLines(ran.stdout);
}

/** One line on what a build did. */
export function told(summary: Summary): string {
  const {remote, cached, local} = summary.compiles;
  const reasons = Object.entries(summary.local_reasons).map(([reason, number]) => `${number} ${reason}`);
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  return `${remote} remote, ${cached} cached, ${local} local${why}, ${summary.local_runs} ninja runs, ${(summary.wall_ms / 1000).toFixed(1)} s, client ${(summary.client_cpu_ms / 1000).toFixed(2)} s CPU`;
}

function tail(ran: Ran): string {
  return `${ran.stdout}${ran.stderr}`.trimEnd().split('\n').slice(-25).join('\n');
}
