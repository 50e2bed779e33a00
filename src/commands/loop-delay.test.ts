import {setImmediate as turn} from 'node:timers/promises';
import {expect, it, onTestFinished} from 'vitest';
import {LoopDelay} from './loop-delay.ts';

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function watched(): LoopDelay {
  const delay = new LoopDelay();
  onTestFinished(() => delay.close());
  return delay;
}

it('tells how long a turn of lone work took', async () => {
  const delay = watched();
  delay.work();
  block(60);
  await turn();
  expect(delay.max).toBeGreaterThanOrEqual(60);
});

it('sees also the turns after a long one', async () => {
  const delay = watched();
  delay.work();
  block(3);
  await turn();
  block(60);
  while (delay.max < 45) await turn();
});

it('looks again as long as something is done', async () => {
  const delay = watched();
  // The first is alone, the second sets the clock, the third lets it be set again.
  for (let times = 0; times < 3; times++) delay.work();
  await turn();
  delay.max = 0;
  block(30);
  while (delay.max === 0) await turn();
  // The clock was late by 20, and has been set again.
  block(100);
  while (delay.max < 85) await turn();
});
