/**
 * Request and response of one invocation of the worker; as bytes they are messages (`message.ts`). Both ends of the wire
 * share this file. AWS limits each direction to 6,291,456 bytes, so what is large goes through the store.
 */
import type {Digest} from './digest.ts';
import type {Positions} from './file-list.ts';
import type {PathGroups, SharedGroups} from './path-groups.ts';
import type {Tree} from './tree.ts';

/** A worker refuses any other version in one clear line. */
export const PROTOCOL_VERSION = 6;

/** A command to run, as a pure value: equal actions give equal results. */
export interface Action {
  /** Digest of the {@link Toolchain} blob (JSON). */
  readonly toolchain: Digest;
  /** Physical absolute path of the program to start. */
  readonly program: string;
  /** argv, with argv[0] as the user's command line spells it. */
  readonly args: readonly string[];
  /** Physical absolute path of the working directory. */
  readonly cwd: string;
  /** The whole environment of the command, `PWD` included. */
  readonly env: Readonly<Record<string, string>>;
  /** File mode creation mask of the command. */
  readonly umask: number;
  readonly inputs: ActionInputs;
  /** Files wanted back, as the command line spells them (relative ones against `cwd`). */
  readonly outputs: readonly WantedOutput[];
}

/** The tree that a command sees: the files that are named by their positions in lists, and all else as it is. */
export interface ActionInputs {
  /** Digest of a {@link FileList} blob, and which of its files the command sees. */
  readonly lists: readonly (readonly [list: Digest, wanted: Positions])[];
  /** Directories, links, and the files that no list has. These count where a list has a file by the same name. */
  readonly own: Tree;
}

export interface WantedOutput {
  readonly path: string;
  /** A missing optional output is left out of the result; a missing required one is reported as missing. */
  readonly required: boolean;
}

/** What a toolchain is: its files at their own paths, and how to start a dynamic program among them. */
export interface Toolchain {
  readonly tree: Tree;
  /** Physical path of the dynamic loader, `/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2`. */
  readonly loader: string;
  /** Directories for the loader's `--library-path`. */
  readonly libraryPath: readonly string[];
  /** Path in the tree of the preload library that redirects paths. */
  readonly preload: string;
  /**
   * Names that the compiler asks for by itself and that were absent when the toolchain was packed. Whoever identifies
   * the toolchain watches them, so that no {@link Observed} need repeat them.
   */
  readonly absent: readonly string[];
}

export interface InvocationRequest {
  readonly version: number;
  readonly action: Action;
  /** Outputs of at most this many bytes come back inside the response, larger ones through the store. */
  readonly inlineLimit: number;
  /** Kill the command after this many milliseconds. */
  readonly timeLimit: number;
  /** Inputs that no store need have. */
  readonly blobs?: readonly CarriedBlob[];
}

export type CarriedBlob = readonly [digest: Digest, bytes: Uint8Array];

export interface InvocationResponse {
  readonly version: number;
  readonly result: ActionResult | WorkerFailure;
  /** From a worker that somebody is billed for. */
  readonly usage?: Usage;
}

export interface Usage {
  readonly traffic: Traffic;
  /** The worker's own measure of what this invocation is billed for, its start included; in ms. */
  readonly billedMs: number;
  /** Of that, the start of a new environment; 0 where there was one. */
  readonly initMs: number;
  /** Compilers that this worker did not have yet; absent from workers that do not tell. */
  readonly unpacked?: Unpacked;
}

export interface Unpacked {
  readonly count: number;
  /** As they lie on the worker's disk. */
  readonly bytes: number;
  /** Downloads included. */
  readonly ms: number;
}

/** Between a worker and its store, for one invocation. */
export interface Traffic {
  get: number;
  put: number;
  head: number;
  bytesUp: number;
  bytesDown: number;
  /** Time in which packs came in and were unpacked. */
  packMs: number;
}

/** The command ran to an end of its own (whatever its exit status). */
export interface ActionResult {
  readonly kind: 'result';
  readonly exitCode: number;
  /** Set when a signal ended the command; `exitCode` is then 128 plus its number. */
  readonly signal?: string;
  readonly stdout: OutputBytes;
  readonly stderr: OutputBytes;
  readonly outputs: readonly OutputFile[];
  /** Paths of required outputs that the command did not make. */
  readonly missing: readonly string[];
  readonly observed: Observed;
  /**
   * Physical paths that the command made, changed or removed besides its outputs, and outputs that are more than their
   * bytes: links, unusual modes. Absent where there are none.
   */
  readonly others?: readonly string[];
  /** Set where a program ended before one that it had started: what that would have done is missing. */
  readonly leavesPrograms?: true;
  readonly timing: Timing;
}

/** Bytes by digest, with the bytes themselves when they are small. */
export interface OutputBytes {
  readonly digest: Digest;
  readonly size: number;
  readonly inline?: Buffer;
}

export interface OutputFile extends OutputBytes {
  /** As in {@link WantedOutput}. */
  readonly path: string;
  readonly executable: boolean;
}

/**
 * What the command looked at, by the preload library's record: the truth for cache keys. Paths are the user's, as the
 * program opened them (absolute, not cleaned). The toolchain's own files and what the command itself wrote are left
 * out.
 */
export interface Observed {
  /** Regular files opened for reading. */
  readonly read: PathGroups;
  /** Paths only asked for and found, directories included. */
  readonly found: PathGroups;
  /** Paths asked for and not found. A name whose `.gch` twin was also absent implies that twin. */
  readonly absent: SharedGroups;
  /** Directories whose names the command listed. */
  readonly listed: PathGroups;
}

/** Milliseconds, by the worker's clock. */
export interface Timing {
  /** Fetching and unpacking a toolchain that was not there yet. */
  readonly toolchain: number;
  readonly layout: number;
  readonly run: number;
  readonly outputs: number;
  /** User plus system time of the command and its children. */
  readonly cpu: number;
}

/** The worker could not run the command; the cloud's fault or ours, never the user's. */
export interface WorkerFailure {
  readonly kind: 'failure';
  readonly reason:
    | 'version-mismatch'
    | 'request-invalid'
    | 'blob-missing'
    | 'blob-corrupt'
    | 'store-failed'
    | 'timed-out'
    | 'scratch-full'
    | 'spawn-failed';
  readonly text: string;
  /** With `blob-missing` and `blob-corrupt`: which. */
  readonly digests?: readonly Digest[];
}
