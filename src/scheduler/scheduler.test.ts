import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {EdgeOutcome} from '../graph/executor.ts';
import {FAILED, FakeBuild, type FakeRunOptions} from '../test/fake-build.ts';

const RULES =
  'rule cp\n  command = cp $in $out\n' +
  'rule re\n  command = re $in\n  restat = 1\n' +
  'rule cc\n  command = cc $in\n  deps = gcc\n  depfile = $out.d\n' +
  'pool one\n  depth = 1\npool two\n  depth = 2\npool any\n  depth = 0\n';

const many = (count: number, statement: (name: string) => string) =>
  Array.from({length: count}, (_, i) => statement(`n${i}`)).join('');
const names = (count: number) => Array.from({length: count}, (_, i) => `n${i}`);

function fresh(statements: string, sources: readonly string[] = ['i']): FakeBuild {
  return new FakeBuild(RULES + statements, sources);
}

describe('a build', () => {
  it('runs each edge once, inputs first, and is then clean', async () => {
    const build = fresh('build top: cp a b\nbuild a: cp i\nbuild b: cp a\n');
    const run = await build.run(['top']);
    expect(run).toMatchObject({end: 'exhausted', started: ['a', 'b', 'top'], failures: 0});
    expect(build.dirty('top')).toEqual([]);
    expect((await build.run(['top'])).started).toEqual([]);
  });

  it('tells of each start and each end', async () => {
    const {events} = await fresh('build a: cp i\nbuild b: cp a\n').run(['b'], {laneOf: () => 'ninja'});
    expect(events.map(event => event.type)).toEqual([
      'edge-started',
      'edge-finished',
      'edge-started',
      'edge-finished',
    ]);
    expect(events[1]).toMatchObject({label: 'a', command: 'cp i a', place: 'ninja'});
  });

  it('starts the more urgent first', async () => {
    const build = fresh(many(4, name => `build ${name}: cp i\n`));
    const weights: Record<string, number> = {n0: 1, n1: 7, n2: 3, n3: 7};
    const options = {remoteLimit: 1, weightOf: (output: string) => weights[output]!};
    expect((await build.run(names(4), options)).started).toEqual(['n1', 'n3', 'n2', 'n0']);
  });

  it('does not wait for an edge where another may start', async () => {
    const build = fresh('build slow: cp i\nbuild a: cp i\nbuild b: cp a\nbuild c: cp b\n');
    const ended: string[] = [];
    const run = await build.run(['slow', 'c'], {
      pick: running => {
        const at = running.length > 1 ? running.findIndex(name => name !== 'slow') : 0;
        ended.push(running[at]!);
        return at;
      },
    });
    expect(run.started).toEqual(['slow', 'a', 'b', 'c']);
    expect(ended).toEqual(['a', 'b', 'c', 'slow']);
  });
});

describe('limits', () => {
  const wide = many(6, name => `build ${name}: cp i\n`);
  const inPool = (pool: string) => many(6, name => `build ${name}: cp i\n  pool = ${pool}\n`);

  it.each<[string, string, FakeRunOptions, number]>([
    ['remote', wide, {remoteLimit: 3}, 3],
    ['local', wide, {localJobs: 2, laneOf: () => 'local'}, 2],
    ['ninja', wide, {localJobs: 1, laneOf: () => 'ninja'}, 1],
    [
      'both lanes of this machine together',
      wide,
      {localJobs: 3, laneOf: name => (name < 'n3' ? 'local' : 'ninja')},
      3,
    ],
    [
      'remote beside local',
      wide,
      {localJobs: 1, remoteLimit: 2, laneOf: name => (name < 'n3' ? 'local' : 'remote')},
      3,
    ],
    ['a pool of one', inPool('one'), {}, 1],
    ['a pool of two', inPool('two'), {}, 2],
    ['a pool without a limit', inPool('any'), {}, 6],
    ['the console', inPool('console'), {laneOf: () => 'ninja'}, 1],
    ['a pool across lanes', inPool('two'), {laneOf: name => (name < 'n3' ? 'ninja' : 'remote')}, 2],
  ])('of %s hold, and all is built', async (_name, statements, options, widest) => {
    const run = await fresh(statements).run(names(6), options);
    expect(run.widest).toBe(widest);
    expect([...run.started].sort()).toEqual(names(6));
    expect(run.end).toBe('exhausted');
  });

  it('that were reached let nothing more go until few are left, and then as many as may', async () => {
    const build = fresh(many(8, name => `build ${name}: cp i\n`));
    const run = await build.run(names(8), {remoteLimit: 4, remoteRefill: 1});
    expect(run.events.map(({type}) => (type === 'edge-started' ? '+' : '-')).join('')).toBe(
      '++++---+++---+--',
    );
  });

  it('that were not reached let go what becomes ready', async () => {
    const statements = 'build a: cp i\nbuild b: cp i\nbuild c: cp a\nbuild d: cp a\n';
    const run = await fresh(statements).run(['b', 'c', 'd'], {remoteLimit: 4, remoteRefill: 0});
    expect(run.started).toEqual(['a', 'b', 'c', 'd']);
    expect(run.widest).toBe(3);
  });

  it('of a full pool do not hold up what is in no pool', async () => {
    const statements = `${many(3, name => `build ${name}: cp i\n  pool = one\n`)}build free: cp i\n`;
    const run = await fresh(statements).run([...names(3), 'free'], {localJobs: 2, laneOf: () => 'ninja'});
    expect(run.started.slice(0, 2)).toEqual(['n0', 'free']);
    expect(run.started).toHaveLength(4);
  });

  it('let a console edge tell that it has the terminal', async () => {
    const {events} = await fresh('build a: cp i\n  pool = console\n').run(['a'], {laneOf: () => 'ninja'});
    expect(events[0]).toMatchObject({type: 'edge-started', isConsole: true});
  });
});

describe('failures', () => {
  const wide = `${many(6, name => `build ${name}: cp i\n`)}build top: phony ${names(6).join(' ')}\nbuild after: cp n0\n`;
  const failing = (outputs: string): FakeRunOptions => ({
    outcomeOf: output => (outputs.includes(output) ? FAILED : undefined),
  });

  it('stop the build after the first, while what runs still ends', async () => {
    const build = fresh(wide);
    const run = await build.run(['top', 'after'], {...failing('n0'), remoteLimit: 2});
    expect(run).toMatchObject({end: 'stopped', failures: 1, started: ['n0', 'n1']});
    expect(run.events.map(event => event.type)).toEqual([
      'edge-started',
      'edge-started',
      'edge-failed',
      'edge-finished',
    ]);
    expect(build.dirty('top')).not.toContain('n1');
  });

  it('are allowed up to a number', async () => {
    const run = await fresh(wide).run(['top', 'after'], {
      ...failing('n0 n1'),
      remoteLimit: 1,
      failuresAllowed: 2,
    });
    expect(run).toMatchObject({end: 'stopped', failures: 2, started: ['n0', 'n1']});
  });

  it('may be allowed without end: all that can be built is built', async () => {
    const build = fresh(wide);
    const run = await build.run(['top', 'after'], {
      ...failing('n0 n3'),
      failuresAllowed: Number.POSITIVE_INFINITY,
    });
    expect(run).toMatchObject({end: 'exhausted', failures: 2});
    expect([...run.started].sort()).toEqual(names(6));
    expect(build.dirty('top', 'after')).toEqual(['after', 'n0', 'n3']);
  });

  it('are told with command, target and output', async () => {
    const {events} = await fresh(wide).run(['n0'], failing('n0'));
    expect(events.at(-1)).toMatchObject({type: 'edge-failed', target: 'n0', command: 'cp i n0', exitCode: 1});
  });

  it('in an executor itself end the build with its error, and do not hang it', async () => {
    const build = fresh('build a: cp i\n');
    const broken: FakeRunOptions = {
      outcomeOf: () => ({kind: 'done', place: 'remote', output: Buffer.alloc(0), record: undefined as never}),
    };
    await expect(build.run(['a'], broken)).rejects.toThrow(TypeError);
  });

  it('in an executor itself end whatever is on its way', async () => {
    const signals = new Map<string, AbortSignal>();
    const broken: FakeRunOptions = {
      onStart: (name, signal) => signals.set(name, signal),
      outcomeOf: () => ({kind: 'done', place: 'remote', output: Buffer.alloc(0), record: undefined as never}),
    };
    await expect(fresh(wide).run(names(3), broken)).rejects.toThrow(TypeError);
    expect(Array.from(signals, ([name, {aborted}]) => [name, aborted])).toEqual([
      ['n0', false],
      ['n1', true],
      ['n2', true],
    ]);
  });
});

describe('restat', () => {
  const CHAIN = 'build a: re i\nbuild b: cp a\nbuild c: cp b j\nbuild d: cp c || a\n';

  it('spares what only an unchanged output would have made dirty', async () => {
    const build = fresh(CHAIN, ['i', 'j']);
    await build.run(['d']);
    build.touch('i');
    expect(build.dirty('d')).toEqual(['a', 'b', 'c', 'd']);
    const run = await build.run(['d'], {leaves: ['a']});
    expect(run.started).toEqual(['a']);
    expect(run.plan.counts).toMatchObject({wanted: 1, done: 1});
    expect(build.dirty('d')).toEqual([]);
  });

  it('spares nothing where the output changed, nor what has another reason', async () => {
    const build = fresh(CHAIN, ['i', 'j']);
    await build.run(['d']);
    build.touch('i');
    expect((await build.run(['d'])).started).toEqual(['a', 'b', 'c', 'd']);
    build.touch('i', 'j');
    expect((await build.run(['d'], {leaves: ['a']})).started).toEqual(['a', 'c', 'd']);
  });

  it('counts an output that is still not there as unchanged', async () => {
    const build = fresh(CHAIN, ['i', 'j']);
    const run = await build.run(['d'], {leaves: ['a']});
    expect(run.started).toEqual(['a', 'b', 'c', 'd']);
    build.files.delete('b');
    expect((await build.run(['d'], {leaves: ['a']})).started).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is without meaning for an edge that does not ask for it', async () => {
    const build = fresh('build a: cp i\nbuild b: cp a\n');
    await build.run(['b']);
    build.touch('i');
    expect((await build.run(['b'], {leaves: ['a']})).started).toEqual(['a', 'b']);
  });

  it('reaches through phony ones and through discovered inputs', async () => {
    const build = fresh('build h: re i\nbuild all: phony h\nbuild o: cc j || all\nbuild p: cp all\n', [
      'i',
      'j',
    ]);
    build.discovers.set('o', ['h']);
    await build.run(['o', 'p']);
    build.touch('i');
    expect(build.dirty('o', 'p')).toEqual(['h', 'o', 'p']);
    expect((await build.run(['o', 'p'], {leaves: ['h']})).started).toEqual(['h']);
    build.touch('i');
    expect([...(await build.run(['o', 'p'])).started].sort()).toEqual(['h', 'o', 'p']);
  });
});

describe('a compile that has to wait', () => {
  const waits = (build: FakeBuild, ...outputs: string[]): EdgeOutcome => ({
    kind: 'waits',
    producers: outputs.map(output => build.edge(output)),
  });

  it('for what another edge makes is run again after that', async () => {
    const build = fresh('build o: cp i\nbuild h: cp g\nbuild g: cp i\n');
    const run = await build.run(['o', 'h'], {
      outcomeOf: (output, round) => (output === 'o' && round === 1 ? waits(build, 'h', 'g') : undefined),
    });
    expect(run.started).toEqual(['o', 'g', 'h', 'o']);
    expect(run.events.filter(event => event.type === 'edge-returned')).toHaveLength(1);
    expect(run.end).toBe('exhausted');
  });

  it('for what waits for it is run here, where the compiler tells what it reads', async () => {
    const build = fresh('build tool: cp i\nbuild h: cp tool\n');
    const lanes: string[] = [];
    const run = await build.run(['h'], {
      outcomeOf: (output, round) => (output === 'tool' && round === 1 ? waits(build, 'h') : undefined),
    });
    for (const event of run.events) if (event.type === 'edge-finished') lanes.push(event.place);
    expect(run.started).toEqual(['tool', 'tool', 'h']);
    expect(lanes).toEqual(['local', 'remote']);
    expect(run.events.find(event => event.type === 'edge-finished')).toMatchObject({
      localReason: 'undiscovered-input',
    });
  });

  it('for what has ended meanwhile is run again where it was', async () => {
    const build = fresh('build a: cp i\nbuild o: cp a\n');
    const run = await build.run(['o'], {
      outcomeOf: (output, round) => (output === 'o' && round === 1 ? waits(build, 'a') : undefined),
    });
    expect(run.started).toEqual(['a', 'o', 'o']);
    expect(run.events.at(-1)).toMatchObject({type: 'edge-finished', place: 'remote'});
  });
});

describe('an end before the end', () => {
  it('comes by a signal: nothing more starts, and what was cancelled is not done', async () => {
    const build = fresh(many(4, name => `build ${name}: cp i\n`));
    const abort = new AbortController();
    const run = await build.run(names(4), {
      remoteLimit: 2,
      signal: abort.signal,
      outcomeOf: () => {
        abort.abort();
        return {kind: 'cancelled'};
      },
    });
    expect(run).toMatchObject({end: 'stopped', started: ['n0', 'n1'], failures: 0});
    expect(build.dirty(...names(4))).toEqual(names(4));
  });

  it('comes while edges are being started: those are ended too', async () => {
    const build = fresh(many(3, name => `build ${name}: cp i\n`));
    const abort = new AbortController();
    const signals: AbortSignal[] = [];
    await build.run(names(3), {
      signal: abort.signal,
      onStart: (_, signal) => {
        signals.push(signal);
        if (signals.length === 2) abort.abort();
      },
    });
    expect(signals.map(({aborted}) => aborted)).toEqual([true, true, true]);
  });

  it('comes by a local edge that changed the description', async () => {
    const build = fresh('build a: cp i\nbuild b: cp a\n');
    const run = await build.run(['b'], {laneOf: () => 'ninja', onLocalEnd: output => output === 'a'});
    expect(run).toMatchObject({end: 'replan', started: ['a']});
    expect((await build.run(['b'])).started).toEqual(['b']);
  });
});

it('builds any graph whatever ends first, each edge after its inputs and once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat(), {maxLength: 3}), {minLength: 1, maxLength: 14}),
      fc.array(fc.nat(), {minLength: 1}),
      fc.integer({min: 1, max: 3}),
      async (shape, choices, limit) => {
        const ins = shape.map((list, i) => list.map(at => (i === 0 ? 'i' : `n${at % i}`)));
        const statements = ins.map(
          (list, i) => `build n${i}: cp i ${list.join(' ')}\n  pool = ${['one', 'two', 'any'][i % 3]}\n`,
        );
        const build = fresh(statements.join(''));
        let turn = 0;
        const run = await build.run(names(shape.length), {
          remoteLimit: limit,
          localJobs: limit,
          laneOf: output => (['remote', 'local', 'ninja'] as const)[Number(output.slice(1)) % 3]!,
          pick: running => choices[turn++ % choices.length]! % running.length,
        });
        expect([...run.started].sort()).toEqual(names(shape.length).sort());
        for (const [i, list] of ins.entries()) {
          for (const input of list.filter(name => name !== 'i')) {
            expect(run.started.indexOf(input)).toBeLessThan(run.started.indexOf(`n${i}`));
          }
        }
        expect(build.dirty(...names(shape.length))).toEqual([]);
      },
    ),
    {numRuns: 60},
  );
});

describe('a dyndep file', () => {
  const STATEMENTS =
    'build o: cp i || dd\n  dyndep = dd\nbuild dd: cp list\nbuild list: re names\nbuild h: cp s\n';

  /** A build in which reading the dyndep file tells that `o` needs `h`. */
  function telling(statements = STATEMENTS): FakeBuild {
    const build = fresh(statements, ['i', 'names', 's']);
    build.onDyndep = () => {
      build.graph.addDynamic(build.edge('o'), {ins: [build.graph.find('h')!], outs: [], restat: false});
    };
    return build;
  }

  /** Plans again until nothing is left, as a build does; each plan's edges. */
  async function toTheEnd(build: FakeBuild, options: FakeRunOptions = {}): Promise<(readonly string[])[]> {
    // Each build is a process of its own, and begins without knowing of the one before.
    build.graph.madeDyndeps.clear();
    const plans: (readonly string[])[] = [];
    for (;;) {
      const run = await build.run(['o'], options);
      plans.push(run.started);
      if (run.end === 'exhausted') return plans;
      expect(plans.length).toBeLessThan(5);
    }
  }

  it('that has just been made is read before what it tells of', async () => {
    const build = telling();
    expect(await toTheEnd(build)).toEqual([
      ['list', 'dd'],
      ['h', 'o'],
    ]);
    expect(build.dirty('o')).toEqual([]);
  });

  it('that need not be made after all is read, too', async () => {
    const build = telling();
    await toTheEnd(build);
    build.touch('names', 's');
    const plans = await toTheEnd(build, {leaves: ['list']});
    expect(plans.flat()).toEqual(['list', 'h', 'o']);
    expect(plans).toHaveLength(2);
    expect(build.dirty('o')).toEqual([]);
  });

  it('is read once where something before it is always dirty', async () => {
    const build = telling(STATEMENTS.replace('cp list', 'cp list always').concat('build always: phony\n'));
    const plans = await toTheEnd(build);
    expect(plans[0]).toEqual(['list', 'dd']);
    expect(plans).toHaveLength(2);
    expect(plans[1]).toContain('h');
    const ordered = telling(
      STATEMENTS.replace('cp list', 'cp list || run').concat('build run: cp i always\nbuild always: phony\n'),
    );
    await toTheEnd(ordered);
    ordered.touch('s');
    expect((await toTheEnd(ordered)).flat()).toEqual(expect.arrayContaining(['run', 'h', 'o']));
  });

  it('that cannot be made holds back what it tells of', async () => {
    const build = telling();
    const run = await build.run(['o'], {
      failuresAllowed: 9,
      outcomeOf: output => (output === 'dd' ? FAILED : undefined),
    });
    expect(run).toMatchObject({end: 'exhausted', started: ['list', 'dd'], failures: 1});
  });
});
