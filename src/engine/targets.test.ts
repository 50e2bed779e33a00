import {describe, expect, it} from 'vitest';
import {FailureError} from '../failure.ts';
import {EDGE_PHONY, type Graph} from '../graph/graph.ts';
import {GraphBuilder} from '../graph/graph-builder.ts';
import {resolveTargets} from './targets.ts';

/** Edges as `output: inputs`; an output that begins with `!` is phony. */
function graphOf(edges: readonly string[], defaults: readonly string[] = []): Graph {
  const builder = new GraphBuilder();
  for (const text of edges) {
    const isPhony = text.startsWith('!');
    const [outs = '', ins = ''] = text.replace('!', '').split(':');
    const nodes = (names: string) =>
      names
        .split(' ')
        .filter(Boolean)
        .map(name => builder.node(name));
    const inNodes = nodes(ins);
    builder.addEdge({
      texts: {command: 'true'},
      flags: isPhony ? EDGE_PHONY : 0,
      pool: -1,
      ins: inNodes,
      explicitIns: inNodes.length,
      dirtyingIns: inNodes.length,
      outs: nodes(outs),
      explicitOuts: 1,
      validations: [],
      dyndep: -1,
      hash: [0, 0],
    });
  }
  return builder.freeze({defaults: defaults.map(name => builder.node(name)), buildDir: ''});
}

const APP = ['a.o a.d: a.c', 'b.o: b.c', 'libx.a: a.o', 'app: b.o libx.a', '!all: app', 'tool: t.c'];

function names(graph: Graph, ...targets: string[]): string[] {
  return resolveTargets(graph, targets).map(node => graph.path(node));
}

function failure(graph: Graph, ...targets: string[]): unknown {
  try {
    return resolveTargets(graph, targets);
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
}

describe('without names', () => {
  it('the defaults are meant', () => {
    expect(names(graphOf(APP, ['app', 'tool']))).toEqual(['app', 'tool']);
  });

  it('all that nothing is made from is meant, where there are no defaults', () => {
    expect(names(graphOf(APP))).toEqual(['a.d', 'all', 'tool']);
    expect(names(graphOf([]))).toEqual([]);
  });

  it('a graph that bites its tail is refused in ninja’s words', () => {
    expect(failure(graphOf(['a: b', 'b: a']))).toMatchObject({
      reason: 'manifest-invalid',
      text: 'could not determine root nodes of build graph',
    });
  });
});

describe('a name', () => {
  it('is a path, canonical or not, of an output or of a source', () => {
    expect(names(graphOf(APP), 'app', './sub/../a.o', 'b.c')).toEqual(['app', 'a.o', 'b.c']);
  });

  it('with ^ is what the source becomes', () => {
    expect(names(graphOf(APP), 'a.c^', './b.c^', 'b.o^')).toEqual(['a.o', 'b.o', 'app']);
  });

  it('with ^ of something that becomes nothing is unknown', () => {
    expect(failure(graphOf(APP), 'all^')).toEqual({reason: 'target-unknown', target: 'all^', nearest: []});
  });

  it('that is unknown comes with the nearest ones', () => {
    expect(failure(graphOf(APP), 'ap')).toEqual({
      reason: 'target-unknown',
      target: 'ap',
      nearest: expect.arrayContaining(['app']),
    });
    expect(failure(graphOf(APP), 'c.c^')).toMatchObject({
      target: 'c.c^',
      nearest: expect.arrayContaining(['a.c']),
    });
    expect(failure(graphOf(APP), 'something else')).toMatchObject({nearest: []});
  });
});
