/**
 * What can go wrong, as data. Expected outcomes are values of these types; an exception means a bug, or is turned
 * into one of these at the seam that made it. Only `ui/failure-text.ts` makes sentences of them.
 */

/** Either a value or the reason why there is none. */
export type Result<T, E = Failure> =
  | {readonly ok: true; readonly value: T}
  | {readonly ok: false; readonly error: E};

export type Failure =
  | ManifestInvalid
  | InputMissing
  | DescriptionMissing
  | TargetUnknown
  | OptionInvalid
  | DirectoryBusy
  | StoreUnusable
  | ToolMissing
  | PlatformUnsupported
  | CloudFailed
  | EdgeFailed
  | ThenFailed
  | Interrupted;

/** A build description that cannot be read: `text` is ninja's own wording where ninja has one. */
export interface ManifestInvalid {
  readonly reason: 'manifest-invalid';
  readonly file: string;
  /** 1-based; absent where the fault has no place, as with a cycle. */
  readonly line?: number;
  readonly column?: number;
  readonly text: string;
  /** The offending line with a caret under the column, as ninja prints it. */
  readonly excerpt?: string;
}

/** A file that the graph needs, which is absent and which no edge makes. */
export interface InputMissing {
  readonly reason: 'input-missing';
  readonly path: string;
  readonly neededBy: string;
}

/** DIR holds none of the descriptions that can be read. Names are as the user would type them. */
export interface DescriptionMissing {
  readonly reason: 'description-missing';
  readonly directories: readonly string[];
  readonly lookedFor: readonly string[];
  /** First word of the command line, where no directory has that name. */
  readonly word?: string;
  /** Directories one level below that hold a description. */
  readonly nearby?: readonly string[];
  /** What another tool was made ready for there. */
  readonly configured?: Configured;
  /** Holds a CMakeLists.txt. */
  readonly source?: string;
}

/** A build directory without a description that can be read. */
export interface Configured {
  readonly directory: string;
  /** CMake's name of a generator and the source directory; absent where a Makefile alone is there. */
  readonly cmake?: {readonly generator: string; readonly source: string};
  /** A name that is free for another build directory. */
  readonly another: string;
}

export interface TargetUnknown {
  readonly reason: 'target-unknown';
  readonly target: string;
  readonly nearest: readonly string[];
  /** The description in which it was looked for. */
  readonly lookedIn?: string;
  /** First word of the command line, which may have been meant as a directory. */
  readonly isFirstWord?: boolean;
}

export interface OptionInvalid {
  readonly reason: 'option-invalid';
  readonly text: string;
  readonly hint?: string;
}

/** Another llama, or a ninja, works in this directory. */
export interface DirectoryBusy {
  readonly reason: 'directory-busy';
  readonly directory: string;
  readonly holder: string;
  readonly pid: number;
}

export interface StoreUnusable {
  readonly reason: 'store-unusable';
  readonly directory: string;
  readonly text: string;
}

export interface ToolMissing {
  readonly reason: 'tool-missing';
  readonly tool: string;
  readonly neededFor: string;
}

export interface PlatformUnsupported {
  readonly reason: 'platform-unsupported';
  readonly platform: string;
}

/** The cloud refused what a command other than a build asked of it. */
export interface CloudFailed {
  readonly reason: 'cloud-failed';
  readonly text: string;
  /** What mends it. */
  readonly hint: string;
}

/** A compile or a local edge of the user's build failed; its output was already shown. */
export interface EdgeFailed {
  readonly reason: 'edge-failed';
  readonly count: number;
}

/** The user's own command after a build that went well. */
export interface ThenFailed {
  readonly reason: 'then-failed';
  readonly command: string;
  /** 128 plus the signal's number where one ended it. */
  readonly status: number;
}

export interface Interrupted {
  readonly reason: 'interrupted';
  readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP';
}

export function ok<T>(value: T): {readonly ok: true; readonly value: T} {
  return {ok: true, value};
}

export function err<E>(error: E): {readonly ok: false; readonly error: E} {
  return {ok: false, error};
}

/** Carries a {@link Failure} out of code that cannot return one, up to the nearest seam that can. */
export class FailureError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.reason);
    this.failure = failure;
  }
}

/** Thrown where the program's own rules are broken: always a bug. */
export class InvariantError extends Error {}

/** Makes a `switch` over a union exhaustive: a new member is a compile error here. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
}
