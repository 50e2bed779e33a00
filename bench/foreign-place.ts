/**
 * A cloud whose workers are in another system than this one: the built function in sandboxes with a root of Debian 11, an
 * S3 that verifies signatures, and Lambda's API in between. The two sockets of a sandbox are its only ways out.
 */
import {copyFileSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import type {Server} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {unzipSync} from 'fflate';
import {runtimeNode, startVersitygw} from '../src/test/cloud-servers.ts';
import {MOUNT_POINTS} from './debian-root.ts';
import {forward} from './forward.ts';
import {FunctionEndpoint} from './function-endpoint.ts';
import {root} from './place.ts';
import {must} from './process.ts';
import {type Sandbox, startSandbox} from './sandbox.ts';
import {isReachable, type Surroundings} from './surroundings.ts';

export interface ForeignPlace {
  readonly endpoint: FunctionEndpoint;
  /** What each worker says of where it is. */
  readonly workers: readonly Surroundings[];
  /** What this machine has and a worker must not: {@link Surroundings.visible}, {@link Surroundings.reachable}. */
  readonly addresses: readonly string[];
  /** What makes `llama build` use it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: readonly string[];
  /** For `--store`. */
  readonly store: string;
  /** The end of what the workers said. */
  logs(): string;
  stop(): Promise<void>;
}

const FUNCTION = 'llama';
const BUCKET = 'llama-foreign';
const KEYS = {AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'benchkey', AWS_SECRET_ACCESS_KEY: 'benchsecret'};
/** Inside a sandbox, where nobody else has a port. */
const PORT = {runtime: 9001, store: 9002};
/** Outside of all of it; whoever has a network at all reaches it. */
const ELSEWHERE = 'deb.debian.org:80';

export interface ForeignSettings {
  readonly debian: string;
  readonly workers: number;
  /** Of this machine, to be looked for inside. */
  readonly paths: readonly string[];
}

export async function openForeignPlace(settings: ForeignSettings): Promise<ForeignPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'llama-bench-foreign-'));
  const endpoint = new FunctionEndpoint(FUNCTION);
  const closing: (() => unknown)[] = [() => endpoint.close()];
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await rm(folder, {recursive: true, force: true});
  };
  try {
    return {...(await open(settings, folder, {endpoint, closing})), stop};
  } catch (error) {
    await stop();
    throw error;
  }
}

async function open(
  {debian, workers, paths}: ForeignSettings,
  folder: string,
  {endpoint, closing}: {readonly endpoint: FunctionEndpoint; readonly closing: (() => unknown)[]},
): Promise<Omit<ForeignPlace, 'stop'>> {
  const [key, secret, region] = [KEYS.AWS_ACCESS_KEY_ID, KEYS.AWS_SECRET_ACCESS_KEY, KEYS.AWS_REGION];
  const s3 = await startVersitygw(folder, {key, secret, region});
  closing.push(() => s3.stop());
  mkdirSync(join(folder, 'buckets', BUCKET));
  const lambda = await endpoint.listen();
  const {task, runtime} = await makeFunction(folder);
  const addresses: string[] = [];
  for (const each of [new URL(s3.endpoint).host, lambda, ELSEWHERE])
    if (await isReachable(each)) addresses.push(each);
  const sandboxes: Sandbox[] = [];
  for (let i = 0; i < workers; i++) {
    const own = join(folder, `worker-${i}`);
    const endpoints = join(own, 'endpoints');
    mkdirSync(endpoints, {recursive: true});
    const worker = await endpoint.addWorker(join(endpoints, 'runtime'));
    const {hostname: host, port} = new URL(s3.endpoint);
    const store: Server = await forward({path: join(endpoints, 'store')}, {host, port: Number(port)});
    closing.push(() => store.close());
    const sandbox = startSandbox({
      folder: own,
      root: debian,
      node: runtimeNode,
      ...{task, runtime, endpoints},
      env: {
        ...KEYS,
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${PORT.runtime}`,
        LAMBDA_TASK_ROOT: MOUNT_POINTS.task,
        _HANDLER: 'aws.handler',
        LLAMA_BUCKET: BUCKET,
        LLAMA_STORE_ENDPOINT: `http://127.0.0.1:${PORT.store}`,
        LLAMA_SCRATCH: join(MOUNT_POINTS.scratch, 'llama'),
      },
      args: [
        JSON.stringify({paths, addresses}),
        `${PORT.runtime}=${MOUNT_POINTS.endpoints}/runtime`,
        `${PORT.store}=${MOUNT_POINTS.endpoints}/store`,
      ],
    });
    closing.push(() => sandbox.stop());
    void sandbox.ended.then(() => endpoint.lose(worker));
    sandboxes.push(sandbox);
  }
  const told = await Promise.all(sandboxes.map(sandbox => sandbox.firstLine()));
  return {
    endpoint,
    workers: told.map(line => JSON.parse(line) as Surroundings),
    addresses,
    env: {
      ...KEYS,
      AWS_ENDPOINT_URL_LAMBDA: `http://${lambda}`,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      LLAMA_BUCKET: BUCKET,
      XDG_CONFIG_HOME: join(folder, 'config'),
      XDG_CACHE_HOME: join(folder, 'cache'),
      // Read by node at every start, whether TLS is used or not.
      NODE_EXTRA_CA_CERTS: undefined,
    },
    flags: ['--cloud', 'aws', '--function', FUNCTION, '-j', String(workers)],
    store: join(folder, 'store'),
    logs: () => sandboxes.map(({log}) => readFileSync(log, 'utf8').slice(-2000)).join(''),
  };
}

/** The function as it is deployed, and the script that stands in for its runtime, in a folder each. */
async function makeFunction(folder: string): Promise<{task: string; runtime: string}> {
  const [task, runtime] = [join(folder, 'task'), join(folder, 'runtime')];
  mkdirSync(task);
  mkdirSync(runtime);
  const files = unzipSync(readFileSync(join(root(), 'dist', 'function.zip')));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(task, name), bytes);
  const bundle = [process.execPath, join(root(), 'bench', 'run.mjs'), 'bundle', 'sandbox-runtime'];
  copyFileSync((await must(bundle)).stdout, join(runtime, 'sandbox-runtime.mjs'));
  return {task, runtime};
}
