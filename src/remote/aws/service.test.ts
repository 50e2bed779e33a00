/** Against a server that says what each test wants to hear. */
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {parseXML} from '@aws-sdk/xml-builder';
import {SignatureV4} from '@smithy/signature-v4';
import {Agent} from 'undici';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {digestOf} from '../../protocol/digest.ts';
import {Sha256} from '../../protocol/sha256.ts';
import {Bucket, s3Refusal} from './bucket.ts';
import {faultOf} from './fault.ts';
import {LambdaFunction, lambdaRefusal} from './lambda-function.ts';
import {Service, type ServiceOptions} from './service.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let dispatcher: Agent;
let answer: Answer;
const seen: {method: string; headers: IncomingMessage['headers']; body: Buffer}[] = [];
const {signal} = new AbortController();
const how = {signal, silence: 60_000};

beforeEach(async () => {
  seen.length = 0;
  dispatcher = new Agent();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', chunk => chunks.push(chunk));
    request.on('end', () => {
      seen.push({method: request.method!, headers: request.headers, body: Buffer.concat(chunks)});
      answer(request, response);
    });
  });
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await dispatcher.destroy();
  server.closeAllConnections();
  server.close();
});

function service(name: 'lambda' | 's3', refusal: ServiceOptions['refusal']): Service {
  const signer = new SignatureV4({
    service: name,
    region: 'us-east-1',
    credentials: {accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token'},
    sha256: Sha256,
    applyChecksum: false,
  });
  const {port} = server.address() as AddressInfo;
  return new Service({endpoint: new URL(`http://127.0.0.1:${port}/`), signer, dispatcher, refusal});
}
const lambda = () => new LambdaFunction(service('lambda', lambdaRefusal), 'f');
const bucket = () =>
  new Bucket(
    service('s3', said => s3Refusal(said, parseXML)),
    parseXML,
  );

function says(status: number, headers: Record<string, string>, body: string): Answer {
  return (_, response) => response.writeHead(status, headers).end(body);
}

async function faultIn(call: Promise<unknown>): Promise<ReturnType<typeof faultOf>> {
  return call.then(
    () => {
      throw new Error('it succeeded');
    },
    error => faultOf(error),
  );
}

describe('a function', () => {
  it('gets its payload and gives its answer, whole and in many pieces', async () => {
    const piece = Buffer.alloc(70_000, 'é');
    answer = (_, response) => {
      response.writeHead(200);
      for (let i = 0; i < 5; i++) response.write(piece);
      response.end();
    };
    const invoked = await lambda().invoke(Buffer.from('{"a":1}'), signal);
    expect(invoked.failed).toBe(false);
    expect(invoked.answer).toEqual(Buffer.concat(Array.from({length: 5}, () => piece)));
    expect(seen[0]).toMatchObject({method: 'POST', body: Buffer.from('{"a":1}')});
    expect(seen[0]!.headers).toMatchObject({
      'x-amz-security-token': 'token',
      authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=key\/\d{8}\/us-east-1\/lambda\//),
    });
  });

  it('that failed says so', async () => {
    answer = says(200, {'x-amz-function-error': 'Unhandled'}, '{"errorType":"E"}');
    expect(await lambda().invoke(Buffer.from('{}'), signal)).toEqual({
      failed: true,
      answer: Buffer.from('{"errorType":"E"}'),
    });
  });

  it.each<[string, Answer, object]>([
    [
      'throttled, with why and until when',
      says(
        429,
        {'x-amzn-errortype': 'TooManyRequestsException', 'retry-after': '2'},
        '{"Reason":"ConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}',
      ),
      {kind: 'throttled', reason: 'ConcurrentInvocationLimitExceeded', after: 2000},
    ],
    [
      'missing',
      says(404, {'x-amzn-errortype': 'ResourceNotFoundException:http://internal/'}, '{"Message":"no f"}'),
      {kind: 'final', reason: 'function-missing', text: 'no f'},
    ],
    [
      'not for us',
      says(403, {}, '{"__type":"com.amazonaws#AccessDeniedException","message":"no"}'),
      {kind: 'final', reason: 'access-denied', text: 'no'},
    ],
    [
      'asked with credentials that ended',
      says(403, {'x-amzn-errortype': 'ExpiredTokenException'}, '{"message":"ended"}'),
      {kind: 'final', reason: 'credentials-expired', text: 'ended'},
    ],
    ['behind a server that is not well', says(503, {}, '<html>'), {kind: 'transient', reason: 'status-503'}],
    [
      'too far',
      (request: IncomingMessage) => request.socket.destroy(),
      {kind: 'transient', reason: 'connection-lost'},
    ],
    [
      'cut off',
      (_: IncomingMessage, response: ServerResponse) => {
        response.writeHead(200, {'content-length': '100'});
        response.write('{', () => response.destroy());
      },
      {kind: 'transient', reason: 'connection-lost'},
    ],
  ])('may be %s', async (_, said, fault) => {
    answer = said;
    expect(await faultIn(lambda().invoke(Buffer.from('{}'), signal))).toEqual(fault);
  });

  it('is asked by its own clock from then on', async () => {
    const theirs = Date.now() + 3_600_000;
    const date = new Date(theirs).toUTCString();
    answer = says(403, {'x-amzn-errortype': 'InvalidSignatureException', date}, '{"message":"expired"}');
    const asked = lambda();
    expect(await faultIn(asked.invoke(Buffer.from('{}'), signal))).toEqual({
      kind: 'transient',
      reason: 'clock-corrected',
    });
    // Now it is not the clock.
    expect(await faultIn(asked.invoke(Buffer.from('{}'), signal))).toMatchObject({kind: 'final'});
    const dates = seen.map(({headers}) => String(headers['x-amz-date']).slice(0, 11));
    const hour = (time: number) => new Date(time).toISOString().replace(/[-:]/g, '').slice(0, 11);
    expect([hour(theirs - 60_000), hour(theirs), hour(theirs + 60_000)]).toContain(dates[1]);
    expect(dates[0]).not.toBe(dates[1]);
  });

  it('is not waited for when nobody wants its answer', async () => {
    const controller = new AbortController();
    let closed: Promise<void> | undefined;
    answer = request => {
      closed = new Promise(resolve => request.socket.once('close', () => resolve()));
      controller.abort();
    };
    await expect(lambda().invoke(Buffer.from('{}'), controller.signal)).rejects.toThrow(/abort/);
    await closed;
    await expect(lambda().invoke(Buffer.from('{}'), controller.signal)).rejects.toThrow(/abort/);
    expect(seen).toHaveLength(1);
  });

  it('is not asked at all by who gave up before there was a connection', async () => {
    await dispatcher.destroy();
    dispatcher = new Agent({connections: 1});
    const [first, second] = [new AbortController(), new AbortController()];
    let queued: Promise<unknown> | undefined;
    answer = () => {
      queued = lambda().invoke(Buffer.from('second'), second.signal);
      queued.catch(() => second.abort());
      // By then it waits for the one connection.
      setImmediate(() => second.abort());
    };
    const asked = lambda().invoke(Buffer.from('first'), first.signal);
    asked.catch(() => {});
    await new Promise<void>(resolve => second.signal.addEventListener('abort', () => resolve()));
    await expect(queued).rejects.toThrow(/abort/);
    first.abort();
    await expect(asked).rejects.toThrow(/abort/);
    answer = says(200, {}, '{}');
    await lambda().invoke(Buffer.from('third'), signal);
    expect(seen.map(({body}) => body.toString())).toEqual(['first', 'third']);
  });
});

describe('a bucket', () => {
  const bytes = Buffer.from('some bytes');
  const checksum = (text: string | Buffer) => Buffer.from(digestOf(text), 'hex').toString('base64');

  it('takes what is put, with what it must be', async () => {
    answer = says(200, {}, '');
    const digest = digestOf(bytes);
    expect(await bucket().put('k', bytes, {...how, digest, keepsOther: true})).toBe('made');
    expect(await bucket().put('k', bytes, {...how, digest, keepsOther: false})).toBe('made');
    expect(seen.map(({body}) => body)).toEqual([bytes, bytes]);
    expect(seen.map(({headers}) => headers['if-none-match'])).toEqual(['*', undefined]);
    expect(seen[0]!.headers).toMatchObject({
      'x-amz-content-sha256': digest,
      'x-amz-checksum-sha256': checksum(bytes),
    });
  });

  it('keeps what is there, if it may', async () => {
    answer = says(412, {}, '<Error><Code>PreconditionFailed</Code></Error>');
    const digest = digestOf(bytes);
    expect(await bucket().put('k', bytes, {...how, digest, keepsOther: true})).toBe('met');
    expect(await faultIn(bucket().put('k', bytes, {...how, digest, keepsOther: false}))).toMatchObject({
      kind: 'final',
    });
  });

  it('gives what is there', async () => {
    answer = says(200, {'x-amz-checksum-sha256': checksum(bytes)}, bytes.toString());
    expect(await bucket().get('k', how)).toEqual(bytes);
    answer = says(200, {'x-amz-checksum-sha256': 'abc=-2'}, '');
    expect(await bucket().get('k', how)).toEqual(Buffer.alloc(0));
  });

  it('is asked again for what was damaged on its way', async () => {
    answer = says(200, {'x-amz-checksum-sha256': checksum(bytes)}, 'Some bytes');
    expect(await faultIn(bucket().get('k', how))).toEqual({kind: 'transient', reason: 'damaged'});
  });

  it.each<[string, Answer, object]>([
    [
      'without it',
      says(404, {}, '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>no k</Message></Error>'),
      {kind: 'final', reason: 'object-missing', text: 'no k'},
    ],
    [
      'that is not there',
      says(404, {}, '<Error><Code>NoSuchBucket</Code><Message>no b</Message></Error>'),
      {kind: 'final', reason: 'bucket-missing', text: 'no b'},
    ],
    [
      'that is busy',
      says(503, {}, '<Error><Code>SlowDown</Code><Message>.</Message></Error>'),
      {kind: 'throttled', reason: 'SlowDown'},
    ],
    [
      'behind a proxy with a page of its own',
      says(502, {}, '<html'),
      {kind: 'transient', reason: 'status-502'},
    ],
  ])('may be one %s', async (_, said, fault) => {
    answer = said;
    expect(await faultIn(bucket().get('k', how))).toEqual(fault);
  });

  it('with a wrong clock here says so by its date alone', async () => {
    answer = says(403, {date: new Date(Date.now() - 3_600_000).toUTCString(), age: '3600'}, '');
    expect(await faultIn(bucket().head('k', how))).toMatchObject({kind: 'final', reason: 'access-denied'});
    answer = says(403, {date: new Date(Date.now() - 3_600_000).toUTCString()}, '');
    expect(await faultIn(bucket().head('k', how))).toEqual({kind: 'transient', reason: 'clock-corrected'});
  });

  it('says by status alone what is not there', async () => {
    answer = says(404, {}, '');
    expect(await faultIn(bucket().head('k', how))).toMatchObject({kind: 'final', reason: 'object-missing'});
    answer = says(200, {}, '');
    await bucket().head('k', how);
    expect(seen.map(({method}) => method)).toEqual(['HEAD', 'HEAD']);
  });

  it('lists its keys, page by page', async () => {
    const page = (text: string) => says(200, {}, `<ListBucketResult>${text}</ListBucketResult>`);
    answer = page(
      '<Contents><Key>a&amp;b</Key></Contents><Contents><Key>c</Key></Contents><NextContinuationToken>n</NextContinuationToken>',
    );
    expect(await bucket().list('', undefined, how)).toEqual({keys: ['a&b', 'c'], next: 'n'});
    answer = page('<Contents><Key>d</Key></Contents>');
    expect(await bucket().list('', 'n', how)).toEqual({keys: ['d'], next: undefined});
    answer = page('');
    expect(await bucket().list('', undefined, how)).toEqual({keys: [], next: undefined});
  });

  it('is not waited for when it says nothing', async () => {
    answer = () => {};
    expect(await faultIn(bucket().get('k', {signal, silence: 20}))).toEqual({
      kind: 'transient',
      reason: 'connection-lost',
    });
  });
});
