/** The worker's own client of S3, against a server that fails as S3 and networks do. */

import {mkdtempSync, rmSync} from 'node:fs';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {compress, decompress} from '@mongodb-js/zstd';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {digestOf} from '../src/protocol/digest.ts';
import {makePack} from '../src/remote/aws/pack-writer.ts';
import {S3Blobs} from './s3-blobs.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

let server: Server;
let folder: string;
let blobs: S3Blobs;
/** What the server does with each request in turn; the last one for all that follow. */
let answers: Answer[];
let seen: {method: string; url: string; headers: IncomingMessage['headers']; body: Buffer}[];

const BYTES = Buffer.from('an input');
const DIGEST = digestOf(BYTES);

const sends =
  (status: number, body: string | Buffer = ''): Answer =>
  response => {
    response.writeHead(status).end(body);
  };
const cutsOff: Answer = (_, request) => request.socket.destroy();
const breaksOff: Answer = (response, request) => {
  response.writeHead(200, {'content-length': '100'}).write('a part');
  setImmediate(() => request.socket.destroy());
};
const error = (status: number, code: string) => sends(status, `<Error><Code>${code}</Code></Error>`);

beforeEach(async () => {
  answers = [];
  seen = [];
  folder = mkdtempSync(join(tmpdir(), 'llama-s3-'));
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
    });
    request.on('end', () => {
      const {method = '', url = '', headers} = request;
      seen.push({method, url, headers, body: Buffer.concat(chunks)});
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      answer(response, request);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as {port: number};
  blobs = new S3Blobs({
    bucket: 'bucket',
    region: 'eu-central-1',
    domain: 'amazonaws.com',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: {accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token'},
    packs: join(folder, 'packs'),
    packLimit: 1 << 20,
    compress: bytes => compress(Buffer.from(bytes)),
    decompress,
  });
});
afterEach(() => {
  blobs.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, {recursive: true});
});

describe("a worker's store", () => {
  it('gets a blob by one signed request, over a connection that it keeps', async () => {
    answers = [sends(200, BYTES)];
    expect(Buffer.from(await blobs.get(DIGEST)).equals(BYTES)).toBe(true);
    await blobs.get(DIGEST);
    expect(seen[0]).toMatchObject({method: 'GET', url: `/bucket/store/${DIGEST}`});
    expect(seen[0]!.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=key\/\d{8}\/eu-central-1\/s3\/aws4_request, SignedHeaders=.*, Signature=[0-9a-f]{64}$/,
    );
    expect(seen[0]!.headers['x-amz-security-token']).toBe('token');
    expect(blobs.takeTraffic()).toMatchObject({get: 2, put: 0, bytesDown: 2 * BYTES.length});
    expect(blobs.takeTraffic()).toMatchObject({get: 0, bytesDown: 0});
  });

  it('puts frames under its own prefix, for S3 to verify, over what is there', async () => {
    answers = [sends(200)];
    await blobs.put(DIGEST, BYTES);
    const {method, url, headers, body} = seen[0]!;
    expect([method, url]).toEqual(['PUT', `/bucket/out/${DIGEST}.zst`]);
    expect(await decompress(body)).toEqual(BYTES);
    const sent = digestOf(body);
    expect(headers['if-none-match']).toBeUndefined();
    expect(headers).toMatchObject({
      'x-amz-checksum-sha256': Buffer.from(sent, 'hex').toString('base64'),
      'x-amz-content-sha256': sent,
    });
    expect(blobs.takeTraffic()).toMatchObject({put: 1, bytesUp: body.length});
  });

  it.each([
    ['a connection that is dead', cutsOff],
    ['a body that breaks off', breaksOff],
    ['500', error(500, 'InternalError')],
    ['503 SlowDown', error(503, 'SlowDown')],
    ['409 of a race', error(409, 'ConditionalRequestConflict')],
  ])('asks again after %s', async (_, fault) => {
    answers = [fault, fault, sends(200, BYTES)];
    await blobs.get(DIGEST);
    expect(blobs.takeTraffic().get).toBe(3);
  });

  it.each([
    ['a blob that is not there', error(404, 'NoSuchKey'), 'blob-missing', 1],
    ['a bucket that is not there', error(404, 'NoSuchBucket'), 'store-failed', 1],
    ['a refusal', error(403, 'AccessDenied'), 'store-failed', 1],
    ['a server that never recovers', error(500, 'InternalError'), 'store-failed', 5],
    ['other bytes than were asked for', sends(200, 'other'), 'blob-corrupt', 2],
  ])('names %s', async (_, answer, reason, requests) => {
    answers = [answer];
    await expect(blobs.get(DIGEST)).rejects.toMatchObject({reason, digest: DIGEST});
    expect(seen).toHaveLength(requests);
  });

  it('asks once more for what was damaged on the way', async () => {
    answers = [error(503, 'SlowDown'), sends(200, 'other'), sends(200, BYTES)];
    expect(Buffer.from(await blobs.get(DIGEST))).toEqual(BYTES);
    expect(seen).toHaveLength(3);
  });

  it('gets a pack anew of which a blob is not what it should be', async () => {
    const list = Buffer.from(`a list of ${DIGEST}`);
    const packWith = (bytes: Buffer) => makePack({list, blobs: [DIGEST], read: () => bytes, level: 3});
    answers = [sends(200, await packWith(Buffer.from('no input'))), sends(200, await packWith(BYTES))];
    const name = digestOf(list);
    await blobs.getList(name);
    expect(Buffer.from(await blobs.get(DIGEST))).toEqual(BYTES);
    expect(seen.map(({url}) => url)).toEqual([`/bucket/packs/${name}`, `/bucket/packs/${name}`]);
  });

  it('names a pack that is wrong in the store, so that it is put anew', async () => {
    const list = Buffer.from(`a list of ${DIGEST}`);
    const other = Buffer.from('no input');
    answers = [sends(200, await makePack({list, blobs: [DIGEST], read: () => other, level: 3}))];
    const name = digestOf(list);
    await blobs.getList(name);
    await expect(blobs.get(DIGEST)).rejects.toMatchObject({reason: 'blob-corrupt', digest: name});
    expect(seen).toHaveLength(2);
  });

  it('refuses what is no pack', async () => {
    answers = [sends(200, 'no pack at all')];
    await expect(blobs.getList(DIGEST)).rejects.toMatchObject({reason: 'blob-corrupt'});
  });
});
