import {expect, it} from 'vitest';
import {countRetry, countsSince, noCounts} from './counts.ts';

it('tells what was counted since, also of workers, fresh environments and retries', () => {
  const counts = noCounts();
  counts.get = 3;
  counts.worker.put = 2;
  countRetry(counts, 'slow');
  const before = structuredClone(counts);
  expect(countsSince(counts, before)).toEqual(noCounts());
  counts.get = 5;
  counts.worker.put = 6;
  counts.fresh.delayMs = 1.5;
  countRetry(counts, 'slow');
  countRetry(counts, 'lost');
  countRetry(counts, 'lost');
  expect(countsSince(counts, before)).toEqual({
    ...noCounts(),
    get: 2,
    worker: {...noCounts().worker, put: 4},
    fresh: {...noCounts().fresh, delayMs: 1.5},
    retries: new Map([
      ['slow', 1],
      ['lost', 2],
    ]),
  });
  expect(before.get).toBe(3);
});
