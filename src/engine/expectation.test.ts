import {describe, expect, it} from 'vitest';
import {endsFirstHere, expectationLine, expectationOf, isWide} from './expectation.ts';

describe('what compiles are expected to take', () => {
  it('is what they took, and where that is not known goes by their size', () => {
    const known = {before: 1000, bytes: 3072};
    const unknown = {before: 0, bytes: 2048};
    expect(expectationOf([known, known, unknown])).toEqual({
      compiles: 3,
      ms: 2170,
      bytesUp: 10922 + 2 / 3,
      isFromHistory: true,
    });
    expect(expectationOf([known, unknown]).isFromHistory).toBe(false);
  });

  it('is told with what it rests on', () => {
    const of = {compiles: 1905, ms: 3_600_000, bytesUp: 61_000_000, isFromHistory: true};
    expect(expectationLine(of, 0.123)).toBe(
      'first wide build of this directory in the cloud: 1,905 compiles of 60 min in all, 61.0 MB up beside headers and compiler, which go once, about $0.12 (by what they took before); --max-cost sets a limit',
    );
    expect(expectationLine({...of, ms: 4000, isFromHistory: false}, 0.004)).toMatch(
      /compiles of 4 s in all, .* about \$0\.004 \(roughly, by their sources' size\)/,
    );
  });

  it('is worth a word where there are many', () => {
    expect([49, 50].map(compiles => isWide({compiles}))).toEqual([false, true]);
  });
});

describe('cores here', () => {
  it.each([
    ['with nothing to do', [], 2, false],
    ['with a few short compiles', [200, 200, 200, 200], 4, true],
    [
      'with one more than they can take at once, as long as the cloud needs to begin',
      [300, 300, 300],
      2,
      true,
    ],
    ['with many short ones', Array.from({length: 40}, () => 200), 4, false],
    ['with two long ones on one core', [5000, 5000], 1, false],
    ['with two long ones on two cores', [5000, 900], 2, true],
    ['with one that never ran', [200, 0], 4, false],
  ])('%s', (_, durations, cores, isHere) => {
    expect(endsFirstHere(durations, cores)).toBe(isHere);
  });
});
