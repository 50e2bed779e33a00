/** The dyndep files of ninja: inputs and outputs of edges that are known only once another edge has run. */
import {readFileSync} from 'node:fs';
import {isAbsolute, join} from 'node:path';
import {type Failure, FailureError} from '../../failure.ts';
import type {EdgeId, Graph, NodeId} from '../../graph/graph.ts';
import {canonicalPath} from './canonical-path.ts';
import {type EvalString, Scope} from './eval.ts';
import {Lexer} from './lexer.ts';

/**
 * Reads the file behind `node` and adds to the graph what it says. Every edge that names the file must be in it.
 * @throws FailureError with `manifest-invalid`
 */
export function loadDyndep(graph: Graph, directory: string, node: NodeId): readonly EdgeId[] {
  const file = graph.path(node);
  let text: string;
  try {
    text = readFileSync(isAbsolute(file) ? file : join(directory, file), 'utf8');
  } catch {
    throw new FailureError(invalid(file, `loading '${file}': No such file or directory`));
  }
  const found = new Map<EdgeId, {ins: NodeId[]; outs: NodeId[]; restat: boolean}>();
  parse(new Lexer(file, text), graph, found);
  // A node may be named twice among an edge's inputs.
  const wanted = [...new Set(graph.consumers(node))].filter(edge => graph.dyndep(edge) === node);
  for (const edge of wanted) {
    const more = found.get(edge);
    if (!more) {
      throw new FailureError(
        invalid(file, `'${graph.path(graph.outs(edge)[0]!)}' not mentioned in its dyndep file '${file}'`),
      );
    }
    const taken = graph.addDynamic(edge, more);
    if (taken !== undefined) {
      throw new FailureError(invalid(file, `multiple rules generate ${graph.path(taken)}`));
    }
    found.delete(edge);
  }
  for (const edge of found.keys()) {
    throw new FailureError(
      invalid(
        file,
        `dyndep file '${file}' mentions output '${graph.path(graph.outs(edge)[0]!)}' whose build statement does not have a dyndep binding for the file`,
      ),
    );
  }
  return wanted;
}

function invalid(file: string, text: string): Failure {
  return {reason: 'manifest-invalid', file, text};
}

function parse(
  lexer: Lexer,
  graph: Graph,
  found: Map<EdgeId, {ins: NodeId[]; outs: NodeId[]; restat: boolean}>,
): void {
  const scope = new Scope();
  let hasVersion = false;
  const needVersion = "expected 'ninja_dyndep_version = ...'";
  for (;;) {
    const token = lexer.readToken();
    if (token === 'newline') continue;
    if (token === 'eof') {
      if (!hasVersion) throw lexer.error(needVersion);
      return;
    }
    if (token === 'ident' && !hasVersion) {
      lexer.unreadToken();
      const name = lexer.readIdent();
      lexer.expect('equals');
      const version = scope.evaluate(lexer.readValue());
      if (name !== 'ninja_dyndep_version') throw lexer.error(needVersion);
      const [major = 0, minor = 0] = version.split('.').map(part => Number.parseInt(part, 10) || 0);
      if (major !== 1 || minor !== 0) {
        throw lexer.error(`unsupported 'ninja_dyndep_version = ${version}'`);
      }
      hasVersion = true;
    } else if (token === 'build') {
      if (!hasVersion) throw lexer.error(needVersion);
      const [edge, more] = statement(lexer, {graph, scope, isKnown: known => found.has(known)});
      found.set(edge, more);
    } else {
      throw lexer.error(token === 'error' ? lexer.describeError() : `unexpected ${Lexer.nameOf(token)}`);
    }
  }
}

function statement(
  lexer: Lexer,
  {graph, scope, isKnown}: {graph: Graph; scope: Scope; isKnown: (edge: EdgeId) => boolean},
): [EdgeId, {ins: NodeId[]; outs: NodeId[]; restat: boolean}] {
  const pathOf = (text: EvalString): string => {
    const path = scope.evaluate(text);
    if (path === '') throw lexer.error('empty path');
    return canonicalPath(path);
  };
  const list = (): NodeId[] => {
    const nodes: NodeId[] = [];
    for (let next = lexer.readPath(); next.length > 0; next = lexer.readPath()) {
      nodes.push(graph.intern(pathOf(next)));
    }
    return nodes;
  };
  const first = lexer.readPath();
  if (first.length === 0) throw lexer.error('expected path');
  const path = pathOf(first);
  const node = graph.find(path);
  const edge = node === undefined ? -1 : graph.producer(node);
  if (edge < 0) throw lexer.error(`no build statement exists for '${path}'`);
  if (isKnown(edge)) throw lexer.error(`multiple statements for '${path}'`);
  if (lexer.readPath().length > 0) throw lexer.error('explicit outputs not supported');
  const outs = lexer.peek('pipe') ? list() : [];
  lexer.expect('colon');
  if (lexer.readIdent() !== 'dyndep') throw lexer.error("expected build command name 'dyndep'");
  if (lexer.readPath().length > 0) throw lexer.error('explicit inputs not supported');
  const ins = lexer.peek('pipe') ? list() : [];
  if (lexer.peek('pipe2')) throw lexer.error('order-only inputs not supported');
  lexer.expect('newline');
  let restat = false;
  if (lexer.peek('indent')) {
    const key = lexer.readIdent();
    if (key === undefined) throw lexer.error('expected variable name');
    lexer.expect('equals');
    const value = scope.evaluate(lexer.readValue());
    if (key !== 'restat') throw lexer.error("binding is not 'restat'");
    restat = value !== '';
  }
  return [edge, {ins, outs, restat}];
}
