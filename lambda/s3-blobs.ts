/**
 * The store of a deployed worker: a bucket, spoken to with one signed request for each thing, over connections that are
 * kept. It gets what clients put, and puts under `out/` alone.
 */
import {createHash} from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import {SignatureV4} from '@smithy/signature-v4';
import {type Digest, digestOf} from '../src/protocol/digest.ts';
import type {Traffic} from '../src/protocol/invocation.ts';
import {BLOB_PREFIXES, outputKey} from '../src/protocol/places.ts';
import {Sha256} from '../src/protocol/sha256.ts';
import {BlobError, type BlobSource} from './blob-source.ts';
import {type Decompress, Packs} from './packs.ts';

export interface BucketSettings {
  readonly bucket: string;
  readonly region: string;
  /** Of AWS's names there: 'amazonaws.com'. */
  readonly domain: string;
  /** Origin of the service; AWS's own unless another is meant. */
  readonly endpoint: string | undefined;
  readonly credentials: Credentials;
  /** Folder for packs, and the bytes that they may take there. */
  readonly packs: string;
  readonly packLimit: number;
  /** Makes one zstd frame. */
  readonly compress: (bytes: Uint8Array) => Promise<Uint8Array>;
  readonly decompress: Decompress;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What the transport answered: nothing of a body has been read yet. */
type Answer = http.IncomingMessage;

interface Exchange<T> {
  readonly method: 'GET' | 'PUT';
  readonly key: string;
  /** The blob's, for messages. */
  readonly digest: Digest;
  readonly sent?: Sent;
  readonly read: (answer: Answer) => Promise<T>;
}

interface Sent {
  readonly digest: Digest;
  readonly body: Uint8Array;
}

const MOST_TRIES = 5;
/** No byte for so long, in ms: the connection is dead. */
const SILENCE = 20_000;

export class S3Blobs implements BlobSource {
  readonly #settings: BucketSettings;
  readonly #origin: URL;
  readonly #agent: http.Agent;
  readonly #signer: SignatureV4;
  readonly #packs: Packs;
  #traffic = noTraffic();

  constructor(settings: BucketSettings) {
    const {bucket, region, domain, endpoint, credentials} = settings;
    this.#settings = settings;
    this.#origin = new URL(endpoint ?? `https://${bucket}.s3.${region}.${domain}`);
    const {Agent} = this.#origin.protocol === 'http:' ? http : https;
    this.#agent = new Agent({keepAlive: true, maxSockets: 32});
    this.#signer = new SignatureV4({
      service: 's3',
      region,
      credentials,
      sha256: Sha256,
      // S3 takes the path as it is, and knows each body's digest from its header.
      uriEscapePath: false,
      applyChecksum: false,
    });
    this.#packs = new Packs(settings.packs, {limit: settings.packLimit, decompress: settings.decompress});
  }

  /** What went to and fro since the last call. */
  takeTraffic(): Traffic {
    const traffic = this.#traffic;
    this.#traffic = noTraffic();
    return traffic;
  }

  async get(digest: Digest): Promise<Uint8Array> {
    const packed = await this.#packed(digest);
    if (packed) return packed;
    const key = `${BLOB_PREFIXES.store}${digest}`;
    const read = async (answer: Answer) => {
      const bytes = await this.#whole(answer);
      if (digestOf(bytes) !== digest) throw new BlobError('blob-corrupt', digest);
      return bytes;
    };
    return this.#request({method: 'GET', key, digest, read});
  }

  /** From a pack that is here; one that was damaged on the way comes again. */
  async #packed(digest: Digest): Promise<Uint8Array | undefined> {
    try {
      return this.#packs.get(digest);
    } catch (error) {
      if (!(error instanceof BlobError)) throw error;
      await this.getList(error.digest);
      return this.#packs.get(digest);
    }
  }

  /** A list, with all that it names when that travels in a pack. */
  async getList(digest: Digest): Promise<Uint8Array> {
    const there = this.#packs.listOf(digest);
    if (there) return there;
    const key = `${BLOB_PREFIXES.packs}${digest}`;
    const read = (answer: Answer) => this.#packs.add(digest, answer);
    const {list, received, took} = await this.#request({method: 'GET', key, digest, read});
    this.#traffic.bytesDown += received;
    this.#traffic.packMs += took;
    return list;
  }

  releaseList(digest: Digest): void {
    this.#packs.drop(digest);
  }

  /** Takes the place of what is there: S3 verifies the frame, and not that it is what the name says. */
  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    const body = await this.#settings.compress(bytes);
    const sent = {digest: digestOf(body), body};
    await this.#request({
      method: 'PUT',
      key: outputKey(digest),
      digest,
      sent,
      read: answer => this.#whole(answer),
    });
    this.#traffic.bytesUp += body.length;
  }

  /** Lets go of files and connections. */
  close(): void {
    this.#packs.close();
    this.#agent.destroy();
  }

  async #whole(answer: Answer): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    this.#traffic.bytesDown += bytes.length;
    return bytes;
  }

  /** Sends it again where that may do better, also after a body that breaks off. @throws BlobError */
  async #request<T>({method, key, digest, sent, read}: Exchange<T>): Promise<T> {
    let why = '';
    let wasDamaged = false;
    for (let attempt = 1; attempt <= MOST_TRIES; attempt++) {
      if (attempt > 1) await pause(attempt);
      this.#traffic[method === 'GET' ? 'get' : 'put']++;
      let status: number;
      let code: string;
      try {
        const answer = await this.#send(method, key, sent);
        status = answer.statusCode ?? 0;
        if (status === 200) return await read(answer);
        const text = (await this.#whole(answer)).toString().slice(0, 500);
        code = /<Code>([^<]+)/.exec(text)?.[1] ?? '';
      } catch (error) {
        // Damaged on the way, perhaps: a second copy tells.
        const isDamaged = error instanceof BlobError && error.reason === 'blob-corrupt';
        if (isDamaged && !wasDamaged) {
          wasDamaged = true;
          continue;
        }
        if (error instanceof BlobError || isDiskFault(error)) throw error;
        // The environment was frozen, and the other end has forgotten this connection; or it broke off.
        why = (error as Error).message;
        continue;
      }
      if (code === 'NoSuchKey') throw new BlobError('blob-missing', digest);
      why = `${status} ${code}`;
      if (status < 500 && status !== 409 && status !== 429) break;
    }
    throw new BlobError('store-failed', digest, why);
  }

  async #send(method: string, key: string, content: Sent | undefined): Promise<Answer> {
    const {bucket, endpoint} = this.#settings;
    const {protocol, hostname, port, host} = this.#origin;
    const signed = await this.#signer.sign({
      method,
      protocol,
      hostname,
      path: endpoint === undefined ? `/${key}` : `/${bucket}/${key}`,
      query: {},
      headers: {
        host,
        'x-amz-content-sha256': content?.digest ?? EMPTY_DIGEST,
        ...(content && {
          'content-length': String(content.body.length),
          'x-amz-checksum-sha256': Buffer.from(content.digest, 'hex').toString('base64'),
        }),
      },
    });
    const {request} = protocol === 'http:' ? http : https;
    return new Promise((resolve, reject) => {
      const sent = request(
        {method, hostname, port, path: signed.path, headers: signed.headers, agent: this.#agent},
        resolve,
      );
      sent.setTimeout(SILENCE, () => sent.destroy(new Error(`no answer for ${SILENCE / 1000} s`)));
      sent.once('error', reject);
      sent.end(content?.body);
    });
  }
}

const EMPTY_DIGEST = createHash('sha256').digest('hex');

/** Of this machine's own files: another try at the network would not help. */
function isDiskFault(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EMFILE', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function noTraffic(): Traffic {
  return {get: 0, put: 0, head: 0, bytesUp: 0, bytesDown: 0, packMs: 0};
}

/** Longer with each attempt, and not for all workers at once: 25 ms to 1.6 s. */
function pause(attempt: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.random() * 50 * 2 ** attempt));
}
