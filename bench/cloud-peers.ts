/**
 * What one compile of LLVM's lib/Support costs the client when another machine, or a cache, has the work: llama on AWS,
 * distcc, a ccache hit. The same files, command lines and directory for all, by turns, two at once. Only the client's
 * processes count: servers and workers are no children of theirs.
 */
import {existsSync} from 'node:fs';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type CloudPlace, openCloud} from './cloud-place.ts';
import type {CloudSummary} from './cloud-requests.ts';
import {buildDirectory, type Configuration, configure, project} from './corpus.ts';
import {type Distccd, startDistccd} from './distccd.ts';
import {byTurns} from './figure.ts';
import {buildCommand, told} from './llama.ts';
import {type BuildAt, compileCommands} from './ninja.ts';
import {check, say, UsageError} from './place.ts';
import {median, must, mustTimed, run} from './process.ts';

export interface PeerFigures {
  readonly compiles: number;
  /** Milliseconds of the client's CPU for each compile, a sample for each run. */
  readonly cpu: Readonly<Record<'llama' | 'distcc' | 'ccache', readonly number[]>>;
  /** For each compile: requests to the store, client and workers together, and calls of a worker. */
  readonly requests: {
    readonly llama: {readonly store: number; readonly invocations: number};
    readonly distcc: {readonly connections: number};
  };
  readonly kept: boolean;
}

/** Debian's package, for each program that has to be there. */
const PACKAGES = {distcc: 'distcc', distccd: 'distcc', ccache: 'ccache'};
const AT_ONCE = 2;

/** Throws with the name of the package that is missing. */
export async function needPeers(): Promise<void> {
  for (const [program, name] of Object.entries(PACKAGES)) {
    const found = await run(['sh', '-c', `command -v ${program}`]);
    if (found.code !== 0)
      throw new UsageError(`'peers' needs ${program}: apt-get install --no-install-recommends ${name}`);
  }
}

export async function peers(runs: number): Promise<PeerFigures> {
  const of: Configuration = {project: project('llvm'), type: 'Release', suffix: '-cloud'};
  const directory = buildDirectory(of);
  if (!existsSync(join(directory, 'build.ninja'))) await configure(of);
  const compiles = await compilesOf({directory, targets: ['LLVMSupport']});
  const folder = await mkdtemp(join(tmpdir(), 'llama-bench-peers-'));
  try {
    const cloud = await openCloud();
    try {
      const distccd = await startDistccd(2 * AT_ONCE);
      try {
        return await byTurnsOf(compiles, {runs, folder, cloud, distccd});
      } finally {
        await distccd.stop();
      }
    } finally {
      await cloud.stop();
    }
  } finally {
    await rm(folder, {recursive: true, force: true});
    await compiles.clean();
  }
}

interface Servers {
  readonly runs: number;
  readonly folder: string;
  readonly cloud: CloudPlace;
  readonly distccd: Distccd;
}

async function byTurnsOf(compiles: Compiles, {runs, folder, cloud, distccd}: Servers): Promise<PeerFigures> {
  const {count} = compiles;
  const summaries: CloudSummary[] = [];
  const ours = async (): Promise<number> => {
    await compiles.clean();
    const {summary, cpu} = await inCloud(compiles.at, cloud, join(folder, 'summary.json'));
    say(`     lib/Support on AWS: ${told(summary)}`);
    summaries.push(summary);
    return cpu / count;
  };
  const ccacheEnv = {CCACHE_DIR: join(folder, 'ccache'), CCACHE_CONFIGPATH: join(folder, 'ccache.conf')};
  const ccache = () => launched(compiles, 'ccache', folder, ccacheEnv);
  // The first of each fills store, workers and cache, and makes the headers that the build generates.
  await ours();
  await ccache();
  await must(['ccache', '--zero-stats'], {env: ccacheEnv});
  summaries.length = 0;
  const [llama = [], distcc = [], hits = []] = await byTurns(
    runs,
    ours,
    () => launched(compiles, 'distcc', folder, distccd.env),
    ccache,
  );
  const remote = summaries.reduce((sum, summary) => sum + summary.compiles.remote, 0);
  const hit = await ccacheHits(ccacheEnv);
  const distributed = await distccd.compiled();
  const all = count * runs;
  const kept = check(
    remote === all && distributed === all && hit === all,
    `${count} compiles of lib/Support, ${runs} times: ${remote} on AWS, ${distributed} by distccd, ${hit} hits of ccache`,
  );
  const perCompile = (of: (summary: CloudSummary) => number): number => median(summaries.map(of)) / count;
  const requests = {
    llama: {
      store: perCompile(({requests: {get, put, head, list}}) => get + put + head + list),
      invocations: perCompile(({invocations}) => invocations.started),
    },
    distcc: {connections: distributed / all},
  };
  const line = (name: string, samples: readonly number[], more: string): void => {
    const times = median(samples) / median(llama);
    say(
      `     ${name}: ${median(samples).toFixed(1)} ms CPU a compile, ${times.toFixed(2)} times ours${more}`,
    );
  };
  const {store, invocations} = requests.llama;
  line(
    'llama --cloud aws',
    llama,
    `; ${store.toFixed(2)} requests to the store, ${invocations.toFixed(2)} invocations`,
  );
  line('distcc', distcc, `; ${requests.distcc.connections.toFixed(2)} connections`);
  line('ccache, hits', hits, '');
  return {compiles: count, cpu: {llama, distcc, ccache: hits}, requests, kept};
}

interface Compiles {
  /** The objects as targets: no archive is made, by nobody. */
  readonly at: BuildAt;
  readonly commands: readonly string[];
  readonly count: number;
  /** Takes away what the compiles make. */
  clean(): Promise<void>;
}

async function compilesOf(of: BuildAt): Promise<Compiles> {
  const commands = await compileCommands(of);
  const objects = commands.map(command => / -o (\S+)/.exec(command)?.[1] ?? '');
  return {
    at: {directory: of.directory, targets: objects},
    commands,
    count: commands.length,
    async clean() {
      for (const object of objects)
        for (const file of [object, `${object}.d`]) await rm(join(of.directory, file), {force: true});
    },
  };
}

/** The client's CPU with all of its children, so that it is measured as its peers are. */
async function inCloud(
  at: BuildAt,
  cloud: CloudPlace,
  file: string,
): Promise<{readonly summary: CloudSummary; readonly cpu: number}> {
  const flags = ['--cloud', 'aws', '--no-cache', '--remote-only', '-j', String(AT_ONCE), '--summary', file];
  const {treeCpuMs} = await mustTimed(buildCommand(at, {store: cloud.store, flags}), {env: cloud.env});
  return {summary: JSON.parse(await readFile(file, 'utf8')) as CloudSummary, cpu: treeCpuMs};
}

/** Every command behind `launcher`, without a ninja: CPU of launcher and its children alone, for each. */
async function launched(
  {at, commands, clean, count}: Compiles,
  launcher: string,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  await clean();
  const scripts: string[] = [];
  for (let i = 0; i < AT_ONCE; i++) {
    const script = join(folder, `${launcher}-${i}.sh`);
    const lines = commands.filter((_, index) => index % AT_ONCE === i).map(line => `${launcher} ${line}`);
    await writeFile(script, lines.join('\n'));
    scripts.push(script);
  }
  // Each is waited for, so that its time counts and its failure is seen.
  const whole =
    'all=; for each; do sh -e "$each" & all="$all $!"; done; code=0; for each in $all; do wait $each || code=$?; done; exit $code';
  const {treeCpuMs} = await mustTimed(['sh', '-c', whole, 'sh', ...scripts], {cwd: at.directory, env});
  return treeCpuMs / count;
}

async function ccacheHits(env: Readonly<Record<string, string>>): Promise<number> {
  const {stdout} = await must(['ccache', '--print-stats'], {env});
  const counter = (name: string) => Number(new RegExp(`^${name}\\t(\\d+)$`, 'm').exec(stdout)?.[1] ?? 0);
  return counter('direct_cache_hit') + counter('preprocessed_cache_hit');
}
