import {randomBytes} from 'node:crypto';
import {compress, decompress} from '@mongodb-js/zstd';
import {describe, expect, it} from 'vitest';
import {digestOf} from '../../protocol/digest.ts';
import {
  type InvocationRequest,
  type InvocationResponse,
  PROTOCOL_VERSION,
} from '../../protocol/invocation.ts';
import {decodeRequest, encodeResponse} from '../../protocol/message.ts';
import {InvocationError} from '../cloud.ts';
import {noCounts} from '../counts.ts';
import {Controller} from './controller.ts';
import {LambdaInvoker} from './lambda-invoker.ts';

const REQUEST = {version: 2} as InvocationRequest;
const {signal} = new AbortController();
const RESULT = {kind: 'failure', reason: 'request-invalid', text: ''};

/** What Lambda answers: a payload, with or without a failure of the function, or an error of the service. */
type Answer = {payload: unknown; failed?: boolean} | Error;

function rig(...answers: Answer[]) {
  const counts = noCounts();
  let calls = 0;
  const payloads: Buffer[] = [];
  const answerNext = async (payload: Buffer) => {
    payloads.push(payload);
    const answer = answers[Math.min(calls++, answers.length - 1)]!;
    if (answer instanceof Error) throw answer;
    const text = typeof answer.payload === 'string' ? answer.payload : JSON.stringify(answer.payload);
    return {answer: Buffer.from(text), failed: answer.failed ?? false};
  };
  const clock = {now: () => 0, pause: async () => {}};
  const controller = new Controller({service: 'Lambda', first: 4, most: 4, onRetry: () => {}, clock});
  const invoker = new LambdaInvoker({
    function: {invoke: answerNext},
    memoryMb: 1769,
    controller,
    counts,
    width: 4,
  });
  const invoke = (request = REQUEST, abort = signal, isWanted = true) =>
    invoker.invoke(request, {signal: abort, isWanted: () => isWanted, expected: 0});
  return {invoke, counts, payloads, calls: () => calls};
}

function refused(name: string, status: number): Error {
  return Object.assign(new Error(name), {name, $metadata: {httpStatusCode: status}});
}

async function enveloped(response: InvocationResponse): Promise<unknown> {
  const message = await compress(encodeResponse(response));
  return {version: response.version, zstd: message.toString('base64')};
}

describe('an invocation', () => {
  it('goes out and comes back compressed, with the contents as they are', async () => {
    const blob = randomBytes(50);
    const request = {version: 6, action: {args: ['x'.repeat(3000)]}, blobs: [['a', blob]]};
    const object = Buffer.from('object'.repeat(1000));
    const file = {path: 'a.o', executable: false, digest: digestOf(object), size: 6000, inline: object};
    const nothing = {digest: digestOf(''), size: 0, inline: Buffer.alloc(0)};
    const observed = {read: [], found: [], absent: [], listed: []};
    const made = {exitCode: 0, stdout: nothing, stderr: nothing, outputs: [file], missing: []};
    const result = {kind: 'result', ...made, observed, timing: {}};
    const response = {version: 6, result} as unknown as InvocationResponse;
    const {invoke, payloads, counts} = rig({payload: await enveloped(response)});
    expect(await invoke(request as unknown as InvocationRequest)).toEqual(response);
    const envelope = JSON.parse(payloads[0]!.toString());
    expect(decodeRequest(await decompress(Buffer.from(envelope.zstd, 'base64')))).toEqual(request);
    expect(envelope.version).toBe(PROTOCOL_VERSION);
    expect(counts.bytesUp).toBeLessThan(1000);
    expect(counts.bytesDown).toBeLessThan(1000);
  });

  it('is taken from workers that tell less of themselves', async () => {
    const traffic = {get: 3, put: 1, head: 0, bytesUp: 5, bytesDown: 7, packMs: 1};
    const {invoke, counts} = rig({
      payload: {version: 1, result: RESULT, usage: {traffic, billedMs: 1, initMs: 0}},
    });
    expect((await invoke()).result).toEqual(RESULT);
    expect(counts.fresh.count).toBe(0);
  });

  it('answers what the worker says, and counts what it tells of its own requests and time', async () => {
    const traffic = {get: 3, put: 1, head: 0, bytesUp: 5, bytesDown: 7, packMs: 1};
    const unpacked = {count: 1, bytes: 900, ms: 70};
    const usage = {traffic, billedMs: 120, initMs: 20, unpacked};
    const {invoke, counts} = rig({payload: {version: 2, result: RESULT, usage}});
    expect((await invoke()).result).toEqual(RESULT);
    expect(counts).toMatchObject({
      invocationsStarted: 1,
      billedMs: 120,
      worker: {get: 3, put: 1, head: 0, bytesUp: 5, bytesDown: 7},
      fresh: {count: 1, bytes: 900, unpackMs: 70},
    });
  });

  it.each([
    ['out-of-memory', {errorType: 'Runtime.OutOfMemory', errorMessage: 'RequestId: 1 Error: Runtime exited'}],
    ['out-of-memory', {errorMessage: 'RequestId: 1 Error: Runtime exited with error: signal: killed'}],
    [
      'timed-out',
      {errorType: 'Sandbox.Timedout', errorMessage: 'RequestId: 1 Error: Task timed out after 900.00 s'},
    ],
    ['timed-out', {errorMessage: '2026-11-01T00:00:00Z 1 Task timed out after 900.00 seconds'}],
    [
      'too-large',
      {errorType: 'Function.ResponseSizeTooLarge', errorMessage: 'Response payload size exceeded'},
    ],
    ['lost', {errorType: 'TypeError', errorMessage: 'x is not a function'}],
    ['lost', 'not even JSON'],
  ])('of a function that ended badly is %s, and is not sent again by itself', async (reason, payload) => {
    const {invoke, calls} = rig({payload, failed: true});
    const error = await invoke().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(InvocationError);
    expect(error).toMatchObject({reason});
    expect(calls()).toBe(1);
  });

  it('that is answered by what is no response is lost', async () => {
    const rubbish = {version: 6, zstd: Buffer.from('no frame').toString('base64')};
    // Results come in envelopes.
    const bare = {version: 6, result: {kind: 'result'}};
    for (const payload of ['', 'null', '{}', {version: 2, result: null}, bare, rubbish])
      await expect(rig({payload}).invoke()).rejects.toMatchObject({reason: 'lost'});
  });

  it('that would be larger than Lambda takes is never sent', async () => {
    const {invoke, calls, counts} = rig({payload: {version: 2, result: RESULT}});
    const large = {version: 2, blobs: [['a', randomBytes(4_800_000)]]} as unknown as InvocationRequest;
    await expect(invoke(large)).rejects.toMatchObject({reason: 'too-large'});
    expect(calls()).toBe(0);
    expect(counts.invocationsStarted).toBe(0);
  });

  it.each([
    ['AccessDeniedException', 403, 'access-denied'],
    ['ResourceNotFoundException', 404, 'function-missing'],
    ['ExpiredTokenException', 403, 'credentials-expired'],
  ])(
    'that the service refuses with %s makes the cloud unavailable, with advice',
    async (name, status, detail) => {
      const {invoke, calls} = rig(refused(name, status));
      const error = await invoke().catch((cause: unknown) => cause);
      expect(error).toMatchObject({reason: 'unavailable', detail});
      expect((error as Error).message).toMatch(/; \S+/);
      expect(calls()).toBe(1);
    },
  );

  it('that is throttled goes through when there is room again', async () => {
    const throttle = refused('TooManyRequestsException', 429);
    const {invoke, counts} = rig(throttle, throttle, {payload: {version: 2, result: RESULT}});
    await invoke();
    expect(counts.invocationsStarted).toBe(3);
  });

  it('that nobody wants any more is aborted, and never sent', async () => {
    const {invoke, calls} = rig({payload: {version: 2, result: RESULT}});
    const gone = new AbortController();
    gone.abort();
    await expect(invoke(REQUEST, gone.signal)).rejects.toMatchObject({reason: 'aborted'});
    await expect(invoke(REQUEST, signal, false)).rejects.toMatchObject({reason: 'aborted'});
    expect(calls()).toBe(0);
  });
});
