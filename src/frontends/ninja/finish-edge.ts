/**
 * What an edge's variables say once the whole manifest is read: ninja evaluates them when it needs them, so that a
 * variable of the file counts with its last value, also where that is set below the edge.
 */

import {FailureError} from '../../failure.ts';
import {EDGE_DEPS_GCC, EDGE_DEPS_MSVC, EDGE_GENERATOR, EDGE_RESTAT, type EdgeId} from '../../graph/graph.ts';
import type {GraphBuilder} from '../../graph/graph-builder.ts';
import {bytesHash, commandHash, type HashKind} from './command-hash.ts';
import {type EdgeScope, RuleCycle} from './eval.ts';

/** An edge whose variables have no final values yet. */
export interface UnfinishedEdge {
  readonly edge: EdgeId;
  readonly scope: EdgeScope;
  /** The manifest that the edge is in. */
  readonly file: string;
}

/** Thrown where an edge was given its values too early. */
export class LateVariable extends Error {}

/** As {@link finishEdge}, while variables may still change. @throws LateVariable where that may mend what is wrong */
export function finishEarly(edge: UnfinishedEdge, graph: GraphBuilder, hashKind: HashKind): void {
  try {
    finishEdge(edge, graph, hashKind);
  } catch (error) {
    throw error instanceof FailureError ? new LateVariable() : error;
  }
}

/** Gives an edge of `graph` its texts, flags and hash. Prereq: it is not phony. @throws FailureError */
export function finishEdge(
  {edge, scope, file}: UnfinishedEdge,
  graph: GraphBuilder,
  hashKind: HashKind,
): void {
  const invalid = (text: string) => new FailureError({reason: 'manifest-invalid', file, text});
  try {
    const deps = scope.binding('deps');
    if (deps !== '' && deps !== 'gcc' && deps !== 'msvc') throw invalid(`unknown deps type '${deps}'`);
    const command = scope.binding('command');
    const rspfileContent = scope.binding('rspfile_content');
    graph.addTexts(edge, {
      command,
      description: scope.binding('description'),
      depfile: scope.unescaped('depfile'),
      rspfile: scope.unescaped('rspfile'),
      rspfileContent,
      msvcDepsPrefix: deps === 'msvc' ? scope.binding('msvc_deps_prefix') : '',
    });
    graph.addFlags(
      edge,
      (scope.binding('restat') === '' ? 0 : EDGE_RESTAT) |
        (scope.binding('generator') === '' ? 0 : EDGE_GENERATOR) |
        (deps === 'gcc' ? EDGE_DEPS_GCC : 0) |
        (deps === 'msvc' ? EDGE_DEPS_MSVC : 0),
    );
    const hash =
      rspfileContent === ''
        ? bytesHash(hashKind, graph.textBytes(edge, 'command'))
        : commandHash(hashKind, `${command};rspfile=${rspfileContent}`);
    graph.setHash(edge, hash);
  } catch (error) {
    throw error instanceof RuleCycle ? invalid(error.message) : error;
  }
}
