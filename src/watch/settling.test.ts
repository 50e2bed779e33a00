import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {type Changes, Settling} from './settling.ts';

let told: {at: number; changes: Changes}[];
let settling: Settling;

beforeEach(() => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance']});
  told = [];
  const began = performance.now();
  settling = new Settling(changes => told.push({at: performance.now() - began, changes}));
});

afterEach(() => {
  settling.close();
  vi.useRealTimers();
});

describe('changes', () => {
  it('that are alone are told of after 10 ms', () => {
    settling.add('a.c');
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([{at: 10, changes: {names: new Set(['a.c']), isBurst: false}}]);
  });

  it('of one name stay one change, however often it is written', () => {
    for (let i = 0; i < 3; i++) {
      settling.add('a.c');
      vi.advanceTimersByTime(5);
    }
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([{at: 20, changes: {names: new Set(['a.c']), isBurst: false}}]);
  });

  it('of several names are one build, and wait a little longer', () => {
    for (const name of ['a.c', 'b.c', 'c.c']) {
      settling.add(name);
      vi.advanceTimersByTime(8);
    }
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([{at: 46, changes: {names: new Set(['a.c', 'b.c', 'c.c']), isBurst: false}}]);
  });

  it('that do not end are told of after 200 ms, and again after that', () => {
    for (let i = 0; i < 100; i++) {
      settling.add(`${i}.c`);
      vi.advanceTimersByTime(4);
    }
    vi.advanceTimersByTime(1000);
    expect(told.map(({at}) => at)).toEqual([200, 400]);
    expect(told.flatMap(({changes}) => [...changes.names])).toHaveLength(100);
    expect(told.every(({changes}) => !changes.isBurst)).toBe(true);
  });

  it('of more names than anybody edits at once are a burst', () => {
    for (let i = 0; i < 101; i++) settling.add(`${i}.c`);
    vi.advanceTimersByTime(1000);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({at: 50, changes: {isBurst: true}});
  });

  it('that have no name are a burst by themselves, and that is over with them', () => {
    settling.addAll();
    vi.advanceTimersByTime(1000);
    settling.add('a.c');
    vi.advanceTimersByTime(1000);
    expect(told.map(({changes}) => [changes.names.size, changes.isBurst])).toEqual([
      [0, true],
      [1, false],
    ]);
  });

  it('are not told of after the end', () => {
    settling.add('a.c');
    settling.close();
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([]);
  });
});
