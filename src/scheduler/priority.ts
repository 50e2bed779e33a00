/** How urgent an edge is: the length of the longest chain of work that waits for it. */
import type {EdgeId, Graph} from '../graph/graph.ts';

/** What an edge is taken to last where nothing is known of it, in ms. */
const UNKNOWN_DURATION = 1000;

/**
 * Weight of each edge of `edges` in ms: its own duration plus that of the heaviest chain behind it.
 * `durationOf` answers 0 where no earlier run is known.
 */
export function criticalPath(
  graph: Graph,
  edges: Iterable<EdgeId>,
  durationOf: (edge: EdgeId) => number,
): Float64Array {
  const weight = new Float64Array(graph.edgeCount).fill(-1);
  const own = (edge: EdgeId): number => (graph.isPhony(edge) ? 0 : durationOf(edge) || UNKNOWN_DURATION);
  for (const root of edges) {
    if (weight[root]! >= 0) continue;
    const stack = [{edge: root, behind: consumersOf(graph, root), next: 0, heaviest: 0}];
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (top.next < top.behind.length) {
        const consumer = top.behind[top.next]!;
        if (weight[consumer]! < 0) {
          // Marks the edge as met, so that a cycle through discovered inputs cannot hold the walk.
          weight[consumer] = 0;
          stack.push({edge: consumer, behind: consumersOf(graph, consumer), next: 0, heaviest: 0});
        } else {
          top.heaviest = Math.max(top.heaviest, weight[consumer]!);
          top.next++;
        }
      } else {
        weight[top.edge] = own(top.edge) + top.heaviest;
        stack.pop();
      }
    }
  }
  return weight;
}

function consumersOf(graph: Graph, edge: EdgeId): EdgeId[] {
  const consumers = new Set<EdgeId>();
  for (const node of graph.outs(edge)) for (const consumer of graph.consumers(node)) consumers.add(consumer);
  return [...consumers];
}
