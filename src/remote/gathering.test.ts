import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {Gathering} from './gathering.ts';

function rig() {
  const gathering = new Gathering();
  const gone: string[] = [];
  const come = (name: string) => void gathering.settled().then(() => gone.push(name));
  return {gathering, gone, come};
}

describe('those who come', () => {
  beforeEach(() => void vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance']}));
  afterEach(() => void vi.useRealTimers());

  it('go on together once it is quiet', async () => {
    const {come, gone} = rig();
    come('a');
    await vi.advanceTimersByTimeAsync(10);
    come('b');
    await vi.advanceTimersByTimeAsync(14);
    expect(gone).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(gone).toEqual(['a', 'b']);
  });

  it('wait for those who are expected, however long a turn takes', async () => {
    const {gathering, come, gone} = rig();
    const [first, second] = [gathering.expect(), gathering.expect()];
    first();
    come('a');
    await vi.advanceTimersByTimeAsync(200);
    expect(gone).toEqual([]);
    second();
    come('b');
    await vi.advanceTimersByTimeAsync(15);
    expect(gone).toEqual(['a', 'b']);
  });

  it('go on when those who are expected will not come, or take too long', async () => {
    const {gathering, come, gone} = rig();
    const [first, second] = [gathering.expect(), gathering.expect()];
    come('a');
    first();
    first();
    await vi.advanceTimersByTimeAsync(999);
    expect(gone).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(gone).toEqual(['a']);
    second();
    come('b');
    await vi.advanceTimersByTimeAsync(15);
    expect(gone).toEqual(['a', 'b']);
  });
});
