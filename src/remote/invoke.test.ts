import {describe, expect, it} from 'vitest';
import {digestOf} from '../protocol/digest.ts';
import type {InvocationRequest, InvocationResponse, WorkerFailure} from '../protocol/invocation.ts';
import {type Cloud, InvocationError, StoreError} from './cloud.ts';
import {noCounts} from './counts.ts';
import {invokeWithRetry} from './invoke.ts';

const RESULT = {kind: 'result', exitCode: 1} as unknown as InvocationResponse['result'];
const GONE = digestOf('gone');

function failure(reason: WorkerFailure['reason'], digest = GONE): WorkerFailure {
  return {kind: 'failure', reason, text: `the worker says ${reason}`, digests: [digest]};
}

function digestsOf({digests}: WorkerFailure): readonly string[] {
  return digests ?? [];
}

/** A cloud whose workers give these answers, one after the other; the last one for ever. */
function rig(answers: readonly (InvocationResponse['result'] | Error)[]) {
  const seen = {uploads: 0, forgotten: [] as string[], forgetUploads: 0, calls: 0};
  const counts = noCounts();
  const cloud = {
    counts,
    store: {forget: (digests: readonly string[]) => seen.forgotten.push(...digests)},
    invoker: {
      async invoke() {
        const answer = answers[Math.min(seen.calls++, answers.length - 1)]!;
        if (answer instanceof Error) throw answer;
        return {version: 1, result: answer};
      },
    },
  } as unknown as Cloud;
  const run = () =>
    invokeWithRetry({
      cloud,
      request: {} as InvocationRequest,
      upload: async () => {
        seen.uploads++;
        return [];
      },
      forgetUploads: () => {
        seen.forgetUploads++;
      },
      isWanted: () => true,
      expected: 0,
      signal: new AbortController().signal,
    });
  return {run, seen, counts};
}

const LOST = new InvocationError('lost', 'a worker went away');

describe('an invocation', () => {
  it('that runs a failing command is done, not retried', async () => {
    const {run, seen, counts} = rig([RESULT]);
    expect(await run()).toEqual({result: RESULT});
    expect(seen).toMatchObject({uploads: 1, calls: 1});
    expect(counts.invocationsRetried).toBe(0);
  });

  it('that loses its worker is asked for again', async () => {
    const {run, seen, counts} = rig([LOST, LOST, RESULT]);
    expect(await run()).toEqual({result: RESULT});
    expect(seen.calls).toBe(3);
    expect(counts.invocationsRetried).toBe(2);
  });

  it('that loses every worker is given up', async () => {
    const {run, seen, counts} = rig([LOST]);
    await expect(run()).rejects.toBe(LOST);
    expect(seen.calls).toBe(4);
    expect(counts.invocationsRetried).toBe(3);
  });

  it.each(['blob-missing', 'blob-corrupt'] as const)('with %s uploads again what was named', async reason => {
    const {run, seen} = rig([failure(reason), RESULT]);
    expect(await run()).toEqual({result: RESULT});
    expect(seen).toEqual({uploads: 2, forgotten: [GONE], forgetUploads: 1, calls: 2});
  });

  it.each(['blob-missing', 'blob-corrupt'] as const)(
    'with %s for ever is a fault of the store',
    async reason => {
      const {run, seen} = rig([failure(reason)]);
      const error = await run().catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({reason, message: `the worker says ${reason}`});
      expect(seen.calls).toBe(5);
    },
  );

  it('with a store that fails on the worker is a fault of the store at once', async () => {
    const {run, seen} = rig([failure('store-failed'), RESULT]);
    await expect(run()).rejects.toMatchObject({reason: 'store-failed'});
    expect(seen.calls).toBe(1);
  });

  it('goes on as long as each try mends another blob', async () => {
    const failures = Array.from({length: 9}, (_, i) => failure('blob-corrupt', digestOf(String(i))));
    const {run, seen} = rig([...failures, RESULT]);
    expect(await run()).toEqual({result: RESULT});
    expect(seen).toMatchObject({uploads: 10, calls: 10, forgotten: failures.flatMap(digestsOf)});
  });

  it.each(['request-invalid', 'timed-out', 'scratch-full', 'spawn-failed'] as const)(
    'that is refused with %s is not tried again',
    async reason => {
      const {run, seen} = rig([failure(reason), RESULT]);
      const error = await run().catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(InvocationError);
      expect(error).toMatchObject({reason: 'refused', message: expect.stringContaining(reason)});
      expect(seen.calls).toBe(1);
    },
  );

  it('that meets a worker of another version says which command mends that', async () => {
    const {run, seen} = rig([failure('version-mismatch'), RESULT]);
    await expect(run()).rejects.toMatchObject({
      reason: 'unavailable',
      detail: 'function-outdated',
      message: expect.stringContaining('llama bootstrap'),
    });
    expect(seen.calls).toBe(1);
  });

  it('that waits for an upload ends with the build', async () => {
    const interruption = new AbortController();
    const waiting = invokeWithRetry({
      cloud: {counts: noCounts()} as Cloud,
      request: {} as InvocationRequest,
      upload: () => new Promise(() => {}),
      forgetUploads: () => {},
      isWanted: () => true,
      expected: 0,
      signal: interruption.signal,
    });
    interruption.abort();
    await expect(waiting).rejects.toMatchObject({reason: 'aborted'});
  });

  it.each(['refused', 'aborted'] as const)('that comes back as %s stays so', async reason => {
    const error = new InvocationError(reason, 'no');
    const {run, seen} = rig([error, RESULT]);
    await expect(run()).rejects.toBe(error);
    expect(seen.calls).toBe(1);
  });
});
