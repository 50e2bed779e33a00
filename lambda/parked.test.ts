import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {Parked} from './parked.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'llama-parked-'));
});
afterEach(() => rmSync(directory, {recursive: true, force: true}));

function file(name: string, size = 10): string {
  const path = join(directory, name);
  writeFileSync(path, name.padEnd(size));
  return path;
}

it('gives a file back once, under the key it was parked by', () => {
  const parked = new Parked(join(directory, 'p'), 1 << 20);
  const path = file('a');
  parked.park('key', path, 10);
  expect(existsSync(path)).toBe(false);
  expect(parked.unpark('other key', path)).toBeUndefined();
  expect(parked.unpark('key', path)).toBe(10);
  expect(readFileSync(path, 'utf8').trim()).toBe('a');
  expect(parked.unpark('key', path)).toBeUndefined();
  expect(parked.bytes).toBe(0);
});

it('deletes the oldest beyond its limit, and what is larger than that at once', () => {
  const parked = new Parked(join(directory, 'p'), 3 * 5000);
  for (const name of ['a', 'b', 'c', 'd']) parked.park(name, file(name, 900), 900);
  parked.park('large', file('large', 20_000), 20_000);
  expect(parked.bytes).toBeLessThanOrEqual(3 * 5000);
  const kept = ['a', 'b', 'c', 'd', 'large'].filter(
    name => parked.unpark(name, join(directory, name)) !== undefined,
  );
  expect(kept).toEqual(['b', 'c', 'd']);
  expect(readdirSync(join(directory, 'p'))).toEqual([]);
});

it('keeps one file per key', () => {
  const parked = new Parked(join(directory, 'p'), 1 << 20);
  parked.park('key', file('a'), 10);
  parked.park('key', file('b'), 10);
  expect(readdirSync(join(directory, 'p'))).toHaveLength(1);
});
