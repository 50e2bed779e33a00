/** Where requests go and how they are spelt, held against the SDK's own clients. */
import {createHash, createHmac} from 'node:crypto';
import {createServer, type IncomingMessage, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {InvokeCommand, LambdaClient} from '@aws-sdk/client-lambda';
import {GetObjectCommand, ListObjectsV2Command, S3Client} from '@aws-sdk/client-s3';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {connect} from './connection.ts';
import {bucketPlace, lambdaPlace, placeOf} from './endpoints.ts';
import * as sdk from './sdk.ts';

const CREDENTIALS = {accessKeyId: 'key', secretAccessKey: 'secret'};
const BUCKET = 'a-bucket';

/** What the SDK's client sends, which gets no answer. */
async function sentBy(
  send: (handler: {handle: (request: Sent) => Promise<never>}) => Promise<unknown>,
): Promise<Sent> {
  let sent: Sent | undefined;
  const handle = async (request: Sent): Promise<never> => {
    sent = request;
    throw new Error('no answer');
  };
  await send({handle}).catch(() => {});
  return sent!;
}

interface Sent {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (/^AWS_|_proxy$/i.test(name)) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true');
  vi.stubEnv('AWS_ACCESS_KEY_ID', CREDENTIALS.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', CREDENTIALS.secretAccessKey);
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent/config');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent/credentials');
});
afterEach(() => vi.unstubAllEnvs());

describe('a service is where the SDK finds it', () => {
  it.each<[string, string, Record<string, string>, boolean?]>([
    ['in a region', 'eu-central-1', {}],
    ['in a partition of its own', 'cn-north-1', {}],
    ['with FIPS', 'us-east-1', {AWS_USE_FIPS_ENDPOINT: 'true'}],
    ['with FIPS by the name of the region', 'fips-us-gov-west-1', {}],
    ['by IPv6 too', 'us-west-2', {AWS_USE_DUALSTACK_ENDPOINT: 'true'}],
    ['at another server', 'us-east-1', {AWS_ENDPOINT_URL: 'http://127.0.0.1:4566/aws'}, true],
    ['at a server for one of them', 'us-east-1', {AWS_ENDPOINT_URL_LAMBDA: 'https://lambda.example.org'}],
    [
      'at AWS, where such settings are to be passed over',
      'us-east-1',
      {AWS_ENDPOINT_URL: 'http://127.0.0.1:4566', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true'},
      true,
    ],
  ])('%s', async (_, region, env, forcePathStyle = false) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const place = placeOf(sdk, region, undefined);
    const common = {region, credentials: CREDENTIALS, maxAttempts: 1};
    const lambda = await sentBy(requestHandler =>
      new LambdaClient({...common, requestHandler: requestHandler as never}).send(
        new InvokeCommand({FunctionName: 'f'}),
      ),
    );
    const s3 = await sentBy(requestHandler =>
      new S3Client({...common, forcePathStyle, requestHandler: requestHandler as never}).send(
        new GetObjectCommand({Bucket: BUCKET, Key: 'k'}),
      ),
    );
    const found = await lambdaPlace(sdk, place);
    const bucket = await bucketPlace(sdk, place, BUCKET, forcePathStyle);
    expect(originOf(lambda)).toBe(found.url.origin);
    expect(originOf(s3)).toBe(bucket.url.origin);
    expect(lambda.path).toBe(`${found.url.pathname.replace(/\/$/, '')}/2015-03-31/functions/f/invocations`);
    expect(s3.path).toBe(`${bucket.url.pathname.replace(/\/$/, '')}/k`);
    expect(lambda.headers.authorization).toContain(`/${found.signedFor.region}/${found.signedFor.service}/`);
    expect(s3.headers.authorization).toContain(`/${bucket.signedFor.region}/${bucket.signedFor.service}/`);
  });
});

function originOf({protocol, hostname, port}: Sent): string {
  return new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`).origin;
}

describe('a request is spelt as the SDK spells it', () => {
  const urls: string[] = [];
  const signatures: {readonly claimed: string; readonly right: string}[] = [];
  let server: Server;
  beforeEach(async () => {
    urls.length = 0;
    signatures.length = 0;
    server = createServer((request, response) => {
      urls.push(`${request.method} ${request.url}`);
      const chunks: Buffer[] = [];
      request.on('data', chunk => chunks.push(chunk));
      request.on('end', () => {
        signatures.push(signatureOf(request, Buffer.concat(chunks)));
        response.end('<ListBucketResult/>');
      });
    });
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv('AWS_REGION', 'us-east-1');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ['f', 'packs/0123'],
    ['arn:aws:lambda:us-east-1:123456789012:function:f:7', "a b+c&d=e/é!'()*~/%41"],
  ])('function %s, key and prefix %s', async (name, key) => {
    const {signal} = new AbortController();
    const connection = await connect({connections: 2, env: process.env});
    const bucket = await connection.bucket(BUCKET);
    await (await connection.function(name)).invoke(Buffer.from('{}'), signal);
    await bucket.get(key, {signal, silence: 10_000});
    expect(await bucket.list(key, 'next/+=', {signal, silence: 10_000})).toEqual({
      keys: [],
      next: undefined,
    });
    connection.close();
    const ours = urls.splice(0);
    const lambda = new LambdaClient({credentials: CREDENTIALS});
    await lambda.send(new InvokeCommand({FunctionName: name, Payload: Buffer.from('{}')}));
    const s3 = new S3Client({credentials: CREDENTIALS, forcePathStyle: true});
    await s3.send(new GetObjectCommand({Bucket: BUCKET, Key: key}));
    await s3.send(new ListObjectsV2Command({Bucket: BUCKET, Prefix: key, ContinuationToken: 'next/+='}));
    lambda.destroy();
    s3.destroy();
    expect(signatures).toHaveLength(6);
    for (const {claimed, right} of signatures) expect(claimed).toBe(right);
    expect(ours.map(sorted)).toEqual(urls.map(url => sorted(url.replace('x-id=GetObject', ''))));
  });
});

describe('a connection', () => {
  const settings = () => ({region: 'us-east-1', connections: 2, env: process.env});

  it('goes by a proxy where there is one', async () => {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url!);
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await new Promise<void>(resolve => void proxy.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    vi.stubEnv('AWS_ENDPOINT_URL', 'https://aws.example.org');
    const connection = await connect(settings());
    const {signal} = new AbortController();
    const invoked = (await connection.function('f')).invoke(Buffer.from('{}'), signal);
    await expect(invoked).rejects.toThrow(/502/);
    expect(asked).toEqual(['aws.example.org:443']);
    connection.close();
    proxy.close();
  });

  it('to no place is refused', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'no place');
    const connection = await connect(settings());
    await expect(connection.function('f')).rejects.toMatchObject({
      failure: {text: expect.stringContaining('to Lambda')},
    });
    await expect(connection.bucket(BUCKET)).rejects.toMatchObject({
      failure: {text: expect.stringContaining('to S3')},
    });
    connection.close();
  });
});

/** What a request says to be its signature, and what it is by AWS's rules ("Signature Version 4", IAM's user guide). */
function signatureOf({method, url = '', headers}: IncomingMessage, body: Buffer) {
  const said =
    /Credential=key\/(\S+), SignedHeaders=(\S+), Signature=(\S+)/.exec(headers.authorization ?? '') ?? [];
  const [, scope = '', names = '', claimed = ''] = said;
  const [path = '', query = ''] = url.split('?');
  // S3 alone takes the path as it is.
  const isS3 = scope.includes('/s3/');
  const canonical = [
    method,
    isS3 ? path : path.split('/').map(encodeURIComponent).join('/'),
    query.split('&').sort().join('&'),
    ...names.split(';').map(name => `${name}:${String(headers[name]).trim()}`),
    '',
    names,
    headers['x-amz-content-sha256'] ?? createHash('sha256').update(body).digest('hex'),
  ].join('\n');
  const text = [
    'AWS4-HMAC-SHA256',
    headers['x-amz-date'],
    scope,
    createHash('sha256').update(canonical).digest('hex'),
  ];
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const key = scope.split('/').reduce(hmac, Buffer.from(`AWS4${CREDENTIALS.secretAccessKey}`));
  return {claimed, right: hmac(key, text.join('\n')).toString('hex')};
}

/** The order of a query says nothing. */
function sorted(url: string): string {
  const [path, query = ''] = url.split('?');
  return `${path}?${query.split('&').sort().join('&')}`;
}
