/** The seam between deciding what to run and running it: what the scheduler knows of an executor. */
import type {EdgeId, NodeId} from './graph.ts';

/** Where an edge's work was done. */
export type Place = 'remote' | 'cached' | 'local' | 'ninja';

export interface Executor {
  /** Runs one edge to its end. Never rejects for what the edge's command does. */
  run(edge: EdgeId, signal: AbortSignal): Promise<EdgeOutcome>;
}

export type EdgeOutcome = EdgeDone | EdgeFailure | EdgeWaits | EdgeCancelled;

/** The outputs are in place; nothing is recorded yet. */
export interface EdgeDone {
  readonly kind: 'done';
  readonly place: Place;
  readonly record: EdgeRecord;
  /** What the command printed, warnings for instance. */
  readonly output: Buffer;
  /** Why a compile was not run remotely; a stable name. */
  readonly localReason?: string;
}

export interface EdgeFailure {
  readonly kind: 'failed';
  readonly place: Place;
  readonly output: Buffer;
  readonly exitCode: number;
  /** Milliseconds that the command took. */
  readonly duration: number;
  /** True where `output` already tells the command, as ninja's own report does. */
  readonly isReported: boolean;
}

/** An input of the edge is made by another edge that has not run yet. */
export interface EdgeWaits {
  readonly kind: 'waits';
  readonly producers: readonly EdgeId[];
}

export interface EdgeCancelled {
  readonly kind: 'cancelled';
}

/** What the logs are to say of an edge that ran. Times of files in ns, as the file system has them. */
export interface EdgeRecord {
  /** What the build log holds as the outputs' time: see the log's version. */
  readonly mtime: bigint;
  /** Milliseconds the command took. */
  readonly duration: number;
  /**
   * Discovered inputs, for an edge whose dependencies go into the deps log. Absent where they are not
   * known: such an edge runs again the next time.
   */
  readonly deps?: ArrayLike<NodeId>;
}
