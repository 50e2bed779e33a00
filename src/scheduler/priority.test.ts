import {expect, it} from 'vitest';
import {FakeBuild} from '../test/fake-build.ts';
import {Plan} from './plan.ts';
import {criticalPath} from './priority.ts';

const CP = 'rule cp\n  command = cp $in $out\n';

function weights(statements: string, durations: Record<string, number>): Record<string, number> {
  const build = new FakeBuild(CP + statements, ['i']);
  const edges = Array.from({length: build.graph.edgeCount}, (_, edge) => edge);
  const {freshness, roots} = build.look(...edges.map(edge => build.name(edge)));
  const plan = new Plan(build.graph, freshness, roots);
  const weight = criticalPath(build.graph, plan, edge => durations[build.name(edge)] ?? 0);
  return Object.fromEntries(edges.map(edge => [build.name(edge), weight(edge)]));
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

it('leaves out what has nothing to do, and what only that waits for', () => {
  const build = new FakeBuild(`${CP}build a: cp i\nbuild b: cp a\nbuild other: cp i\n`, ['i', 'other']);
  const {freshness, roots} = build.look('b');
  const weight = criticalPath(build.graph, new Plan(build.graph, freshness, roots), () => 7);
  expect(['a', 'b', 'other'].map(name => weight(build.edge(name)))).toEqual([14, 7, 0]);
});

it('ends on graphs that are deep', () => {
  const depth = 20_000;
  const lines = Array.from({length: depth}, (_, i) => `build n${i + 1}: cp ${i === 0 ? 'i' : `n${i}`}\n`);
  expect(weights(lines.join(''), {})).toMatchObject({n1: depth * 1000, [`n${depth}`]: 1000});
});
