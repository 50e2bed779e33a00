import {describe, expect, it} from 'vitest';
import {BuildRecords, NO_ENTRY} from './build-records.ts';
import {EDGE_PHONY, EDGE_RESTAT, Graph} from './graph.ts';
import {type EdgeSpec, GraphBuilder} from './graph-builder.ts';
import {NodeTimes} from './node-times.ts';

const PLAIN: Omit<EdgeSpec, 'ins' | 'outs'> = {
  texts: {command: 'go'},
  flags: 0,
  pool: -1,
  explicitIns: 1,
  dirtyingIns: 2,
  explicitOuts: 1,
  validations: [],
  dyndep: -1,
  hash: [0xffffffff, 7],
};

function example(): Graph {
  const builder = new GraphBuilder();
  const node = (path: string) => builder.node(path);
  builder.addPool({name: 'p', depth: 2});
  builder.addEdge({
    ...PLAIN,
    ins: [node('i'), node('größe'), node('w')],
    outs: [node('o'), node('q')],
    pool: 0,
  });
  builder.addEdge({
    ...PLAIN,
    texts: {command: 'gö', rule: 'r'},
    flags: EDGE_RESTAT,
    ins: [node('o'), node('i')],
    outs: [node('p')],
  });
  builder.addEdge({
    ...PLAIN,
    texts: {},
    flags: EDGE_PHONY,
    ins: [node('p'), node('o')],
    outs: [node('all')],
    validations: [node('i')],
  });
  return builder.freeze({defaults: [node('all')], buildDir: 'b'});
}

const names = (graph: Graph, ids: Iterable<number>) => Array.from(ids, id => graph.path(id)).join(' ');

describe('a graph', () => {
  const graph = example();
  const edge = (output: string) => graph.producer(graph.find(output)!);

  it.each(['i', 'größe', 'q', 'p', 'gr', 'größ', '', 'later'])(
    'finds %j before as after it has an index',
    name => {
      const fresh = example();
      const other = example();
      for (let i = 0; i < 20; i++) other.find('nowhere');
      expect(fresh.find(name)).toBe(other.find(name));
    },
  );

  it('knows paths, producers and consumers', () => {
    expect(graph.nodeCount).toBe(7);
    expect(graph.find('nowhere')).toBeUndefined();
    expect(graph.path(graph.find('größe')!)).toBe('größe');
    expect([edge('i'), edge('o'), edge('q'), edge('p'), edge('all')]).toEqual([-1, 0, 0, 1, 2]);
    expect([...graph.consumers(graph.find('i')!)]).toEqual([0, 1]);
    expect([...graph.consumers(graph.find('q')!)]).toEqual([]);
    expect([...graph.consumers(graph.find('w')!)]).toEqual([0]);
  });

  it('knows texts, flags and labels', () => {
    expect(graph.text(0, 'command')).toBe('go');
    expect(graph.text(1, 'command')).toBe('gö');
    expect(graph.text(1, 'rule')).toBe('r');
    expect(graph.text(2, 'command')).toBe('');
    expect([0, 1, 2].map(id => graph.has(id, EDGE_RESTAT))).toEqual([false, true, false]);
    expect([0, 1, 2].map(id => graph.isPhony(id))).toEqual([false, false, true]);
    expect(graph.label(1)).toBe('p');
    expect(names(graph, graph.validations(2))).toBe('i');
  });

  it('reads the same from its arrays alone', () => {
    const copy = new Graph(graph.arrays, {pools: graph.pools, buildDir: 'b'});
    expect(Array.from({length: copy.nodeCount}, (_, id) => copy.path(id))).toEqual(
      Array.from({length: graph.nodeCount}, (_, id) => graph.path(id)),
    );
    expect(copy.find('größe')).toBe(graph.find('größe'));
  });
});

describe('what is added later', () => {
  it('are nodes that nothing makes', () => {
    const graph = example();
    const added = graph.intern('später.h');
    expect(graph.intern('später.h')).toBe(added);
    expect(graph.intern('i')).toBe(graph.find('i'));
    expect(graph.path(added)).toBe('später.h');
    expect(graph.producer(added)).toBe(-1);
    expect([...graph.consumers(added)]).toEqual([]);
  });

  it('are inputs and outputs of an edge, unless another makes them', () => {
    const graph = example();
    const [extra, made] = [graph.intern('extra'), graph.intern('made')];
    expect(graph.addDynamic(1, {ins: [extra], outs: [graph.find('q')!], restat: false})).toBe(
      graph.find('q'),
    );
    expect(graph.addDynamic(1, {ins: [extra], outs: [made, made], restat: false})).toBe(made);
    expect(graph.addDynamic(1, {ins: [extra], outs: [made], restat: false})).toBeUndefined();
    expect(names(graph, graph.orderingIns(1))).toBe('o i extra');
    expect(names(graph, graph.outs(1))).toBe('p made');
    expect([...graph.consumers(extra)]).toEqual([1]);
    expect(graph.producer(made)).toBe(1);
    expect(graph.addDynamic(1, {ins: [], outs: [], restat: false})).toBeUndefined();
    expect(graph.producer(made)).toBe(-1);
    expect([...graph.consumers(extra)]).toEqual([]);
  });
});

describe('records', () => {
  it('are absent until they are set, also for nodes that came later', () => {
    const records = new BuildRecords(2);
    expect([records.logMtime(1), records.depsMtime(90), records.duration(90)]).toEqual([
      NO_ENTRY,
      NO_ENTRY,
      0,
    ]);
    expect(records.deps(1)).toBeUndefined();
    records.setLog(50, {mtime: 5n, hash: [1, 0xffffffff], duration: 9});
    records.setDeps(60, 6n, Int32Array.of(1));
    expect([records.logMtime(50), records.logMtime(49), records.duration(50)]).toEqual([5n, NO_ENTRY, 9]);
    expect(records.logHashEquals(50, 1, 0xffffffff)).toBe(true);
    expect(Array.from(records.deps(60)!)).toEqual([1]);
    expect(records.depsMtime(60)).toBe(6n);
  });

  it('are the same when they are packed, the newer before the older', () => {
    const graph = example();
    const records = new BuildRecords(graph.nodeCount);
    records.setLog(3, {mtime: 5n, hash: [1, 2], duration: 9});
    const depsMtime = new BigInt64Array(graph.nodeCount).fill(NO_ENTRY);
    const [depsStart, depsCount] = [new Uint32Array(graph.nodeCount), new Uint32Array(graph.nodeCount)];
    for (const node of [1, 2]) {
      depsMtime[node] = BigInt(node);
      depsStart[node] = node - 1;
      depsCount[node] = 1;
    }
    records.adoptDeps({depsMtime, depsStart, depsCount, deps: Int32Array.of(4, 5)});
    records.setDeps(2, 20n, Int32Array.of(6, 0));
    const later = graph.intern('later');
    records.setLog(later, {mtime: 8n, hash: [0, 0], duration: 0});
    const packed = new BuildRecords(graph.nodeCount, records.pack(graph));
    for (const set of [records, packed]) {
      expect([1, 2, 3].map(node => Array.from(set.deps(node) ?? []))).toEqual([[4], [6, 0], []]);
      expect([1, 2, 3].map(node => set.depsMtime(node))).toEqual([1n, 20n, NO_ENTRY]);
      expect([3, later].map(node => set.logMtime(node))).toEqual([5n, 8n]);
    }
  });
});

it('looks at each file once until it is told to forget', () => {
  const graph = example();
  const looked: string[] = [];
  const times = new NodeTimes(graph, path => {
    looked.push(path);
    return BigInt(looked.length);
  });
  const later = graph.intern('later');
  expect([times.get(0), times.get(0), times.get(later), times.get(later)]).toEqual([1n, 1n, 2n, 2n]);
  times.forget(0);
  times.forget(graph.intern('never looked at'));
  expect([times.get(0), times.get(later)]).toEqual([3n, 2n]);
  expect(looked).toEqual(['i', 'later', 'i']);
});
