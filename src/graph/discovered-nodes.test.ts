import {posix} from 'node:path';
import {expect, it} from 'vitest';
import {BuildRecords} from './build-records.ts';
import {DiscoveredNodes} from './discovered-nodes.ts';
import {GraphBuilder} from './graph-builder.ts';

it('what compiles have read become nodes, known ones and new ones, by any spelling and in order', () => {
  const builder = new GraphBuilder();
  builder.addEdge({
    texts: {command: 'cc'},
    flags: 0,
    pool: -1,
    ins: [builder.node('a.c')],
    explicitIns: 1,
    dirtyingIns: 1,
    outs: [builder.node('a.o')],
    explicitOuts: 1,
    validations: [],
    dyndep: -1,
    hash: [0, 0],
  });
  const graph = builder.freeze({defaults: [], buildDir: ''});
  const records = new BuildRecords(graph.nodeCount);
  const discovered = new DiscoveredNodes({graph, records, canonicalPath: posix.normalize});
  const pathsOf = (paths: readonly string[]) => Array.from(discovered.of(0, paths), node => graph.path(node));

  expect(pathsOf(['a.c', 'x/../a.h', '/b.h'])).toEqual(['a.c', 'a.h', '/b.h']);
  // Ninja keeps one that comes by two spellings twice.
  expect(pathsOf(['a.h', './a.h', 'a.c'])).toEqual(['a.h', 'a.h', 'a.c']);
  expect(discovered.of(0, ['a.c'])[0]).toBe(graph.find('a.c'));
  expect(discovered.of(0, ['x/../a.h'])[0]).toBe(graph.find('a.h'));
  expect(discovered.of(0, [])).toHaveLength(0);
});
