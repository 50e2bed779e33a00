import {describe, expect, it} from 'vitest';
import {noCounts} from '../counts.ts';
import {costOf, expectedCostOf, pricesIn} from './prices.ts';

const of = (region: string) => ({memoryMb: 2048, scratchMb: 512, prices: pricesIn(region)});

describe('what a build costs', () => {
  it('is its computing, its invocations and its requests by kind', () => {
    const counts = {
      ...noCounts(),
      billedMs: 10_000,
      invocationsStarted: 1000,
      put: 3,
      list: 1,
      get: 10,
      head: 5,
    };
    counts.worker = {get: 80, put: 6, head: 5, bytesUp: 1, bytesDown: 1};
    const wanted = 20 * 0.0000166667 + 0.0002 + 10 * 0.000005 + 100 * 0.0000004;
    expect(costOf(counts, of('us-east-1'))).toBeCloseTo(wanted, 10);
  });

  it('has the disk beyond what is free in it', () => {
    const counts = {...noCounts(), billedMs: 1000};
    const plain = costOf(counts, of('us-east-1'));
    const more = costOf(counts, {...of('us-east-1'), scratchMb: 512 + 2048});
    expect(more - plain).toBeCloseTo(2 * 0.0000000309, 12);
  });

  it('differs by region, and is that of us-east-1 where none is known', () => {
    expect(pricesIn('ap-east-1')).toMatchObject({gbSecond: 0.00002292, put: 0.000005});
    expect(pricesIn('eu-central-1')).toMatchObject({gbSecond: 0.0000166667, put: 0.0000054});
    expect(pricesIn('nowhere-1')).toEqual(pricesIn('us-east-1'));
  });

  it('is expected from the time of its compiles', () => {
    const expected = expectedCostOf({compiles: 100, ms: 100_000}, of('us-east-1'));
    expect(expected).toBeCloseTo(200 * 0.0000166667 + 100 * (0.0000002 + 2 * 0.0000004), 10);
  });
});
