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
  /** Its messages are in a language that a worker does not have. */
  | 'translated-diagnostics';

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
