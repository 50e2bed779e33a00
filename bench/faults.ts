/**
 * `faults [--compiles N] [--only TEXT] [--project P] [--type T] [--target T]`: builds on AWS while a proxy between llama and the servers does what networks and
 * services do, one kind of fault a build, until N compiles are done. Each build has to end well, with the local compiler's
 * objects and an idle ninja, in bounded time, and to tell what it met.
 */
import {existsSync} from 'node:fs';
import {readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {openCloud} from './cloud-place.ts';
import {buildDirectory, buildType, type Configuration, configure, project} from './corpus.ts';
import {type FaultProxy, startFaultProxy} from './fault-proxy.ts';
import {type Scenario, scenarios} from './fault-scenarios.ts';
import {build, type Summary} from './llama.ts';
import {type BuildAt, outputsOf} from './ninja.ts';
import {check, parseArguments, root, say, UsageError} from './place.ts';
import {must} from './process.ts';
import {writeResult} from './results.ts';
import {digests} from './snapshot.ts';

interface CloudSummary extends Summary {
  readonly invocations: {readonly started: number; readonly retried: number};
  readonly retries: Readonly<Record<string, number>>;
}

interface Place {
  readonly at: BuildAt;
  readonly folder: string;
  readonly store: string;
  readonly bucketFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly proxy: FaultProxy;
  readonly objects: readonly string[];
  /** By the local compiler. */
  readonly wanted: Readonly<Record<string, string>>;
}

interface Outcome {
  readonly scenario: string;
  readonly compiles: number;
  readonly faults: number;
  readonly wall: number;
  readonly tries: number;
  readonly local: number;
  readonly isFine: boolean;
}

/** More at once than the machine has cores, so that faults meet what waits. */
const AT_ONCE = '6';
/** An environment lives for so many invocations, so that workers ask the store in each build. */
const EXIT_AFTER = 12;
/** What a build may take beyond one without faults: two answers that never come, and what then runs here; in ms. */
const PATIENCE = 90_000;
const MOST_TRIES = 5;

export async function main(argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv);
  if (names.length > 0) throw new UsageError(`unexpected '${names[0]}'`);
  await must([process.execPath, join(root(), 'scripts', 'cloud-tools.mjs')]);
  const wanted = Number(flags.get('compiles') ?? 2000);
  const chosen = scenarios.filter(({name}) => name.includes(flags.get('only') ?? ''));
  if (chosen.length === 0) throw new UsageError(`no fault '${flags.get('only')}'`);
  const of: Configuration = {
    project: project(flags.get('project') ?? 're2'),
    type: buildType(flags.get('type') ?? 'Debug'),
    suffix: '-faults',
  };
  const directory = buildDirectory(of);
  if (!existsSync(join(directory, 'build.ninja'))) await configure(of);
  const target = flags.get('target');
  return inPlace({directory, targets: target === undefined ? [] : [target]}, async place => {
    const plain = await runOne(place, undefined, Number.POSITIVE_INFINITY);
    const outcomes: Outcome[] = [];
    let compiles = 0;
    do {
      for (const scenario of chosen) {
        const outcome = await runOne(place, scenario, plain.wall * 3 + PATIENCE);
        outcomes.push(outcome);
        compiles += outcome.compiles;
      }
    } while (compiles < wanted);
    const bad = outcomes.filter(({isFine}) => !isFine).length;
    const faults = outcomes.reduce((sum, outcome) => sum + outcome.faults, 0);
    await writeResult('faults', {plain, outcomes});
    return check(
      bad === 0,
      `${compiles} compiles in ${outcomes.length} builds, ${faults} faults: ${bad} builds not as they should be`,
    )
      ? 0
      : 1;
  });
}

async function inPlace(at: BuildAt, use: (place: Place) => Promise<number>): Promise<number> {
  let proxy: FaultProxy | undefined;
  const cloud = await openCloud({
    exitAfter: EXIT_AFTER,
    front: async target => {
      proxy = await startFaultProxy(target);
      return proxy;
    },
  });
  try {
    await must(['ninja', ...at.targets], {cwd: at.directory});
    const objects = (await outputsOf(at)).filter(output => output.endsWith('.o'));
    const wanted = await digests(at.directory, objects);
    return await use({...cloud, at, proxy: proxy!, bucketFolder: join(cloud.store, 'aws'), objects, wanted});
  } finally {
    await cloud.stop();
  }
}

/** One build; without a scenario, one that nothing happens to. */
async function runOne(place: Place, scenario: Scenario | undefined, limit: number): Promise<Outcome> {
  const {at, store, env, proxy, objects, wanted} = place;
  await must(['ninja', '-t', 'clean'], {cwd: at.directory});
  await rm(join(at.directory, '.llama'), {recursive: true, force: true});
  if (scenario?.forgetsUploads) await rm(place.bucketFolder, {recursive: true, force: true});
  if (scenario?.usesResults) await dropResults(place);
  const keys = scenario?.hasRotatingKeys ? await rotatingKeys(place.folder) : {};
  await proxy.follow(scenario?.plan());
  const flags = ['-j', AT_ONCE, '--remote-only', ...(scenario?.usesResults ? [] : ['--no-cache'])];
  const name = scenario?.name ?? 'no fault';
  const problems: string[] = [];
  let summary: CloudSummary | undefined;
  const began = performance.now();
  try {
    summary = (await build(at, {store, env: {...env, ...keys}, flags})).summary as CloudSummary;
  } catch (error) {
    problems.push((error as Error).message);
  }
  const wall = performance.now() - began;
  const faults = proxy.done;
  await proxy.follow(undefined);
  const made = await digests(at.directory, objects);
  const different = objects.filter(object => made[object] !== wanted[object]);
  if (different.length > 0) problems.push(`${different.length} objects differ, ${different[0]} first`);
  const next = await must(['ninja', '-n', ...at.targets], {cwd: at.directory});
  if (!next.stdout.includes('no work to do')) problems.push('ninja is not idle');
  if (wall > limit) problems.push(`took more than ${(limit / 1000).toFixed(0)} s`);
  const {compiles = {remote: 0, local: 0}, retries = {}, local_reasons: reasons = {}} = summary ?? {};
  const done = compiles.remote + compiles.local;
  const tries = (summary?.invocations.started ?? 0) / Math.max(1, done);
  if (tries > MOST_TRIES) problems.push(`${tries.toFixed(1)} tries for each compile`);
  if (scenario) {
    if (faults === 0) problems.push('the fault was never done');
    const told = [...Object.keys(retries), ...Object.keys(reasons)];
    if (!scenario.told.some(word => word === '' || told.includes(word)))
      problems.push(`told ${told.join(', ') || 'nothing'}, not ${scenario.told.join(' or ')}`);
    if (!scenario.isEnd && compiles.remote < done / 2) problems.push('most compiles came back');
  } else if (compiles.local > 0) problems.push('compiles came back');
  const counts = {...retries, ...reasons};
  const what = Object.entries(counts).map(([reason, times]) => `${times} ${reason}`);
  const isFine = check(
    problems.length === 0,
    `${name}: ${done} compiles, ${compiles.local} here, ${faults} faults, ${tries.toFixed(2)} tries, ` +
      `${(wall / 1000).toFixed(0)} s${what.length > 0 ? ` (${what.join(', ')})` : ''}`,
  );
  for (const problem of problems) say(`      ${problem}`);
  return {scenario: name, compiles: done, faults, wall, tries, local: compiles.local, isFine};
}

/** Nobody has built anything yet, as far as the bucket and this machine know. */
async function dropResults({bucketFolder, proxy, folder}: Place): Promise<void> {
  const config = await readFile(join(folder, 'config', 'llama', 'config.json'), 'utf8');
  const {bucket} = JSON.parse(config) as {bucket: string};
  const at = `${proxy.endpoints.client}/${bucket}`;
  const list = await (await fetch(`${at}?list-type=2&prefix=results/`)).text();
  for (const [, key] of list.matchAll(/<Key>([^<]+)<\/Key>/g))
    await fetch(`${at}/${key}`, {method: 'DELETE'});
  await rm(join(bucketFolder, bucket, 'results'), {recursive: true, force: true});
}

/** A profile whose credentials are other ones each time that they are asked for. */
async function rotatingKeys(folder: string): Promise<Record<string, string | undefined>> {
  const script = join(folder, 'credentials.sh');
  const count = join(folder, 'credentials-count');
  const config = join(folder, 'aws-config');
  await writeFile(
    script,
    `echo >> ${count}\n` +
      `echo '{"Version": 1, "AccessKeyId": "ROTATED'$(wc -l < ${count})'", "SecretAccessKey": "test"}'\n`,
  );
  await writeFile(config, `[profile rotating]\ncredential_process = sh ${script}\n`);
  return {
    AWS_CONFIG_FILE: config,
    AWS_PROFILE: 'rotating',
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
  };
}
