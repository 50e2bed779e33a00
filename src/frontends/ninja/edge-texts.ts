/**
 * What an edge's variables say once the whole manifest is read: ninja evaluates them when it needs them, so that a
 * variable of the file counts with its last value, also where that is set below the edge.
 */
import {
  EDGE_DEPS_GCC,
  EDGE_DEPS_MSVC,
  EDGE_GENERATOR,
  EDGE_RESTAT,
  type EdgeText,
} from '../../graph/graph.ts';
import {commandHash, type HashKind} from './command-hash.ts';
import type {EdgeScope} from './eval.ts';

export interface EdgeTexts {
  readonly texts: Readonly<Partial<Record<EdgeText, string>>>;
  readonly flags: number;
  /** Low and high 32 bits. */
  readonly hash: readonly [number, number];
}

/** Prereq: the edge is not phony. @throws RuleCycle; TypeError for a value of `deps` that ninja does not know */
export function edgeTexts(edge: EdgeScope, hashKind: HashKind): EdgeTexts {
  const deps = edge.binding('deps');
  if (deps !== '' && deps !== 'gcc' && deps !== 'msvc') throw new TypeError(`unknown deps type '${deps}'`);
  const command = edge.binding('command');
  const rspfileContent = edge.binding('rspfile_content');
  return {
    texts: {
      command,
      description: edge.binding('description'),
      depfile: edge.unescaped('depfile'),
      rspfile: edge.unescaped('rspfile'),
      rspfileContent,
    },
    flags:
      (edge.binding('restat') === '' ? 0 : EDGE_RESTAT) |
      (edge.binding('generator') === '' ? 0 : EDGE_GENERATOR) |
      (deps === 'gcc' ? EDGE_DEPS_GCC : 0) |
      (deps === 'msvc' ? EDGE_DEPS_MSVC : 0),
    hash: commandHash(hashKind, rspfileContent === '' ? command : `${command};rspfile=${rspfileContent}`),
  };
}
