import {mkdirSync, symlinkSync, utimesSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {ninjaFolder} from '../test/ninja-folder.ts';
import type {Graph} from './graph.ts';
import {GraphBuilder} from './graph-builder.ts';
import {NodeTimes, statFrom} from './node-times.ts';

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

it('compares as numbers do, and looks at each file once', () => {
  const values = [
    0n,
    1n,
    5n,
    0x7fff_ffffn,
    0x8000_0000n,
    0xffff_ffffn,
    0x1_0000_0000n,
    1_700_000_000_123_456_789n,
    -5n,
  ];
  const builder = new GraphBuilder();
  for (const value of values) builder.node(`f${value}`);
  const graph: Graph = builder.freeze({defaults: [], buildDir: ''});
  const looks: string[] = [];
  const times = new NodeTimes(graph, path => {
    looks.push(path);
    return BigInt(path.slice(1));
  });
  const nodes = values.map((_, node) => node);
  expect(times.missingAmong(nodes)).toEqual([0]);
  for (const one of nodes) {
    expect(times.isMissing(one)).toBe(values[one] === 0n);
    for (const other of nodes) {
      expect(times.isNewer(one, other)).toBe(values[one]! > values[other]!);
      expect(times.newest([one, other], -1)).toBe(values[other]! > values[one]! ? other : one);
      expect(times.newest([one], other)).toBe(values[one]! > values[other]! ? one : other);
    }
  }
  expect(looks).toHaveLength(values.length);
  const late = graph.intern('f7');
  expect([times.isMissing(late), times.isNewer(late, 2), times.get(late)]).toEqual([false, true, 7n]);
});
