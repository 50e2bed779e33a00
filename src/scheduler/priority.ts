/** How urgent an edge is: the length of the longest chain of work that waits for it. */
import type {EdgeId, Graph} from '../graph/graph.ts';
import type {Plan} from './plan.ts';

/** What an edge is taken to last where nothing is known of it, in ms. */
const UNKNOWN_DURATION = 1000;

/**
 * Weight in ms of each edge that is unfinished in `plan`: its own duration plus that of the heaviest chain of such edges
 * behind it. `durationOf` answers 0 where no earlier run is known.
 */
export function criticalPath(
  graph: Graph,
  plan: Pick<Plan, 'unfinished' | 'waitersOf'>,
  durationOf: (edge: EdgeId) => number,
): (edge: EdgeId) => number {
  const weights = new Map<EdgeId, number>();
  const own = (edge: EdgeId): number => (graph.isPhony(edge) ? 0 : durationOf(edge) || UNKNOWN_DURATION);
  for (const root of plan.unfinished()) {
    if (weights.has(root)) continue;
    const stack = [{edge: root, next: 0, heaviest: 0}];
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const waiters = plan.waitersOf(top.edge);
      if (top.next < waiters.length) {
        const waiter = waiters[top.next]!;
        const weight = weights.get(waiter);
        if (weight === undefined) {
          stack.push({edge: waiter, next: 0, heaviest: 0});
        } else {
          top.heaviest = Math.max(top.heaviest, weight);
          top.next++;
        }
      } else {
        weights.set(top.edge, own(top.edge) + top.heaviest);
        stack.pop();
      }
    }
  }
  return edge => weights.get(edge) ?? 0;
}
