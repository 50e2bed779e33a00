import {describe, expect, it} from 'vitest';
import {FailureError, InvariantError} from '../failure.ts';
import {FakeBuild} from '../test/fake-build.ts';
import {Plan} from './plan.ts';

const CP = 'rule cp\n  command = cp $in $out\n';
const DIAMOND = 'build top: cp left right\nbuild left: cp base\nbuild right: cp base\nbuild base: cp i\n';

function planned(statements: string, targets: string[], sources = ['i']) {
  const build = new FakeBuild(CP + statements, sources);
  const {freshness, roots} = build.look(...targets);
  const plan = new Plan(build.graph, freshness, roots);
  const ready = () =>
    plan
      .takeReady()
      .map(edge => build.name(edge))
      .sort();
  const start = (output: string) => plan.start(build.edge(output));
  const run = (...outputs: string[]) => {
    for (const output of outputs) {
      start(output);
      plan.finish(build.edge(output), []);
    }
  };
  return {build, plan, ready, start, run};
}

describe('edges become ready', () => {
  it('when all their inputs are made', () => {
    const {plan, ready, run} = planned(DIAMOND, ['top']);
    expect(ready()).toEqual(['base']);
    expect(ready()).toEqual([]);
    run('base');
    expect(ready()).toEqual(['left', 'right']);
    run('left');
    expect(ready()).toEqual([]);
    run('right');
    expect(ready()).toEqual(['top']);
    run('top');
    expect(plan.counts).toEqual({wanted: 4, done: 4, failed: 0, running: 0});
    expect([...plan.unfinished()]).toEqual([]);
  });

  it('through phony ones and through those that have nothing to do', () => {
    const {ready, run} = planned(
      'build top: cp all\nbuild all: phony x\nbuild x: phony || y\nbuild y: cp i\n',
      ['top'],
    );
    expect(ready()).toEqual(['y']);
    run('y');
    expect(ready()).toEqual(['top']);
  });

  it('once, however often an input is named', () => {
    const {ready, run} = planned('build top: cp x x | x || x y\nbuild x | y: cp i\n', ['top']);
    run('x');
    expect(ready()).toEqual(['top']);
    expect(ready()).toEqual([]);
  });

  it('again where a start came to nothing', () => {
    const {build, plan, ready, start} = planned(DIAMOND, ['top']);
    ready();
    start('base');
    expect(plan.counts.running).toBe(1);
    plan.requeue(build.edge('base'));
    expect(ready()).toEqual(['base']);
    expect(plan.counts.running).toBe(0);
  });

  it('never where an input failed', () => {
    const {build, plan, ready, run, start} = planned(DIAMOND, ['top']);
    run('base', 'left');
    ready();
    start('right');
    plan.fail(build.edge('right'));
    expect(ready()).toEqual([]);
    expect(plan.counts).toEqual({wanted: 4, done: 2, failed: 1, running: 0});
    expect(plan.isUnfinished(build.edge('top'))).toBe(true);
  });
});

describe('a missing input', () => {
  it.each([
    ['build o: cp i gone\n', ['o'], 'gone', 'o'],
    ['build o: cp i || gone\n', ['o'], 'gone', 'o'],
    ['build o: cp first second\nbuild second: cp third\n', ['o'], 'first', 'o'],
    ['build o: cp x second\nbuild x: cp first\n', ['o'], 'first', 'x'],
    ['build o: phony gone\n', ['o'], 'gone', 'o'],
    ['build o: cp i\n', ['gone'], 'gone', ''],
  ])('in %j is told of, the first of them', (statements, targets, path, neededBy) => {
    let failure: unknown;
    try {
      planned(statements, targets);
    } catch (error) {
      failure = error instanceof FailureError ? error.failure : error;
    }
    expect(failure).toEqual({reason: 'input-missing', path, neededBy});
  });
});

describe('an order that only a compile knows', () => {
  it('holds it back until the other edge has ended', () => {
    const {build, plan, ready, start, run} = planned('build a: cp i\nbuild b: cp i\nbuild c: cp a\n', [
      'b',
      'c',
    ]);
    expect(ready()).toEqual(['a', 'b']);
    start('b');
    expect(plan.addOrder(build.edge('b'), build.edge('c'))).toBe(true);
    expect(plan.counts.running).toBe(0);
    run('a');
    expect(ready()).toEqual(['c']);
    run('c');
    expect(ready()).toEqual(['b']);
  });

  it('is refused where it would go round in a circle, also over other such orders', () => {
    const {build, plan, ready, start, run} = planned('build a: cp i\nbuild b: cp i\nbuild c: cp a\n', [
      'a',
      'b',
      'c',
    ]);
    const [a, b, c] = ['a', 'b', 'c'].map(output => build.edge(output)) as [number, number, number];
    ready();
    start('a');
    expect(plan.addOrder(a, c)).toBe(false);
    expect(plan.addOrder(a, a)).toBe(false);
    expect(plan.addOrder(a, b)).toBe(true);
    start('b');
    expect(plan.addOrder(b, a)).toBe(false);
    expect(plan.addOrder(b, c)).toBe(false);
    plan.requeue(b);
    expect(ready()).toEqual(['b']);
    run('b');
    expect(ready()).toEqual(['a']);
  });

  it('is refused for an edge that has ended or is not in the plan', () => {
    const {build, plan, ready, start, run} = planned('build a: cp i\nbuild b: cp i\nbuild c: cp i\n', [
      'a',
      'b',
    ]);
    ready();
    run('a');
    start('b');
    expect(plan.addOrder(build.edge('b'), build.edge('a'))).toBe(false);
    expect(plan.addOrder(build.edge('b'), build.edge('c'))).toBe(false);
  });
});

it('refuses what cannot be', () => {
  const {build, plan, ready, start} = planned(DIAMOND, ['top']);
  expect(() => start('top')).toThrow(InvariantError);
  expect(() => plan.finish(build.edge('base'), [])).toThrow(InvariantError);
  ready();
  start('base');
  expect(() => start('base')).toThrow(InvariantError);
});

it('holds nothing that is up to date', async () => {
  const build = new FakeBuild(CP + DIAMOND, ['i']);
  await build.run(['top']);
  expect(build.dirty('top')).toEqual([]);
  build.touch('left');
  expect(build.dirty('top')).toEqual(['top']);
});
