import {posix} from 'node:path';
import {expect, it, vi} from 'vitest';
import {graphOf} from '../test/plain-edge.ts';
import {BuildRecords} from './build-records.ts';
import {DiscoveredNodes} from './discovered-nodes.ts';

function example() {
  const graph = graphOf({texts: {command: 'cc'}, ins: ['a.c'], outs: ['a.o']});
  const records = new BuildRecords(graph.nodeCount);
  const discovered = () => new DiscoveredNodes({graph, records, canonicalPath: posix.normalize});
  return {graph, records, discovered};
}

it('what compiles have read become nodes, known ones and new ones, by any spelling and in order', () => {
  const {graph, discovered: make} = example();
  const discovered = make();
  const pathsOf = (paths: readonly string[]) => Array.from(discovered.of(0, paths), node => graph.path(node));

  expect(pathsOf(['a.c', 'x/../a.h', '/b.h'])).toEqual(['a.c', 'a.h', '/b.h']);
  // Ninja keeps one that comes by two spellings twice.
  expect(pathsOf(['a.h', './a.h', 'a.c'])).toEqual(['a.h', 'a.h', 'a.c']);
  expect(discovered.of(0, ['a.c'])[0]).toBe(graph.find('a.c'));
  expect(discovered.of(0, ['x/../a.h'])[0]).toBe(graph.find('a.h'));
  expect(discovered.of(0, [])).toHaveLength(0);
});

it('what an edge has read before is found without a look at the whole graph', () => {
  const {graph, records, discovered} = example();
  const [source, header, other] = ['a.c', 'x/a.h', 'b.h'].map(path => graph.intern(path)) as [
    number,
    number,
    number,
  ];
  records.setDeps(graph.find('a.o')!, 1n, Int32Array.of(source, header));
  const intern = vi.spyOn(graph, 'intern');
  const nodes = discovered();
  expect([...nodes.of(0, ['x/a.h', 'a.c'])]).toEqual([header, source]);
  expect(intern).not.toHaveBeenCalled();
  expect([...nodes.of(0, ['./x/a.h', 'b.h', 'x/a.h', 'new.h', 'b.h'])]).toEqual([
    header,
    other,
    header,
    graph.find('new.h'),
    other,
  ]);
  expect(intern).toHaveBeenCalledTimes(3);
});
