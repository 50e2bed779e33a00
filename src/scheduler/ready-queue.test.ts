import fc from 'fast-check';
import {expect, it} from 'vitest';
import {ReadyQueue} from './ready-queue.ts';

const any = () => true;

function drain(queue: ReadyQueue, accept: (edge: number) => boolean = any): number[] {
  const taken: number[] = [];
  for (let edge = queue.take(accept); edge !== undefined; edge = queue.take(accept)) taken.push(edge);
  return taken;
}

it('gives the heaviest first, and of equal ones the first described', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), {maxLength: 40}), weights => {
      const queue = new ReadyQueue(edge => weights[edge]!);
      const edges = weights.map((_, edge) => edge);
      for (const edge of [...edges].reverse()) queue.push(edge);
      expect(queue.size).toBe(edges.length);
      expect(drain(queue)).toEqual(edges.sort((a, b) => weights[b]! - weights[a]! || a - b));
      expect(queue.size).toBe(0);
    }),
  );
});

it('keeps what is refused, in its order', () => {
  const queue = new ReadyQueue(edge => edge);
  for (const edge of [1, 2, 3, 4, 5]) queue.push(edge);
  expect(queue.take(edge => edge % 2 === 0)).toBe(4);
  expect(queue.take(edge => edge > 5)).toBeUndefined();
  expect(drain(queue)).toEqual([5, 3, 2, 1]);
});

it('is empty when it is cleared', () => {
  const queue = new ReadyQueue(() => 1);
  queue.push(1);
  queue.clear();
  expect(queue.take(any)).toBeUndefined();
});
