/**
 * The worker as a Lambda function: AWS's runtime calls {@link handler} with one request after the other, and freezes the
 * process between them.
 *
 * Settings: `LLAMA_BUCKET`; optionally `LLAMA_STORE_ENDPOINT` (another S3 than AWS's), `LLAMA_SCRATCH` (folder; `%p`
 * becomes the process's number) and `LLAMA_EXIT_AFTER` (invocations after which it forgets all that it has, as a new
 * environment would). Region and credentials are what the runtime gives.
 */
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import * as zlib from 'node:zlib';
import type {InvocationRequest, InvocationResponse} from '../src/protocol/invocation.ts';
import type {Envelope} from '../src/protocol/message.ts';
import {closeEnvelope, openEnvelope, type Transform} from './envelope.ts';
import {Worker} from './handler.ts';
import {LayerBlobs, layerFolder} from './layer-blobs.ts';
import {S3Blobs} from './s3-blobs.ts';

interface Environment {
  readonly worker: Worker;
  readonly blobs: S3Blobs;
  readonly scratch: string;
  answered: number;
}

/** Of the function's scratch disk, which packs share with compilers and sources. */
const PACK_LIMIT = 768 << 20;
const TOOLCHAIN_LIMIT = 1536 << 20;

/** The runtime is Node 24, which has it; the types are those of the oldest Node that the client runs on. */
const {zstdCompress, zstdDecompress, constants} = zlib as unknown as {
  zstdCompress: (bytes: Uint8Array, how: object, done: Done) => void;
  zstdDecompress: (bytes: Uint8Array, done: Done) => void;
  constants: {ZSTD_c_checksumFlag: number};
};
type Done = (error: Error | null, bytes: Buffer) => void;
const decompress: Transform = promisify(zstdDecompress);
/** Damage on the way shows: not all that an answer says has a digest. */
const HOW = {params: {[constants.ZSTD_c_checksumFlag]: 1}};
const compress: Transform = bytes =>
  new Promise((resolve, reject) =>
    zstdCompress(bytes, HOW, (error, frame) => (error ? reject(error) : resolve(frame))),
  );

let environment: Environment | undefined;
/** What the runtime has taken to come here, in ms: billed with the first call. */
let starting = performance.now();

/** @throws Error where a setting is missing */
export async function handler(event: unknown): Promise<Envelope | InvocationResponse> {
  const began = performance.now();
  const init = starting;
  starting = 0;
  environment ??= open(process.env);
  const {worker, blobs} = environment;
  const request = await openEnvelope(event, decompress);
  const answer = await worker.answer(request);
  environment.answered++;
  if (environment.answered === Number(process.env.LLAMA_EXIT_AFTER)) end(environment);
  // Without what its own answer takes to compress: a fifth of a ms for a usual object.
  const billed = Math.ceil(init) + Math.ceil(performance.now() - began);
  const unpacked = worker.takeUnpacked();
  const usage = {traffic: blobs.takeTraffic(), billedMs: billed, initMs: init, unpacked};
  const response = {...answer, usage};
  process.stderr.write(`${logLine(request, response)}\n`);
  return closeEnvelope(event, response, compress);
}

function open(env: NodeJS.ProcessEnv): Environment {
  const scratch = (env.LLAMA_SCRATCH ?? '/tmp/llama').replace('%p', String(process.pid));
  const blobs = new S3Blobs({
    bucket: setting(env, 'LLAMA_BUCKET'),
    region: setting(env, 'AWS_REGION'),
    domain: env.LLAMA_DOMAIN ?? 'amazonaws.com',
    endpoint: env.LLAMA_STORE_ENDPOINT,
    credentials: {
      accessKeyId: setting(env, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: setting(env, 'AWS_SECRET_ACCESS_KEY'),
      ...(env.AWS_SESSION_TOKEN && {sessionToken: env.AWS_SESSION_TOKEN}),
    },
    packs: join(scratch, 'packs'),
    packLimit: PACK_LIMIT,
    compress,
    decompress,
  });
  // As Node itself searches: `NODE_PATH` is the runtime's, which has the layers in it.
  const layer = layerFolder([...(env.NODE_PATH ?? '').split(':'), ...(require.main?.paths ?? [])]);
  const store = layer === undefined ? blobs : new LayerBlobs(layer, blobs);
  const worker = new Worker({scratch, store, toolchainLimit: TOOLCHAIN_LIMIT});
  return {worker, blobs, scratch, answered: 0};
}

function end({scratch, blobs}: Environment): void {
  environment = undefined;
  blobs.close();
  rmSync(scratch, {recursive: true, force: true});
}

function setting(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

/** For whoever looks into the function's log: no path, no argument, nothing of anybody's source. */
function logLine({action}: InvocationRequest, {result, usage}: InvocationResponse): string {
  const how =
    result.kind === 'result' ? {exit: result.exitCode, timing: result.timing} : {failure: result.reason};
  return JSON.stringify({toolchain: action?.toolchain?.slice(0, 12), ...how, ...usage});
}
