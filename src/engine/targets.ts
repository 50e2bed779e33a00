/** Target names of a command line -> nodes, as ninja understands them. */

import {FailureError} from '../failure.ts';
import {canonicalPath} from '../frontends/ninja/canonical-path.ts';
import type {Graph, NodeId} from '../graph/graph.ts';
import {nearest} from '../options/edit-distance.ts';

/** Without names: the manifest's defaults, else all that nothing else is made from. @throws FailureError */
export function resolveTargets(graph: Graph, names: readonly string[]): NodeId[] {
  if (names.length > 0) return names.map(name => resolveTarget(graph, name));
  if (graph.arrays.defaults.length > 0) return Array.from(graph.arrays.defaults);
  const roots: NodeId[] = [];
  for (let edge = 0; edge < graph.edgeCount; edge++) {
    for (const out of graph.outs(edge)) if (graph.consumers(out).length === 0) roots.push(out);
  }
  if (roots.length === 0 && graph.edgeCount > 0) {
    throw new FailureError({
      reason: 'manifest-invalid',
      file: 'build.ninja',
      text: 'could not determine root nodes of build graph',
    });
  }
  return roots;
}

/** `source.c^` means the first output of an edge that reads `source.c`. */
function resolveTarget(graph: Graph, name: string): NodeId {
  const isSource = name.endsWith('^');
  const path = canonicalPath(isSource ? name.slice(0, -1) : name);
  const node = graph.find(path);
  if (node !== undefined && !isSource) return node;
  if (node !== undefined) {
    const [consumer] = graph.consumers(node);
    if (consumer !== undefined) return graph.outs(consumer)[0]!;
    throw new FailureError({reason: 'target-unknown', target: name, nearest: []});
  }
  const names = Array.from({length: graph.nodeCount}, (_, id) => graph.path(id));
  throw new FailureError({reason: 'target-unknown', target: name, nearest: nearest(path, names)});
}
