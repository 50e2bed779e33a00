/**
 * Requests to the store for each compile, client and workers together: with environments that end after two compiles, as
 * they do in a wide build, and with warm ones. Every object is held against the local compiler's.
 */
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {type CloudPlace, openCloud} from './cloud-place.ts';
import {type BuildType, buildDirectory, type Configuration, configure, project} from './corpus.ts';
import {build, type Summary} from './llama.ts';
import {type BuildAt, outputsOf} from './ninja.ts';
import {check, say} from './place.ts';
import {must} from './process.ts';
import {digests} from './snapshot.ts';

/** The fields that builds on AWS fill. */
export interface CloudSummary extends Summary {
  readonly requests: Readonly<Record<'get' | 'put' | 'head' | 'list', number>>;
  readonly invocations: {readonly started: number; readonly retried: number};
  readonly bytes: {readonly up: number; readonly down: number};
  readonly billed_ms: number;
  readonly cost_usd: number;
  readonly fresh_environments: {
    readonly count: number;
    readonly bytes: number;
    readonly unpack_ms: number;
    readonly delay_ms: number;
  };
}

export interface RequestFigures {
  readonly project: string;
  readonly type: BuildType;
  readonly compiles: number;
  readonly cold: number;
  readonly warm: number;
  readonly kept: boolean;
}

const LIMIT = {cold: 2, warm: 0.2};
/** Invocations at once: the machine runs client, servers and workers. */
const AT_ONCE = '4';

export async function requests(
  name: string,
  type: BuildType,
  target: string | undefined,
): Promise<RequestFigures> {
  const of: Configuration = {project: project(name), type, suffix: '-cloud'};
  await configure(of);
  const at: BuildAt = {directory: buildDirectory(of), targets: target === undefined ? [] : [target]};
  await must(['ninja', ...at.targets], {cwd: at.directory});
  const objects = (await outputsOf(at)).filter(output => output.endsWith('.o'));
  const wanted = await digests(at.directory, objects);
  const same = async (what: string) => {
    const made = await digests(at.directory, objects);
    const different = objects.filter(object => made[object] !== wanted[object]);
    const next = await must(['ninja', '-n', ...at.targets], {cwd: at.directory});
    check(
      different.length === 0,
      `${name} ${type}, ${what}: ${objects.length} objects, ${different.length} different`,
    );
    check(next.stdout.includes('no work to do'), `${name} ${type}, ${what}: ninja is idle`);
    return different.length === 0;
  };
  const first = await inCloud(2, async cloud => {
    const summary = await built(at, cloud, ['--remote-only']);
    return {summary, isSame: await same('each environment ended after two compiles')};
  });
  const second = await inCloud(undefined, async cloud => {
    await built(at, cloud, ['--remote-only', '--no-cache']);
    const summary = await built(at, cloud, ['--remote-only', '--no-cache']);
    return {summary, isSame: await same('warm environments')};
  });
  const [cold, warm] = [perCompile(first.summary), perCompile(second.summary)];
  const isRelease = type === 'Release';
  const isKept = !isRelease || (cold <= LIMIT.cold && warm <= LIMIT.warm);
  say(
    `${isKept ? 'ok   ' : 'WRONG'} ${name} ${type}: ${cold.toFixed(2)} requests a compile cold (limit ${LIMIT.cold}), ` +
      `${warm.toFixed(2)} warm (limit ${LIMIT.warm}); cold ${megabytes(first.summary.bytes.up)} MB up, ` +
      `${(first.summary.billed_ms / 1000).toFixed(0)} s billed, $${first.summary.cost_usd.toFixed(4)}`,
  );
  say(
    `     warm ${kilobytes(second.summary, 'up')} KB up and ${kilobytes(second.summary, 'down')} KB down a compile`,
  );
  const {count, bytes, unpack_ms: unpack, delay_ms: delay} = first.summary.fresh_environments;
  say(
    `     ${count} fresh environments: ${megabytes(bytes / count)} MB of compiler there after ${(unpack / count).toFixed(0)} ms, ` +
      `the first compile begins after ${(delay / count).toFixed(0)} ms (means)`,
  );
  return {
    project: name,
    type,
    compiles: first.summary.edges.compiles,
    cold,
    warm,
    kept: isKept && first.isSame && second.isSame,
  };
}

async function inCloud<T>(exitAfter: number | undefined, use: (cloud: CloudPlace) => Promise<T>): Promise<T> {
  const cloud = await openCloud({exitAfter});
  try {
    return await use(cloud);
  } finally {
    await cloud.stop();
  }
}

async function built(at: BuildAt, cloud: CloudPlace, flags: readonly string[]): Promise<CloudSummary> {
  await must(['ninja', '-t', 'clean'], {cwd: at.directory});
  await rm(join(at.directory, '.llama'), {recursive: true, force: true});
  const {summary} = await build(at, {store: cloud.store, env: cloud.env, flags: ['-j', AT_ONCE, ...flags]});
  const {local, failed} = summary.compiles;
  if (local + failed > 0)
    check(false, `${local} compiles ran here: ${JSON.stringify(summary.local_reasons)}`);
  return summary as CloudSummary;
}

function perCompile({requests, compiles}: CloudSummary): number {
  return (requests.get + requests.put + requests.head + requests.list) / (compiles.remote + compiles.cached);
}

/** For each compile. */
function kilobytes({bytes, compiles}: CloudSummary, way: 'up' | 'down'): string {
  return (bytes[way] / compiles.remote / 1e3).toFixed(1);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
