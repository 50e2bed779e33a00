/**
 * Why a compiler cannot travel. Each reason is a stable name under which its compiles are counted as local; only the
 * user interface makes sentences of them.
 */
import {err} from '../failure.ts';

export type ToolchainRefusalReason =
  /** No such program along PATH, or it cannot be executed. */
  | 'compiler-missing'
  /** A shell script or another interpreted program: what it would do elsewhere cannot be known. */
  | 'script-wrapper'
  /** A program without a dynamic loader, or one of its parts is: nothing can be preloaded into it. */
  | 'static-compiler'
  /** Neither a script nor a program for this kind of machine. */
  | 'unknown-format'
  /** A C library of another kind, whose loader has no such options. */
  | 'musl-toolchain'
  /** glibc before 2.33. */
  | 'old-loader'
  /** The loader does not find every library. */
  | 'loader-failed'
  /** The compiler cannot build the preload library. */
  | 'no-preload-library'
  /** It compiles none of the test sources. */
  | 'probe-failed'
  /** Neither gcc nor clang by its own account. */
  | 'unknown-compiler'
  /** It looks at files in ways that no library in front of it sees. */
  | 'unseen-access'
  /** Its messages are in a language that a worker does not have. */
  | 'translated-diagnostics';

/** Each reason with one sentence for people; nobody parses them. */
export const REFUSALS = {
  'compiler-missing': 'no such compiler is found along PATH, or it cannot be executed',
  'script-wrapper': 'the compiler is a script, and what it would do on a worker cannot be known',
  'static-compiler':
    'the compiler, or a part of it, is linked statically, and cannot be kept to the files of its compile',
  'unknown-format': 'the compiler is neither a script nor a program for this kind of machine',
  'musl-toolchain': 'the compiler uses another C library than glibc',
  'old-loader': "the compiler's glibc is older than 2.33",
  'loader-failed': 'not every library of the compiler is found',
  'no-preload-library': 'the compiler cannot build the library that workers load into it',
  'probe-failed': 'the compiler compiles none of the test sources',
  'unknown-compiler': 'the compiler is not known to be gcc or clang',
  'unseen-access': 'the compiler looks at files in a way that a worker would not see',
  'translated-diagnostics': "the compiler's messages are in a language that a worker does not have",
} as const satisfies Readonly<Record<ToolchainRefusalReason, string>>;

export interface ToolchainRefusal {
  readonly reason: ToolchainRefusalReason;
  /** The file that was found wanting. */
  readonly subject: string;
}

export function refuse(
  reason: ToolchainRefusalReason,
  subject: string,
): {readonly ok: false; readonly error: ToolchainRefusal} {
  return err({reason, subject});
}
