/**
 * What the client asks of a cloud: a store of blobs, a cache of results, and somebody who runs actions. The embedded
 * cloud and AWS are two implementations; nothing here assumes that client and worker see one file system.
 */
import type {Digest} from '../protocol/digest.ts';
import type {
  InvocationRequest,
  InvocationResponse,
  OutputBytes,
  OutputFile,
  PathGroups,
} from '../protocol/invocation.ts';

export interface Cloud {
  readonly store: Store;
  readonly results: ResultCache;
  readonly invoker: Invoker;
  /** 'embedded cloud, 2 workers' */
  readonly description: string;
  readonly counts: CloudCounts;
  /** Ends what was started, and keeps the store within its bounds. */
  close(): Promise<void>;
}

/** Content-addressed blobs. */
export interface Store {
  /** Those of the digests that the store does not hold. @throws StoreError */
  missing(digests: Iterable<Digest>): Promise<Digest[]>;
  /** To put what is there already is no error. Prereq: `digest` is that of `bytes`. @throws StoreError */
  put(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** Somebody found these missing or wrong: the next {@link missing} looks again. */
  forget(digests: readonly Digest[]): void;
  /** Verified bytes. @throws StoreError */
  get(digest: Digest): Promise<Buffer>;
}

export class StoreError extends Error {
  readonly reason: 'blob-missing' | 'blob-corrupt' | 'store-failed';

  constructor(reason: StoreError['reason'], text: string) {
    super(text);
    this.reason = reason;
  }
}

/** Results by first key; each with the inputs that have to be as they were for it to hold. */
export interface ResultCache {
  /** The most recent first. A fault of the cache is a miss. */
  lookup(key: Digest): Promise<readonly CachedResult[]>;
  add(key: Digest, result: CachedResult): Promise<void>;
  /** All results of the key were found to be wrong. */
  remove(key: Digest): Promise<void>;
}

export interface CachedResult {
  readonly inputs: InputSet;
  readonly outputs: readonly OutputFile[];
  readonly stdout: OutputBytes;
  readonly stderr: OutputBytes;
}

/** What one run of a compiler looked at: the result holds wherever all this is the same. */
export interface InputSet {
  /** Files that were read. */
  readonly read: PathGroups;
  /** Of the digests of those files, in that order: one for all, since it is a result of all or of none of them. */
  readonly content: Digest;
  readonly found: PathGroups;
  readonly absent: PathGroups;
  /** Directories whose names were listed, each with the digest of its names as they were on the user's machine. */
  readonly listed: readonly (readonly [path: string, digest: string])[];
  /**
   * Where the found paths and the directories of `read` really are, those alone that are no physical paths: compilers
   * take one of two directories that are the same, and name some headers by their physical path.
   */
  readonly places: readonly (readonly [path: string, physical: string])[];
  /**
   * Groups of inputs of equal content and equal time, as far as `read` has equal digests at all: GCC takes two such
   * headers for one under `#pragma once`.
   */
  readonly twins: readonly (readonly string[])[];
}

export interface Invoker {
  /** Actions that may run at once. */
  readonly width: number;
  /** Asks `isWanted` when it is the action's turn; one that is not wanted any more is aborted. @throws InvocationError */
  invoke(
    request: InvocationRequest,
    options: {readonly signal: AbortSignal; readonly isWanted: () => boolean},
  ): Promise<InvocationResponse>;
}

/** The invocation itself came to nothing. */
export class InvocationError extends Error {
  /** `lost`: the worker went away, another one may do better. `refused`: it cannot be started at all. */
  readonly reason: 'lost' | 'refused' | 'aborted';

  constructor(reason: InvocationError['reason'], text: string) {
    super(text);
    this.reason = reason;
  }
}

/** Running totals, by the client's view. */
export interface CloudCounts {
  get: number;
  put: number;
  head: number;
  bytesUp: number;
  bytesDown: number;
  invocationsStarted: number;
  invocationsRetried: number;
}

export function noCounts(): CloudCounts {
  return {
    get: 0,
    put: 0,
    head: 0,
    bytesUp: 0,
    bytesDown: 0,
    invocationsStarted: 0,
    invocationsRetried: 0,
  };
}
