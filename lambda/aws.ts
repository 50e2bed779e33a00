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
import {
  type InvocationRequest,
  type InvocationResponse,
  PROTOCOL_VERSION,
} from '../src/protocol/invocation.ts';
import {decodeRequest, type Envelope, encodeResponse, isEnvelope} from '../src/protocol/message.ts';
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
type Transform = (bytes: Uint8Array, done: (error: Error | null, bytes: Buffer) => void) => void;
const {zstdCompress, zstdDecompress} = zlib as unknown as {
  zstdCompress: Transform;
  zstdDecompress: Transform;
};
const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

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
  const request = await requestOf(event);
  const answer = await worker.answer(request);
  environment.answered++;
  if (environment.answered === Number(process.env.LLAMA_EXIT_AFTER)) end(environment);
  // Without what its own answer takes to compress: a fifth of a ms for a usual object.
  const billed = Math.ceil(init) + Math.ceil(performance.now() - began);
  const unpacked = worker.takeUnpacked();
  const usage = {traffic: blobs.takeTraffic(), billedMs: billed, initMs: init, unpacked};
  const response = {...answer, usage};
  process.stderr.write(`${logLine(request, response)}\n`);
  if (!isOurs(event)) return response;
  const message = await compress(encodeResponse(response));
  return {version: PROTOCOL_VERSION, zstd: message.toString('base64')};
}

function isOurs(event: unknown): event is Envelope {
  return isEnvelope(event) && event.version === PROTOCOL_VERSION;
}

/** Of who speaks another version, or asks for nothing, the version alone: a refusal is said in JSON, which all read. */
async function requestOf(event: unknown): Promise<InvocationRequest> {
  if (!isOurs(event)) return {version: (event as Partial<Envelope> | null)?.version} as InvocationRequest;
  return decodeRequest(await decompress(Buffer.from(event.zstd, 'base64')));
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
