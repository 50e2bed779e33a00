/** Which of some edges read files that have changed under them, by the manifest and by what was recorded of their last run. */
import type {EdgeId, Graph, NodeId} from '../graph/graph.ts';
import type {Freshness} from '../scheduler/freshness.ts';

/** `names`: as the graph has them. */
export function staleReaders(
  edges: Iterable<EdgeId>,
  of: {readonly graph: Graph; readonly freshness: Freshness; readonly names: {has(name: string): boolean}},
): EdgeId[] {
  const {graph, freshness, names} = of;
  const reads = (node: NodeId) => names.has(graph.path(node));
  return [...edges].filter(
    edge => graph.dirtyingIns(edge).some(reads) || freshness.discoveredIns(edge).some(reads),
  );
}
