import {describe, expect, it} from 'vitest';
import {CloudError, Controller, type ControllerOptions} from './controller.ts';

const {signal} = new AbortController();

function failure(status: number, name = 'Error', extra = {}): Error {
  return Object.assign(new Error(`${name} ${status}`), {name, $metadata: {httpStatusCode: status}, ...extra});
}

function rig(...faults: (Error | undefined)[]) {
  return rigWith({}, ...faults);
}

function rigWith(more: Partial<ControllerOptions>, ...faults: (Error | undefined)[]) {
  const retries: string[] = [];
  let calls = 0;
  let now = 0;
  // Time passes when somebody waits for it.
  const clock = {
    now: () => now,
    pause: async (ms: number) => {
      now += ms;
    },
  };
  const onRetry = (reason: string) => retries.push(reason);
  const controller = new Controller({service: 'S3', first: 4, most: 4, onRetry, clock, ...more});
  const send = async () => {
    const fault = faults[Math.min(calls++, faults.length - 1)];
    if (fault) throw fault;
    return 'answer';
  };
  return {controller, send, retries, calls: () => calls, clock};
}

function outcome(promise: Promise<string>): Promise<string | Error> {
  return promise.catch((error: Error) => error);
}

describe('a request', () => {
  it.each([
    ['500', failure(500), 'status-500'],
    ['503 SlowDown', failure(503, 'SlowDown'), 'SlowDown'],
    [
      '429',
      failure(429, 'TooManyRequestsException', {Reason: 'CallerRateLimitExceeded'}),
      'CallerRateLimitExceeded',
    ],
    ['a damaged answer', new Error('Checksum mismatch: expected "a" but received "b"'), 'damaged'],
    ['a reset', Object.assign(new Error('reset'), {code: 'ECONNRESET'}), 'connection-lost'],
    [
      'a dead connection',
      Object.assign(new Error('other side closed'), {code: 'UND_ERR_SOCKET'}),
      'connection-lost',
    ],
    ['a function in change', failure(409, 'ResourceConflictException'), 'not-ready'],
    ['a race of puts', failure(409, 'ConditionalRequestConflict'), 'conflict'],
  ])('is sent again after %s, with that reason', async (_, fault, reason) => {
    const {controller, send, retries} = rig(fault, fault, undefined);
    expect(await outcome(controller.run(send, {signal}))).toBe('answer');
    expect(retries).toEqual([reason, reason]);
  });

  it.each([
    ['403', failure(403, 'AccessDenied'), 'access-denied'],
    ['404 of a function', failure(404, 'ResourceNotFoundException'), 'function-missing'],
    ['404 of a bucket', failure(404, 'NoSuchBucket'), 'bucket-missing'],
    ['404 of an object', failure(404, 'NoSuchKey'), 'object-missing'],
    ['413', failure(413, 'RequestTooLargeException'), 'too-large'],
    ['credentials that expired', failure(403, 'ExpiredTokenException'), 'credentials-expired'],
    [
      'no credentials',
      Object.assign(new Error('none'), {name: 'CredentialsProviderError'}),
      'no-credentials',
    ],
    ['a clock that is wrong', failure(403, 'RequestTimeTooSkewed'), 'clock-skew'],
    ['a malformed request', failure(400, 'ValidationException'), 'rejected'],
  ])('is not sent again after %s', async (_, fault, reason) => {
    const {controller, send, calls} = rig(fault);
    const end = await outcome(controller.run(send, {signal}));
    expect(end).toBeInstanceOf(CloudError);
    expect((end as CloudError).reason).toBe(reason);
    expect(calls()).toBe(1);
  });

  it('is sent again once with new credentials, where there are such', async () => {
    const expired = failure(403, 'ExpiredTokenException');
    let refreshes = 0;
    const refresh = async () => void refreshes++;
    const {controller, send, retries} = rigWith({refresh}, expired, undefined);
    expect(await outcome(controller.run(send, {signal}))).toBe('answer');
    expect([refreshes, retries]).toEqual([1, ['credentials-expired']]);
    const still = rigWith({refresh}, expired);
    const end = (await outcome(still.controller.run(still.send, {signal}))) as CloudError;
    expect([end.reason, still.calls()]).toEqual(['credentials-expired', 2]);
  });

  it('ends with the reason why there are no new credentials', async () => {
    const refresh = () =>
      Promise.reject(Object.assign(new Error('gone'), {name: 'CredentialsProviderError'}));
    const {controller, send, calls} = rigWith({refresh}, failure(403, 'ExpiredTokenException'));
    const end = (await outcome(controller.run(send, {signal}))) as CloudError;
    expect([end.reason, calls()]).toEqual(['no-credentials', 1]);
  });

  it('is sent again when the clock was set by the answer', async () => {
    const skewed = failure(403, 'RequestTimeTooSkewed');
    Object.assign((skewed as unknown as {$metadata: object}).$metadata, {clockSkewCorrected: true});
    const {controller, send, retries} = rig(skewed, undefined);
    expect(await outcome(controller.run(send, {signal}))).toBe('answer');
    expect(retries).toEqual(['clock-corrected']);
  });

  it('is judged by what was said of it, whatever the clock is like', async () => {
    const expired = failure(403, 'ExpiredTokenException');
    Object.assign((expired as unknown as {$metadata: object}).$metadata, {clockSkewCorrected: true});
    const {controller, send} = rig(expired);
    expect((await outcome(controller.run(send, {signal}))) as CloudError).toMatchObject({
      reason: 'credentials-expired',
    });
  });

  it('that meets nobody ends, as no network', async () => {
    const {controller, send, calls} = rig(Object.assign(new Error('refused'), {code: 'ECONNREFUSED'}));
    expect((await outcome(controller.run(send, {signal}))) as CloudError).toMatchObject({
      reason: 'no-network',
    });
    expect(calls()).toBe(5);
  });

  it('that is throttled without end gives up after a minute without any success', async () => {
    const {controller, send, calls} = rig(failure(429, 'TooManyRequestsException'));
    const end = await outcome(controller.run(send, {signal}));
    expect((end as Error).message).toContain('throttled');
    expect(calls()).toBeGreaterThan(10);
    expect(calls()).toBeLessThan(200);
  });

  it('waits as long as the service asks', async () => {
    const throttle = failure(429, 'TooManyRequestsException', {retryAfterSeconds: '7'});
    const {controller, send, clock} = rig(throttle, undefined);
    await outcome(controller.run(send, {signal}));
    expect(clock.now()).toBe(7000);
  });

  it('is not sent when nobody wants it any more', async () => {
    const {controller, send, calls} = rig(undefined);
    const end = await outcome(controller.run(send, {signal, isWanted: () => false}));
    expect((end as Error).name).toBe('AbortError');
    expect(calls()).toBe(0);
    expect(controller.window.inFlight).toBe(0);
  });

  it('gives its place in the window back, however it ends', async () => {
    const {controller, send} = rig(failure(403), failure(429), failure(500), undefined);
    for (let i = 0; i < 3; i++) await outcome(controller.run(send, {signal}));
    expect(controller.window.inFlight).toBe(0);
  });
});
