/**
 * A manifest with one edge alone, for the user's ninja to run it: command, outputs, inputs, restat, depfile and deps as
 * in the user's manifest. Order-only inputs are left out, since they are made; so are inputs that are no files, which
 * nothing in this manifest could make.
 */
import {
  EDGE_CONSOLE,
  EDGE_DEPS_GCC,
  EDGE_DEPS_MSVC,
  EDGE_GENERATOR,
  EDGE_RESTAT,
  type EdgeId,
  type Graph,
  type NodeId,
} from '../../graph/graph.ts';

/**
 * Text of the manifest, or undefined where the language cannot say it: a value cannot hold a line end.
 * `isFile` tells whether an input is there now.
 */
export function singleEdgeManifest(
  graph: Graph,
  edge: EdgeId,
  options: {
    builddir: string;
    isFile: (node: NodeId) => boolean;
    /** Inputs that no manifest names: ninja 1.11 records the time of the newest input for an output left as it was. */
    discovered: Iterable<NodeId>;
  },
): string | undefined {
  const command = graph.text(edge, 'command');
  if (command.includes('\n')) return undefined;
  // A path cannot hold a bar but through a variable.
  const lines = [`builddir = ${escapeValue(options.builddir)}`, 'bar = |', 'rule edge'];
  const bind = (name: string, value: string) => {
    if (value !== '') lines.push(`  ${name} = ${escapeValue(value)}`);
  };
  bind('command', command);
  bind('description', graph.text(edge, 'description').replaceAll('\n', ' '));
  bind('depfile', graph.text(edge, 'depfile'));
  if (graph.has(edge, EDGE_DEPS_GCC)) bind('deps', 'gcc');
  if (graph.has(edge, EDGE_DEPS_MSVC)) bind('deps', 'msvc');
  bind('msvc_deps_prefix', graph.text(edge, 'msvcDepsPrefix'));
  if (graph.has(edge, EDGE_RESTAT)) bind('restat', '1');
  if (graph.has(edge, EDGE_GENERATOR)) bind('generator', '1');
  if (graph.has(edge, EDGE_CONSOLE)) bind('pool', 'console');
  const paths = (nodes: Iterable<NodeId>) =>
    Array.from(nodes, node => escapePath(graph.path(node))).join(' ');
  // Without a record ninja takes a generator's outputs for good when they are newer than its inputs; it is to run here.
  const always = escapePath(`${options.builddir}/always`);
  lines.push(
    `build ${always}: phony`,
    `build ${paths(graph.outs(edge))}: edge ${paths(fileInputs(graph, edge, options))} | ${always}`,
    '',
  );
  return lines.join('\n');
}

/** The files among an edge's inputs, those behind phony inputs included. */
function fileInputs(
  graph: Graph,
  edge: EdgeId,
  {isFile, discovered}: {isFile: (node: NodeId) => boolean; discovered: Iterable<NodeId>},
): Set<NodeId> {
  const outs = new Set(graph.outs(edge));
  const files = new Set<NodeId>();
  const seen = new Set<NodeId>();
  const stack = [...graph.dirtyingIns(edge), ...(graph.has(edge, EDGE_RESTAT) ? discovered : [])];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    const producer = graph.producer(node);
    if (isFile(node)) {
      if (!outs.has(node)) files.add(node);
    } else if (producer >= 0 && graph.isPhony(producer)) {
      stack.push(...graph.dirtyingIns(producer));
    }
  }
  return files;
}

function escapeValue(text: string): string {
  const escaped = text.replaceAll('$', '$$$$');
  // Leading spaces of a value would be passed over.
  return escaped.startsWith(' ') ? `$${escaped}` : escaped;
}

function escapePath(path: string): string {
  return path.replaceAll(/[$ :]/g, '$$$&').replaceAll('|', `$\{bar}`);
}
