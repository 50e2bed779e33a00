import {expect, it} from 'vitest';
import {FakeBuild} from '../test/fake-build.ts';
import {criticalPath} from './priority.ts';

const CP = 'rule cp\n  command = cp $in $out\n';

function weights(statements: string, durations: Record<string, number>): Record<string, number> {
  const build = new FakeBuild(CP + statements);
  const edges = Array.from({length: build.graph.edgeCount}, (_, edge) => edge);
  const weight = criticalPath(build.graph, edges, edge => durations[build.name(edge)] ?? 0);
  return Object.fromEntries(edges.map(edge => [build.name(edge), weight[edge]!]));
}

it('is the time of the longest chain behind an edge, its own included', () => {
  const diamond =
    'build base: cp i\nbuild left: cp base\nbuild right: cp base\nbuild top: cp left || right\n';
  expect(weights(diamond, {base: 1, left: 20, right: 300, top: 4000})).toEqual({
    base: 4301,
    left: 4020,
    right: 4300,
    top: 4000,
  });
});

it('takes phony edges for nothing, and what was never measured for a second', () => {
  const chain = 'build a: cp i\nbuild group: phony a\nbuild b: cp group\n';
  expect(weights(chain, {b: 5})).toEqual({a: 1005, group: 5, b: 5});
});

it('ends on graphs that go round, and on deep ones', () => {
  const circle = weights('build a: cp b\nbuild b: cp a\n', {});
  expect(Object.values(circle).every(weight => weight >= 1000)).toBe(true);
  const depth = 20_000;
  const lines = Array.from({length: depth}, (_, i) => `build n${i + 1}: cp n${i}\n`).join('');
  expect(weights(lines, {})).toMatchObject({n1: depth * 1000, [`n${depth}`]: 1000});
});
