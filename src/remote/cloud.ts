/**
 * What the client asks of a cloud: a store of blobs, a cache of results, and somebody who runs actions. The embedded
 * cloud and AWS are two implementations; nothing here assumes that client and worker see one file system.
 */
import type {Digest} from '../protocol/digest.ts';
import type {InvocationRequest, InvocationResponse, OutputBytes, OutputFile} from '../protocol/invocation.ts';
import type {PathGroups, SharedGroups} from '../protocol/path-groups.ts';
import type {CloudCounts} from './counts.ts';

export interface Cloud {
  readonly store: Store;
  readonly results: ResultCache;
  readonly invoker: Invoker;
  /** Compiles that are worth preparing while as many as may run are under way. */
  readonly preparedAhead: number;
  /** Of these, how many are prepared one right after the other when there is room: together they cost less CPU than alone. */
  readonly preparedAtOnce: number;
  /** Whether it is elsewhere, so that going there costs time and money. */
  readonly isAway: boolean;
  /** 'embedded cloud, 2 workers' */
  readonly description: string;
  readonly counts: CloudCounts;
  /** Of this build so far, in US dollars. */
  readonly cost: () => number;
  /** Of compiles that take so many ms in all, in US dollars. */
  readonly expectedCost: (of: {readonly compiles: number; readonly ms: number}) => number;
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
  forget(digests: readonly Digest[], reason: 'blob-missing' | 'blob-corrupt' | 'store-failed'): void;
  /** Verified bytes. @throws StoreError */
  get(digest: Digest): Promise<Buffer>;
  /** Bytes up to which an output is better off inside the answer. */
  readonly inlineLimit: number;
  /** Where each request costs, small things travel together. */
  readonly packs?: PackStore;
}

export interface PackStore {
  /**
   * Puts a list with all that it names, unless the store is known to have it: only then it asks for the content.
   * @throws StoreError, and whatever `content` and its `read` throw
   */
  put(name: Digest, content: () => PackContent): Promise<void>;
}

export interface PackContent {
  /** Its digest is the pack's name. */
  readonly list: Uint8Array;
  readonly blobs: Iterable<Digest>;
  readonly read: (digest: Digest) => Uint8Array;
  /** Made once for many builds of many people: worth a question whether it is there, and better compression. */
  readonly isLasting: boolean;
}

export class StoreError extends Error {
  readonly reason: 'blob-missing' | 'blob-corrupt' | 'store-failed';
  /** Who met it: what one worker meets says nothing of the store, where workers are elsewhere. */
  readonly who: 'client' | 'worker';

  constructor(reason: StoreError['reason'], text: string, who: StoreError['who'] = 'client') {
    super(text);
    this.reason = reason;
    this.who = who;
  }
}

/** Results by first key, each key with the digest of the toolchain that is part of it; each with the inputs that have to be as they were for it to hold. */
export interface ResultCache {
  /** The most recent first. A fault of the cache is a miss. */
  lookup(key: Digest, toolchain: Digest): Promise<readonly CachedResult[]>;
  add(key: Digest, result: CachedResult, toolchain: Digest): Promise<void>;
  /** All results of the key were found to be wrong. */
  remove(key: Digest, toolchain: Digest): Promise<void>;
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
  readonly absent: SharedGroups;
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
  /** Makes ready for so many actions, where that is any use. */
  warm?(actions: number): void;
  /** Actions that may run at once. */
  readonly width: number;
  /** Asks `isWanted` when it is the action's turn; one that is not wanted any more is aborted. @throws InvocationError */
  invoke(request: InvocationRequest, options: InvokeOptions): Promise<InvocationResponse>;
}

export interface InvokeOptions {
  readonly signal: AbortSignal;
  readonly isWanted: () => boolean;
  /** What it took the last time, in ms; 0 where that is not known. */
  readonly expected: number;
}

/** The invocation itself came to nothing. */
export class InvocationError extends Error {
  /**
   * `lost`: the worker went away, another one may do better. `refused`: it cannot be started at all. `unavailable`: the
   * cloud as a whole cannot be used for now, `detail` says why.
   */
  readonly reason:
    | 'lost'
    | 'refused'
    | 'aborted'
    | 'too-large'
    | 'out-of-memory'
    | 'timed-out'
    | 'unavailable';
  readonly detail: string | undefined;

  constructor(reason: InvocationError['reason'], text: string, detail?: string) {
    super(text);
    this.reason = reason;
    this.detail = detail;
  }
}
