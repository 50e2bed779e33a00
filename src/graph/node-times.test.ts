import {mkdirSync, symlinkSync, utimesSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {ninjaFolder} from '../test/ninja-folder.ts';
import {statFrom} from './node-times.ts';

it('sees files as ninja does', () => {
  const folder = ninjaFolder({a: '', old: ''});
  const stat = statFrom(folder.path);
  utimesSync(join(folder.path, 'a'), 5, 7.25);
  utimesSync(join(folder.path, 'old'), 0, 0.5);
  mkdirSync(join(folder.path, 'directory'));
  symlinkSync('a', join(folder.path, 'link'));
  symlinkSync('nowhere', join(folder.path, 'dangling'));
  symlinkSync('loop', join(folder.path, 'loop'));
  expect(stat('a')).toBe(7_250_000_000n);
  expect(stat(join(folder.path, 'a'))).toBe(7_250_000_000n);
  expect(stat('link')).toBe(7_250_000_000n);
  // 0 says that a file is missing.
  expect(stat('old')).toBe(1n);
  expect(stat('directory')).toBeGreaterThan(0n);
  expect(['none', 'dangling', 'a/below', 'loop', 'x'.repeat(300)].map(stat)).toEqual([0n, 0n, 0n, 0n, 0n]);
});
