/** What a cloud was asked for, in numbers. */

export interface CloudCounts {
  get: number;
  put: number;
  head: number;
  list: number;
  bytesUp: number;
  bytesDown: number;
  invocationsStarted: number;
  invocationsRetried: number;
  /** Requests of the client that were made again, by reason. */
  readonly retries: Map<string, number>;
  /** What workers asked of the store, as they tell. */
  worker: {get: number; put: number; head: number; bytesUp: number; bytesDown: number};
  /** Of all invocations. */
  billedMs: number;
  /** Environments that had to get a compiler first. `delayMs`: until their first compile began, their start included. */
  fresh: {count: number; bytes: number; unpackMs: number; delayMs: number};
}

/** `reason`: a stable name, as `lambda:TooManyRequestsException`. */
export function countRetry({retries}: Pick<CloudCounts, 'retries'>, reason: string): void {
  retries.set(reason, (retries.get(reason) ?? 0) + 1);
}

export function noCounts(): CloudCounts {
  return {
    get: 0,
    put: 0,
    head: 0,
    list: 0,
    bytesUp: 0,
    bytesDown: 0,
    invocationsStarted: 0,
    invocationsRetried: 0,
    retries: new Map(),
    worker: {get: 0, put: 0, head: 0, bytesUp: 0, bytesDown: 0},
    billedMs: 0,
    fresh: {count: 0, bytes: 0, unpackMs: 0, delayMs: 0},
  };
}

/** What was counted since it was `before`; reasons for which nothing was are left out. */
export function countsSince(counts: CloudCounts, before: CloudCounts): CloudCounts {
  const retries = Array.from(counts.retries, ([reason, count]) => {
    return [reason, count - (before.retries.get(reason) ?? 0)] as const;
  }).filter(([, count]) => count > 0);
  return {
    ...difference(counts, before),
    worker: difference(counts.worker, before.worker),
    fresh: difference(counts.fresh, before.fresh),
    retries: new Map(retries),
  };
}

/** Of all its numbers; what else there is stays as it is. */
function difference<Numbers extends object>(now: Numbers, before: Numbers): Numbers {
  const earlier = new Map<string, unknown>(Object.entries(before));
  const entries = Object.entries(now).map(([name, value]) => {
    const was = earlier.get(name);
    return [name, typeof value === 'number' && typeof was === 'number' ? value - was : value];
  });
  return Object.fromEntries(entries) as Numbers;
}
