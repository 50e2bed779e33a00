import {describe, expect, it} from 'vitest';
import {type Ticket, Window} from './window.ts';

const {signal} = new AbortController();
/** Time passes by waiting alone, at once. */
function clock() {
  let now = 0;
  const later = (ms: number, go: () => void) => {
    now += ms;
    setImmediate(go);
  };
  return {now: () => now, later};
}

/** All turns of the event loop that are due. */
async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve));
}

function enterMany(window: Window, count: number): Ticket[] {
  const entered: Ticket[] = [];
  for (let i = 0; i < count; i++) void window.enter(signal).then(ticket => entered.push(ticket));
  return entered;
}

describe('the window', () => {
  it('lets through as many as it is wide, in their order', async () => {
    const window = new Window({first: 3, most: 10, pace: clock()});
    const entered = enterMany(window, 5);
    await turns();
    expect(entered).toEqual([0, 1, 2]);
    window.leave(0, 'failed');
    await turns();
    expect(entered).toEqual([0, 1, 2, 3]);
    expect(window.inFlight).toBe(3);
  });

  it('starts few in one turn, so that the event loop goes on', async () => {
    const window = new Window({first: 1000, most: 1000, pace: clock()});
    const entered = enterMany(window, 1000);
    const perTurn: number[] = [];
    for (let before = 0; before < 1000; ) {
      await turns(1);
      perTurn.push(entered.length - before);
      before = entered.length;
    }
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(16);
  });

  it('starts few in a ms, so that a refusal comes in time', async () => {
    const pace = clock();
    const window = new Window({first: 1000, most: 1000, pace});
    const entered = enterMany(window, 1000);
    while (entered.length < 1000) await turns(1);
    // The last eight wait for all that are before them.
    expect(pace.now()).toBeCloseTo(992 / 1.5);
  });

  it('is cut once for a round trip, to nine tenths of what was under way', async () => {
    const window = new Window({first: 100, most: 100, pace: clock()});
    const entered = enterMany(window, 100);
    await turns();
    for (const ticket of entered.slice(0, 60)) window.leave(ticket, 'throttled');
    expect(window.limit).toBe(90);
    enterMany(window, 100);
    await turns();
    expect(window.inFlight).toBe(90);
    window.leave(100, 'throttled');
    expect(window.limit).toBe(81);
  });

  it('grows by one for each window of successes, and not beyond its most', async () => {
    const window = new Window({first: 10, most: 12, pace: clock()});
    for (let round = 0; round < 10; round++) {
      const entered = enterMany(window, 10);
      await turns();
      for (const ticket of entered) window.leave(ticket, 'succeeded');
      if (round === 1) expect(window.limit).toBe(11);
    }
    expect(window.limit).toBe(12);
  });

  it('never closes', async () => {
    const window = new Window({first: 1, most: 1, pace: clock()});
    for (let i = 0; i < 20; i++) {
      const entered = enterMany(window, 1);
      await turns(3);
      window.leave(entered[0]!, 'throttled');
    }
    expect(window.limit).toBe(1);
  });

  it('forgets who gave up waiting', async () => {
    const window = new Window({first: 1, most: 1, pace: clock()});
    enterMany(window, 1);
    const gone = new AbortController();
    const waiting = window.enter(gone.signal);
    const next = enterMany(window, 1);
    await turns();
    gone.abort(new Error('interrupted'));
    await expect(waiting).rejects.toThrow('interrupted');
    window.leave(0, 'succeeded');
    await turns();
    expect(next).toEqual([1]);
    await expect(window.enter(gone.signal)).rejects.toThrow('interrupted');
  });
});
