/** What the depfile of an edge says of its inputs. */
import type {NodeId} from './graph.ts';

/** Result of reading the depfile of an edge without `deps`. */
export type DepfileInputs =
  | {readonly kind: 'inputs'; readonly inputs: readonly NodeId[]}
  | {readonly kind: 'missing'}
  /** It names another target than the edge's output. */
  | {readonly kind: 'wrong-target'};
