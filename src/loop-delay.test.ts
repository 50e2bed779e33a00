import {setImmediate as turn} from 'node:timers/promises';
import {expect, it, onTestFinished} from 'vitest';
import {LoopDelay} from './loop-delay.ts';

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('tells the longest time without a turn, less than its own interval off', async () => {
  const delay = new LoopDelay();
  onTestFinished(() => delay.close());
  delay.work();
  block(60);
  while (delay.max === 0) await turn();
  expect(delay.max).toBeGreaterThanOrEqual(45);
  const before = delay.max;
  delay.work();
  block(15);
  await turn();
  expect(delay.max).toBe(before);
});

it('looks again as long as something is done', async () => {
  const delay = new LoopDelay();
  onTestFinished(() => delay.close());
  for (let times = 0; times < 3; times++) delay.work();
  block(30);
  while (delay.max === 0) await turn();
  block(100);
  while (delay.max < 85) await turn();
});
