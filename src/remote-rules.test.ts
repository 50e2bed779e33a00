import {expect, it} from 'vitest';
import {GraphBuilder} from './graph/graph-builder.ts';
import {unknownRules} from './remote-rules.ts';

it('tells of each name that no rule and no program of the build has', () => {
  const builder = new GraphBuilder();
  builder.addEdge({
    texts: {command: 'cd /b && /b/bin/llvm-tblgen -o a.inc a.td', rule: 'CUSTOM_COMMAND'},
    flags: 0,
    pool: -1,
    ins: [],
    explicitIns: 0,
    dirtyingIns: 0,
    outs: [builder.node('a.inc')],
    explicitOuts: 1,
    validations: [],
    dyndep: -1,
    hash: [0, 0],
  });
  const graph = builder.freeze({defaults: [], buildDir: ''});
  expect(unknownRules(graph, new Set(['llvm-tblgen', 'CUSTOM_COMMAND']))).toEqual([]);
  expect(unknownRules(graph, new Set(['llvm-tblgn', 'protoc']))).toEqual([
    "remote rule 'llvm-tblgn': no rule and no program of this build is called so; did you mean 'llvm-tblgen'?",
    "remote rule 'protoc': no rule and no program of this build is called so",
  ]);
});
