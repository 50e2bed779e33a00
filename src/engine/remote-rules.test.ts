import {expect, it} from 'vitest';
import {graphOf} from '../test/plain-edge.ts';
import {unknownRules} from './remote-rules.ts';

it('tells of each name that no rule and no program of the build has', () => {
  const graph = graphOf({
    texts: {command: 'cd /b && /b/bin/llvm-tblgen -o a.inc a.td', rule: 'CUSTOM_COMMAND'},
    outs: ['a.inc'],
  });
  expect(unknownRules(graph, new Set(['llvm-tblgen', 'CUSTOM_COMMAND']))).toEqual([]);
  expect(unknownRules(graph, new Set(['llvm-tblgn', 'protoc']))).toEqual([
    "remote rule 'llvm-tblgn': no rule and no program of this build is called so; did you mean 'llvm-tblgen'?",
    "remote rule 'protoc': no rule and no program of this build is called so",
  ]);
});
