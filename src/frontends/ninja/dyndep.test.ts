import {describe, expect, it} from 'vitest';
import {FailureError, type ManifestInvalid} from '../../failure.ts';
import {EDGE_RESTAT, type Graph} from '../../graph/graph.ts';
import {ninjaFolder} from '../../test/ninja-folder.ts';
import {loadDyndep} from './dyndep.ts';
import {loadManifest} from './manifest.ts';

const MANIFEST =
  'rule r\n  command = : $in > $out\n' +
  'build o: r i | j || dd\n  dyndep = dd\n' +
  'build p: r i || dd\n  dyndep = dd\n' +
  'build q: r i\nbuild z: r $\n o\n';

function graphWith(dyndep: string, manifest = MANIFEST) {
  const folder = ninjaFolder({'build.ninja': manifest, dd: dyndep, i: '', j: '', more: ''});
  const {graph} = loadManifest({directory: folder.path, file: 'build.ninja', hashKind: 'murmur'});
  return {folder, graph, load: () => loadDyndep(graph, folder.path, graph.find('dd')!)};
}

function edgeOf(graph: Graph, output: string): number {
  return graph.producer(graph.find(output)!);
}

const names = (graph: Graph, ids: Iterable<number>) => Array.from(ids, id => graph.path(id)).join(' ');
const HEAD = 'ninja_dyndep_version = 1\n';

describe('a dyndep file', () => {
  it('adds inputs before the order-only ones, outputs and restat', () => {
    const {graph, load} = graphWith(
      `${HEAD}build o | ./o.mod: dyndep | x.mod ./more\n  restat = 1\nbuild p: dyndep\n`,
    );
    const [o, p] = [edgeOf(graph, 'o'), edgeOf(graph, 'p')];
    expect(load()).toEqual([o, p]);
    expect(names(graph, graph.orderingIns(o))).toBe('i j x.mod more dd');
    expect(names(graph, graph.dirtyingIns(o))).toBe('i j x.mod more');
    expect(names(graph, graph.outs(o))).toBe('o o.mod');
    expect(names(graph, graph.explicitOuts(o))).toBe('o');
    expect(edgeOf(graph, 'o.mod')).toBe(o);
    expect([...graph.consumers(graph.find('x.mod')!)]).toEqual([o]);
    expect(graph.has(o, EDGE_RESTAT)).toBe(true);
    expect(graph.has(p, EDGE_RESTAT)).toBe(false);
  });

  it('says the same when it is read again, and something else when it has changed', () => {
    const {folder, graph, load} = graphWith(`${HEAD}build o | o.mod: dyndep | x.mod\nbuild p: dyndep\n`);
    const o = edgeOf(graph, 'o');
    load();
    load();
    expect(names(graph, graph.orderingIns(o))).toBe('i j x.mod dd');
    expect(names(graph, graph.outs(o))).toBe('o o.mod');
    expect([...graph.consumers(graph.find('x.mod')!)]).toEqual([o]);
    folder.write({dd: `${HEAD}build o: dyndep | y.mod\nbuild p | o.mod: dyndep\n`});
    load();
    expect(names(graph, graph.orderingIns(o))).toBe('i j y.mod dd');
    expect([...graph.consumers(graph.find('x.mod')!)]).toEqual([]);
    expect(edgeOf(graph, 'o.mod')).toBe(edgeOf(graph, 'p'));
  });

  it('is read once for an edge that names it twice', () => {
    const manifest = MANIFEST.replace('i | j || dd', 'i | j dd || dd');
    const {graph, load} = graphWith(`${HEAD}build o: dyndep | x.mod\nbuild p: dyndep\n`, manifest);
    expect(load()).toHaveLength(2);
    expect(names(graph, graph.dirtyingIns(edgeOf(graph, 'o')))).toBe('i j dd x.mod');
  });

  it.each(['1', '1.0', '1.0.1', '01.00', '1.0-extra', '1.x'])('may be of version %s', version => {
    const {folder, load} = graphWith(`ninja_dyndep_version = ${version}\nbuild o: dyndep\nbuild p: dyndep\n`);
    expect(folder.ninja(['-n', 'o']).stderr).toBe('');
    expect(load()).toHaveLength(2);
  });
});

it.each([
  ['', 'nothing in it'],
  ['ninja_dyndep_version = 2\n', 'a later version'],
  ['ninja_dyndep_version = 1.1\n', 'a later minor version'],
  ['ninja_dyndep_version = 10\n', 'a version that begins alike'],
  ['other = 1\n', 'another variable'],
  ['build o: dyndep\n', 'no version'],
  [`${HEAD}x = 1\n`, 'a second variable'],
  [`${HEAD}rule r\n  command = x\n`, 'a rule'],
  [`${HEAD}\tx\n`, 'a tab'],
  [`${HEAD}build nobody: dyndep\nbuild o: dyndep\n`, 'an unknown output'],
  [`${HEAD}build i: dyndep\n`, 'a source file'],
  [`${HEAD}build o p: dyndep\n`, 'two explicit outputs'],
  [`${HEAD}build o\n`, 'no colon'],
  [`${HEAD}build o: r\n`, 'another rule'],
  [`${HEAD}build o: dyndep x\n`, 'an explicit input'],
  [`${HEAD}build o: dyndep || x\n`, 'an order-only input'],
  [`${HEAD}build o: dyndep\n  generator = 1\n`, 'another binding'],
  [`${HEAD}build o: dyndep\nbuild o: dyndep\n`, 'an edge twice'],
  [`${HEAD}build o: dyndep\n`, 'an edge not mentioned'],
  [`${HEAD}build o: dyndep\nbuild p: dyndep\nbuild q: dyndep\n`, 'an edge that does not ask for it'],
  [`${HEAD}build o | q: dyndep\nbuild p: dyndep\n`, 'an output that is made already'],
  [`${HEAD}build o`, 'a line without its end'],
])('tells of %j (%s) as ninja does', content => {
  const {folder, load} = graphWith(content);
  const real = folder.ninja(['-n', 'o']);
  expect(real.status).toBe(1);
  let failure: ManifestInvalid | undefined;
  try {
    load();
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    failure = error.failure as ManifestInvalid;
  }
  const {line, text, excerpt} = failure!;
  const place = line === undefined ? '' : `dd:${line}: `;
  const tail = excerpt === undefined ? '' : `\n${excerpt}`;
  expect(`ninja: error: ${place}${text}${tail}`.trimEnd()).toBe(real.stderr.trimEnd());
});
