import {describe, expect, it} from 'vitest';
import {CloudPolicy, type CloudPolicyOptions, Departures} from './cloud-policy.ts';

function policy(changes: Partial<CloudPolicyOptions> = {}): CloudPolicy {
  return new CloudPolicy({
    isAway: true,
    remoteOnly: false,
    maxCost: undefined,
    fallsBack: true,
    cost: () => 1,
    ...changes,
  });
}

const MANY = {waiting: 100, freeCores: 2};
const FEW = {waiting: 2, freeCores: 2};

describe('a compile', () => {
  it('goes when there are more than cores to run them here', () => {
    expect(policy().reasonToStay(MANY)).toBeUndefined();
    expect(policy().reasonToStay(FEW)).toBe('own-core');
    expect(policy().reasonToStay({waiting: 1, freeCores: 0})).toBeUndefined();
  });

  it('always goes where that was asked for', () => {
    expect(policy({remoteOnly: true}).reasonToStay(FEW)).toBeUndefined();
  });

  it('stays once the build has cost what it may', () => {
    expect(policy({maxCost: 1.01}).reasonToStay(MANY)).toBeUndefined();
    expect(policy({maxCost: 1}).reasonToStay(MANY)).toBe('max-cost');
    expect(policy({maxCost: 0, remoteOnly: true}).reasonToStay(MANY)).toBe('max-cost');
  });

  it('always goes to workers on this machine', () => {
    expect(policy({isAway: false, maxCost: 0}).reasonToStay(FEW)).toBeUndefined();
  });
});

describe('departures', () => {
  it('are none where cores here are done sooner, by what compiles took before', () => {
    const of = {durations: [300, 200, 300, 100], cores: 4};
    expect(new Departures(policy(), of).reasonToStay(1, 0)).toBe('own-core');
    expect(new Departures(policy({remoteOnly: true}), of).reasonToStay(1, 0)).toBeUndefined();
    expect(new Departures(policy({isAway: false}), of).reasonToStay(1, 0)).toBeUndefined();
  });

  it('count each compile once, however often it goes and wherever it ends', () => {
    const departures = new Departures(policy(), {durations: [0, 0, 0, 0, 0, 0], cores: 2});
    for (let round = 0; round < 5; round++) expect(departures.reasonToStay(1, 2)).toBeUndefined();
    // It fell back after all.
    departures.end(1);
    expect(departures.reasonToStay(2, 2)).toBeUndefined();
    departures.end(3);
    expect(departures.reasonToStay(4, 2)).toBeUndefined();
    expect(departures.reasonToStay(5, 2)).toBe('own-core');
    expect(departures.reasonToStay(6, 0)).toBeUndefined();
  });
});
