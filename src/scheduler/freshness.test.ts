import {describe, expect, it} from 'vitest';
import {FailureError} from '../failure.ts';
import {FakeBuild} from '../test/fake-build.ts';
import type {DirtyReason} from './freshness.ts';

const RULES =
  'rule cp\n  command = cp $in $out\n' +
  'rule cc\n  command = cc $in\n  deps = gcc\n  depfile = $out.d\n' +
  'rule dep\n  command = cc $in\n  depfile = $out.d\n' +
  'rule re\n  command = re $in\n  restat = 1\n' +
  'rule gen\n  command = gen $in\n  generator = 1\n';

/** A build whose sources are there, and whose edges have all run. */
async function built(statements: string, options: {sources: string[]; discovers?: Record<string, string[]>}) {
  const build = new FakeBuild(RULES + statements, options.sources);
  for (const [output, ins] of Object.entries(options.discovers ?? {})) build.discovers.set(output, ins);
  const {graph} = build;
  const all = Array.from({length: graph.edgeCount}, (_, edge) => build.name(edge));
  await build.run(all);
  const reason = (output: string): DirtyReason['why'] | undefined => {
    const edge = build.edge(output);
    return build.look(output).freshness.reason(edge)?.why;
  };
  return {build, reason};
}

describe('an edge', () => {
  const CHAIN = 'build o: cp i\nbuild p: cp o\n';

  it('is clean after it has run', async () => {
    const {build, reason} = await built(CHAIN, {sources: ['i']});
    expect(build.dirty('p')).toEqual([]);
    expect(reason('p')).toBeUndefined();
    expect(build.look('p').freshness.isReady(build.edge('p'))).toBe(true);
  });

  it('is dirty where it was never built, even if its output is there', async () => {
    const build = new FakeBuild(RULES + CHAIN, ['i', 'o', 'p']);
    expect(build.dirty('p')).toEqual(['o', 'p']);
    expect(build.look('o').freshness.reason(build.edge('o'))?.why).toBe('never-built');
  });

  it.each<[string, (build: FakeBuild) => void, DirtyReason['why'], string[]]>([
    ['its output is missing', build => build.files.delete('o'), 'output-missing', ['o', 'p']],
    ['an input is newer', build => build.touch('i'), 'output-older', ['o', 'p']],
    ['an input is dirty', build => build.files.delete('o'), 'output-missing', ['o', 'p']],
    [
      'an input is newer than its record alone',
      build => {
        build.touch('i', 'o', 'p');
        build.records.setLog(build.graph.find('p')!, entryOf(build, 'p', 9_000n));
      },
      'record-older',
      ['o', 'p'],
    ],
    [
      'its command has changed',
      build => build.records.setLog(build.graph.find('o')!, {mtime: 9_000n, hash: [1, 2], duration: 0}),
      'command-changed',
      ['o', 'p'],
    ],
  ])('is dirty where %s', async (_name, change, why, dirty) => {
    const {build, reason} = await built(CHAIN, {sources: ['i']});
    change(build);
    expect(build.dirty('p')).toEqual(dirty);
    expect(reason('o')).toBe(why);
    expect(reason('p')).toBe('input-dirty');
  });

  it('is not made dirty by what it only waits for', async () => {
    const {build} = await built('build o: cp i || w\nbuild w: cp v\n', {sources: ['i', 'v']});
    build.touch('v');
    expect(build.dirty('o')).toEqual(['w']);
    expect(build.look('o').freshness.isReady(build.edge('o'))).toBe(false);
    build.touch('w');
    expect(build.dirty('o')).toEqual(['w']);
  });

  it('is dirty as a whole where one of its outputs is', async () => {
    const {build} = await built('build o | q: cp i\nbuild p: cp q\nbuild r: cp o\n', {sources: ['i']});
    build.files.delete('q');
    expect(build.dirty('r')).toEqual(['o', 'r']);
  });

  it('with restat goes by its record, not by the time of its output', async () => {
    const {build, reason} = await built('build o: re i\n', {sources: ['i']});
    build.files.set('o', 1n);
    expect(build.dirty('o')).toEqual([]);
    build.touch('i');
    expect(reason('o')).toBe('record-older');
  });

  it('that is a generator does not mind its command, nor that nobody recorded it', async () => {
    const {build} = await built('build o: gen i\n', {sources: ['i']});
    build.records.setLog(build.graph.find('o')!, {mtime: 9_000n, hash: [1, 2], duration: 0});
    expect(build.dirty('o')).toEqual([]);
    const fresh = new FakeBuild(`${RULES}build o: gen i\n`, ['i', 'o']);
    expect(fresh.dirty('o')).toEqual([]);
    fresh.touch('i');
    expect(fresh.dirty('o')).toEqual(['o']);
  });
});

describe('discovered inputs', () => {
  const one = {sources: ['i', 'h', 'k'], discovers: {o: ['h', 'k']}};

  it('from the deps log make an edge dirty, the missing ones too', async () => {
    const {build, reason} = await built('build o: cc i\n', one);
    expect(build.dirty('o')).toEqual([]);
    build.touch('k');
    expect(reason('o')).toBe('output-older');
    build.files.delete('h');
    expect(reason('o')).toBe('input-dirty');
    expect(build.dirty('o')).toEqual(['o']);
  });

  it('that an edge makes are made first', async () => {
    const {build} = await built('build o: cc i\nbuild h: cp s\n', {...one, sources: ['i', 's', 'k']});
    build.touch('s');
    expect(build.dirty('o')).toEqual(['h', 'o']);
    expect(build.look('o').freshness.discoverers(build.graph.find('h')!)).toEqual([build.edge('o')]);
  });

  it('do not count where the output is newer than their record', async () => {
    const {build, reason} = await built('build o: cc i\n', one);
    build.touch('o');
    expect(reason('o')).toBe('deps-outdated');
    expect(build.look('o').freshness.discoveredIns(build.edge('o'))).toEqual([]);
  });

  it('have to be known', async () => {
    const {build, reason} = await built('build o: cc i\n', one);
    const {graph, records} = build;
    const known = [graph.find('o')!, records.depsMtime(graph.find('o')!)] as const;
    records.setDeps(known[0], known[1], new Int32Array(0));
    expect(build.dirty('o')).toEqual([]);
    const fresh = new FakeBuild(`${RULES}build o: cc i\n`, ['i', 'o']);
    expect(fresh.look('o').freshness.reason(fresh.edge('o'))?.why).toBe('never-built');
    expect(reason('o')).toBeUndefined();
  });

  it('from a depfile make an edge dirty, and so does a depfile that is missing or of another output', async () => {
    const {build, reason} = await built('build o: dep i\n', {sources: ['i', 'h']});
    expect(reason('o')).toBe('depfile-missing');
    build.depfiles.set('o.d', ['h']);
    expect(reason('o')).toBeUndefined();
    build.touch('h');
    expect(reason('o')).toBe('output-older');
    build.depfiles.set('o.d', 'wrong-target');
    expect(reason('o')).toBe('depfile-wrong');
  });
});

describe('phony', () => {
  it('without inputs is always dirty, and with it all that needs it', async () => {
    const {build, reason} = await built(
      'build always: phony\nbuild o: cp i always\nbuild p: cp i || always\n',
      {
        sources: ['i'],
      },
    );
    expect(build.dirty('o')).toEqual(['o']);
    expect(build.dirty('p')).toEqual([]);
    expect(reason('always')).toBe('phony-without-inputs');
    build.touch('always');
    build.touch('o');
    expect(reason('o')).toBe('record-older');
  });

  it('stands for the newest of its inputs', async () => {
    const {build} = await built('build group: phony a b\nbuild o: cp i group\nbuild top: phony o\n', {
      sources: ['i', 'a', 'b'],
    });
    expect(build.dirty('top')).toEqual([]);
    build.touch('b');
    expect(build.dirty('top')).toEqual(['o']);
  });

  it('stands for itself where it is a file', async () => {
    const {build} = await built('build group: phony a\nbuild o: cp i group\n', {
      sources: ['i', 'a', 'group'],
    });
    build.touch('a');
    expect(build.dirty('o')).toEqual([]);
    build.touch('group');
    expect(build.dirty('o')).toEqual(['o']);
  });
});

describe('validations', () => {
  it('are among what is to be built, theirs too, and may need what they validate', async () => {
    const {build} = await built('build o: cp i |@ v\nbuild v: cp o |@ w\nbuild w: cp i\n', {sources: ['i']});
    expect(build.look('o').roots.map(node => build.graph.path(node))).toEqual(['o', 'v', 'w']);
    build.files.delete('w');
    expect(build.dirty('o')).toEqual(['w']);
    build.touch('i');
    expect(build.dirty('o')).toEqual(['o', 'v', 'w']);
  });

  it('that nothing makes need not be there', async () => {
    const {build} = await built('build o: cp i |@ nowhere\n', {sources: ['i']});
    build.touch('i');
    expect(build.dirty('o')).toEqual(['o']);
  });
});

describe('cycles', () => {
  it.each([
    ['build a: cp b\nbuild b: cp a\n', 'a', 'a -> b -> a'],
    ['build a b: cp c\nbuild c: cp a\n', 'b', 'a -> c -> a'],
    ['build a: cp a\n', 'a', 'a -> a'],
    ['build a: phony b\nbuild b: phony c\nbuild c: phony b\n', 'a', 'b -> c -> b'],
    ['build a: cp i || a\n', 'a', 'a -> a'],
  ])('in %j are told of', (statements, target, shown) => {
    const build = new FakeBuild(RULES + statements, ['i']);
    const expected = {failure: {text: `dependency cycle: ${shown}`}};
    expect(() => build.look(target)).toThrow(FailureError);
    expect(() => build.look(target)).toThrow(
      expect.objectContaining({failure: expect.objectContaining(expected.failure)}),
    );
  });

  it('of depth do not exhaust the stack', () => {
    const depth = 20_000;
    const lines = Array.from({length: depth}, (_, i) => `build n${i + 1}: cp n${i}\n`).join('');
    const build = new FakeBuild(RULES + lines, ['n0']);
    expect(build.dirty(`n${depth}`)).toHaveLength(depth);
  });
});

describe('dyndep', () => {
  const STATEMENTS = 'build o: cp i || dd\n  dyndep = dd\nbuild dd: cp d\nbuild h: cp s\n';

  it('is read when it is up to date, and what it says counts', async () => {
    const {build} = await built(STATEMENTS, {sources: ['i', 'd', 's']});
    let reads = 0;
    build.onDyndep = () => {
      reads++;
      build.graph.addDynamic(build.edge('o'), {ins: [build.graph.find('h')!], outs: [], restat: false});
    };
    expect(build.dirty('o')).toEqual(['o']);
    build.touch('s');
    expect(build.dirty('o')).toEqual(['h', 'o']);
    expect(reads).toBe(2);
  });

  it('is not read while it has to be made', async () => {
    const {build} = await built(STATEMENTS, {sources: ['i', 'd', 's']});
    await build.run(['o']);
    // As in a process that begins.
    build.graph.madeDyndeps.clear();
    build.onDyndep = () => expect.unreachable();
    build.touch('d');
    const {freshness} = build.look('o');
    expect(freshness.isDyndepPending(build.graph.find('dd')!)).toBe(true);
    expect(build.dirty('o')).toEqual(['dd']);
  });
});

function entryOf(build: FakeBuild, output: string, mtime: bigint) {
  const edge = build.edge(output);
  const {commandHash} = build.graph.arrays;
  return {mtime, hash: [commandHash[2 * edge]!, commandHash[2 * edge + 1]!] as const, duration: 0};
}
