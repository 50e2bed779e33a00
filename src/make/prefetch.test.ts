import {describe, expect, it} from 'vitest';
import {Slots} from '../scheduler/slots.ts';
import {questionOf} from '../test/question.ts';
import {Prefetch} from './prefetch.ts';

/** A prefetch whose compiles end when they are told to. */
function rig(places: number) {
  const slots = new Slots(places);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const aborted: string[] = [];
  const prefetch = new Prefetch({
    slots,
    compile: ({words}, signal) => {
      const name = words.at(-1)!;
      begun.push(name);
      return new Promise(resolve => {
        ends.set(name, resolve);
        signal.addEventListener('abort', () => {
          aborted.push(name);
          resolve();
        });
      });
    },
  });
  return {slots, begun, ends, aborted, prefetch};
}

/** Lets all that can go on do so. */
const turn = () => new Promise(resolve => setImmediate(resolve));

describe('what is begun before it is asked for', () => {
  it('is as much as there is room for, in order', async () => {
    const {prefetch, begun, ends} = rig(2);
    prefetch.start(['a', 'b', 'c'].map(name => questionOf(name)));
    await turn();
    expect(begun).toEqual(['a', 'b']);
    ends.get('b')!();
    await turn();
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  it('is waited for by who asks for it; what has not begun is left to him', async () => {
    const {prefetch, begun, ends} = rig(1);
    prefetch.start(['a', 'b', 'c'].map(name => questionOf(name)));
    await turn();
    let isClaimed = false;
    const claim = prefetch.claim(questionOf('a')).then(() => {
      isClaimed = true;
    });
    await prefetch.claim(questionOf('b'));
    await turn();
    expect(isClaimed).toBe(false);
    ends.get('a')!();
    await claim;
    await turn();
    expect(begun).toEqual(['a', 'c']);
    await prefetch.claim(questionOf('of nobody'));
  });

  it('has one before those who ask, and no more', async () => {
    const {prefetch, begun, ends, slots} = rig(1);
    prefetch.start(['a', 'b', 'c'].map(name => questionOf(name)));
    await turn();
    let hasPlace = false;
    const asks = slots.acquire().then(() => {
      hasPlace = true;
    });
    ends.get('a')!();
    await turn();
    expect([begun, hasPlace]).toEqual([['a', 'b'], false]);
    ends.get('b')!();
    await asks;
    await turn();
    expect(begun).toEqual(['a', 'b']);
  });

  it('ends with the make: what is under way is aborted, what waits never begins', async () => {
    const {prefetch, begun, aborted, slots} = rig(1);
    prefetch.start(['a', 'b'].map(name => questionOf(name)));
    await turn();
    await prefetch.close();
    await turn();
    expect([begun, aborted, slots.taken]).toEqual([['a'], ['a'], 0]);
  });
});
