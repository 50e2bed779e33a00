import {describe, expect, it} from 'vitest';
import {Waiting} from './waiting.ts';

/** Compiles by name, each of which waits until it is started or aborted. */
function rig(room: number) {
  const place = {room};
  const waiting = new Waiting({room: () => place.room});
  const ends: string[] = [];
  const starts = new Map<string, () => void>();
  const controller = new AbortController();
  const enter = (name: string) =>
    waiting
      .during({signal: controller.signal, isWanted: () => true}, ({signal, isWanted}) => {
        const waits = new Promise<string>((resolve, reject) => {
          starts.set(name, () => isWanted() && resolve('remote'));
          signal.addEventListener('abort', () => reject(new Error('aborted')));
          if (signal.aborted) reject(new Error('aborted'));
        });
        return waits;
      })
      .catch((error: {reason?: string; message: string}) => error.reason ?? error.message)
      .then(end => void ends.push(`${name} ${end}`));
  return {place, waiting, enter, ends, start: (name: string) => starts.get(name)!(), controller};
}

const settled = () => new Promise(resolve => setImmediate(resolve));

describe('compiles on their way', () => {
  it('are left there while there is no room here', async () => {
    const {enter, ends, start} = rig(0);
    const all = [enter('a'), enter('b')];
    start('b');
    start('a');
    await Promise.all(all);
    expect(ends).toEqual(['b remote', 'a remote']);
  });

  it('are taken back from the end, as many as there is room for', async () => {
    const {enter, ends, place, waiting} = rig(0);
    for (const name of ['a', 'b', 'c', 'd']) void enter(name);
    place.room = 2;
    waiting.takeBack();
    // Both are still on their way to the cores that were free.
    waiting.takeBack();
    await settled();
    expect(ends).toEqual(['d own-core', 'c own-core']);
  });

  it('stay where a worker has begun', async () => {
    const {enter, ends, place, waiting, start} = rig(0);
    void enter('a');
    void enter('b');
    start('b');
    place.room = 1;
    waiting.takeBack();
    await settled();
    expect(ends.sort()).toEqual(['a own-core', 'b remote']);
  });

  it('end as they would when the build is interrupted', async () => {
    const {enter, ends, controller, place} = rig(0);
    const end = enter('a');
    controller.abort();
    await end;
    place.room = 1;
    await enter('b');
    expect(ends).toEqual(['a aborted', 'b aborted']);
  });
});
