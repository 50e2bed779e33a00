import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {hedged} from './hedge.ts';

interface Sent {
  readonly signal: AbortSignal;
  readonly answer: (text: string) => void;
  readonly fail: (text: string) => void;
  readonly refuse: () => void;
  readonly again: () => void;
}

function rig() {
  const sent: Sent[] = [];
  const controller = new AbortController();
  let overdue = 0;
  const end = hedged<string>(
    (signal, onSent) =>
      new Promise((answer, reject) => {
        let onRefused = onSent(10);
        const again = () => {
          onRefused = onSent(10);
        };
        sent.push({signal, answer, again, refuse: () => onRefused(), fail: text => reject(new Error(text))});
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      }),
    {
      patience: bytes => bytes * 100,
      signal: controller.signal,
      onOverdue: () => overdue++,
    },
  );
  const outcome = end.catch((error: Error) => error.message);
  return {sent, outcome, controller, overdue: () => overdue};
}

describe('a request', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('that is answered in time is sent once', async () => {
    const {sent, outcome, overdue} = rig();
    vi.advanceTimersByTime(999);
    sent[0]!.answer('a');
    expect(await outcome).toBe('a');
    vi.advanceTimersByTime(10_000);
    expect([sent.length, overdue(), vi.getTimerCount()]).toEqual([1, 0, 0]);
  });

  it.each([0, 1])('that is overdue is sent again; the answer of number %d is taken', async winner => {
    const {sent, outcome, overdue} = rig();
    vi.advanceTimersByTime(1000);
    expect([sent.length, overdue()]).toEqual([2, 1]);
    sent[winner]!.answer('a');
    expect(await outcome).toBe('a');
    expect(sent[1 - winner]!.signal.aborted).toBe(true);
  });

  it('that fails while the other is under way waits for that', async () => {
    const {sent, outcome} = rig();
    vi.advanceTimersByTime(1000);
    sent[0]!.fail('lost');
    sent[1]!.answer('b');
    expect(await outcome).toBe('b');
  });

  it('that is refused is not overdue before it has been sent again', async () => {
    const {sent, outcome, overdue} = rig();
    sent[0]!.refuse();
    vi.advanceTimersByTime(60_000);
    expect(overdue()).toBe(0);
    sent[0]!.again();
    vi.advanceTimersByTime(1000);
    expect(overdue()).toBe(1);
    sent[1]!.answer('b');
    expect(await outcome).toBe('b');
  });

  it('that fails in time is not sent again', async () => {
    const {sent, outcome} = rig();
    sent[0]!.fail('refused');
    expect(await outcome).toBe('refused');
    expect(sent).toHaveLength(1);
  });

  it('is sent three times at most, with more patience each time, and never given up', async () => {
    const {sent, outcome, overdue} = rig();
    vi.advanceTimersByTime(2999);
    expect(sent).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(sent).toHaveLength(3);
    vi.advanceTimersByTime(900_000);
    expect([sent.length, overdue(), vi.getTimerCount()]).toEqual([3, 3, 0]);
    sent[0]!.answer('a');
    expect(await outcome).toBe('a');
    expect(sent.slice(1).map(({signal}) => signal.aborted)).toEqual([true, true]);
  });

  it('keeps its patience with the second while the first is sent again', async () => {
    const {sent, outcome} = rig();
    vi.advanceTimersByTime(1000);
    sent[0]!.refuse();
    sent[0]!.again();
    sent[0]!.fail('lost');
    vi.advanceTimersByTime(2000);
    expect(sent).toHaveLength(3);
    sent[2]!.answer('c');
    expect(await outcome).toBe('c');
  });

  it('ends with its signal', async () => {
    const {outcome, controller} = rig();
    controller.abort();
    expect(await outcome).toBe('aborted');
    expect(vi.getTimerCount()).toBe(0);
  });
});
