/**
 * One action by whichever worker takes it: what the cloud loses is asked for again, a bounded number of times, each
 * retry with its reason. What the action's own command does is never retried.
 */

import type {Digest} from '../protocol/digest.ts';
import type {ActionResult, CarriedBlob, InvocationRequest, WorkerFailure} from '../protocol/invocation.ts';
import {type Cloud, InvocationError, StoreError} from './cloud.ts';
import {countRetry} from './counts.ts';

export interface Invoked {
  readonly result: ActionResult;
}

const MOST_TRIES = 4;

/**
 * Uploads, then invokes. `forgetUploads` is called before an upload that has to look at the store again.
 * @throws StoreError, InvocationError
 */
export async function invokeWithRetry(options: {
  cloud: Cloud;
  request: InvocationRequest;
  /** Answers what the request has to carry. */
  upload: () => Promise<readonly CarriedBlob[]>;
  forgetUploads: () => void;
  signal: AbortSignal;
  isWanted: () => boolean;
  /** See {@link InvokeOptions}. */
  expected: number;
}): Promise<Invoked> {
  const {cloud, request, upload, forgetUploads, signal, isWanted, expected} = options;
  const mended = new Set<Digest>();
  const {counts} = cloud;
  for (let attempt = 1; ; attempt++) {
    // What others wait for too goes on; this one stops waiting.
    const blobs = await orAborted(upload(), signal);
    try {
      const whole = blobs.length === 0 ? request : {...request, blobs};
      const response = await cloud.invoker.invoke(whole, {signal, isWanted, expected});
      if (response.result.kind === 'result') return {result: response.result};
      const failure = response.result;
      if (!isTransient(failure, cloud) || attempt === MOST_TRIES) throw asError(failure);
      const news = failure.digests?.filter(digest => !mended.has(digest)) ?? [];
      if (news.length > 0) {
        // A worker names what it met first. As long as each round mends something else, it is no failure to try on.
        for (const digest of news) mended.add(digest);
        attempt--;
      }
      if (failure.digests) cloud.store.forget(failure.digests, storeReason(failure));
      forgetUploads();
      countRetry(counts, `worker:${failure.reason}`);
    } catch (error) {
      if (!(error instanceof InvocationError) || error.reason !== 'lost' || attempt === MOST_TRIES)
        throw error;
      countRetry(counts, 'worker:lost');
    }
    counts.invocationsRetried++;
  }
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new InvocationError('aborted', 'interrupted'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, {once: true});
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Whichever lost ends without anybody looking.
    work.catch(() => {});
    aborted.catch(() => {});
  }
}

function storeReason({reason}: WorkerFailure): StoreError['reason'] {
  return reason === 'blob-missing' || reason === 'blob-corrupt' ? reason : 'store-failed';
}

function isTransient(failure: WorkerFailure, {isAway}: Cloud): boolean {
  switch (failure.reason) {
    case 'blob-missing':
    case 'blob-corrupt':
      return true;
    case 'store-failed':
      // Another worker may have a better way to it; here all have the same disk.
      return isAway;
    default:
      return false;
  }
}

function asError(failure: WorkerFailure): Error {
  switch (failure.reason) {
    case 'blob-missing':
    case 'blob-corrupt':
    case 'store-failed':
      return new StoreError(failure.reason, failure.text, 'worker');
    case 'version-mismatch':
      return new InvocationError('unavailable', `${failure.text}; llama bootstrap`, 'function-outdated');
    default:
      return new InvocationError('refused', `a worker could not run a compile: ${failure.text}`);
  }
}
