/** What is settled about an action before its inputs are looked at, and what follows from it for worker and cache. */
import type {EdgeId, Graph} from '../graph/graph.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {Action, ActionInputs, ActionResult, OutputBytes, WantedOutput} from '../protocol/invocation.ts';
import type {Inputs} from '../toolchain/input-finder.ts';
import type {ToolchainPart} from '../toolchain/toolchain-part.ts';

/** What is asked of a graph about an edge. Of compiles without a graph there is nothing to say but no. */
export type EdgeFacts = Pick<Graph, 'outs' | 'path' | 'has' | 'text'>;

/** Raise it when the meaning of a key or of what is kept under it changes. */
const KEY_VERSION = 4;

/** A file that this machine does not have, or has with other content. Its folder has no symlinks. */
export interface MadeFile {
  readonly path: string;
  readonly content: string;
}

/** What an action may read, as far as that shows without running it. */
export interface Foreseen {
  /** Files that may be read, and what they are at: a picture of one moment, however the disk changes. */
  readonly inputs: Inputs;
  /** Names of files that it asks for and that are no file now. */
  readonly absentNames: readonly string[];
  /** Whether some file asks for the time of day. */
  readonly readsClock: boolean;
  /** Files that are there by their names alone, empty. */
  readonly standIns?: readonly MadeFile[];
}

export interface Completion {
  /** Those of the outputs that the worker does not make. */
  readonly paths: ReadonlySet<string>;
  /** `read`: gives the bytes of an output. @throws StayLocal */
  complete(result: ActionResult, read: (output: OutputBytes) => Promise<Buffer>): Promise<ActionResult>;
}

/** An edge on its way to become an action, whatever its command is. */
export interface Prepared {
  readonly edge: EdgeId;
  /** Digest of the whole toolchain, of which `part` is what travels. */
  readonly toolchain: Digest;
  readonly part: ToolchainPart;
  /** Physical path of the program that a worker starts. */
  readonly program: string;
  /** Physical path of the directory where it runs. */
  readonly directory: string;
  readonly args: readonly string[];
  readonly made: readonly MadeFile[];
  /** Environment there. */
  readonly env: Readonly<Record<string, string>>;
  /** All files that it leaves behind, as the command spells them; the first is the one that a failed run leaves as it was. */
  readonly outputs: readonly WantedOutput[];
  /** What is added to a worker's result before it counts. */
  readonly completion?: Completion;
  /** The one input that no other action is likely to need, as an absolute path. */
  readonly source: string;
  /** Runs with more and more inputs before it is given up. */
  readonly mostRounds: number;
  /**
   * What of the disk is known to count before anything is looked for; undefined where that is not there.
   * @throws StayLocal
   */
  fixedInputs(): Digest | undefined;
  /**
   * `more`: paths to be sent beyond what is found. `stamp`: when the epoch began, in ns, by the file system's clock.
   * @throws StayLocal
   */
  foresee(more: ReadonlySet<string>, stamp: bigint): Promise<Foreseen>;
  /**
   * Paths that a worker's run looked for in vain and that are here: it says nothing then, good or bad.
   * @throws StayLocal
   */
  lacking(result: ActionResult, foreseen: Foreseen): Promise<readonly string[]>;
}

export function actionOf(
  {part, program, directory, args, env, outputs, completion}: Prepared,
  {inputs, readsClock, umask}: {inputs: ActionInputs; readsClock: boolean; umask: number},
): Action {
  return {
    toolchain: part.digest,
    program,
    args,
    cwd: directory,
    env: readsClock ? {TZ: fixedTimeZone(), ...env} : env,
    umask,
    inputs,
    outputs: completion ? outputs.filter(({path}) => !completion.paths.has(path)) : outputs,
  };
}

/** This machine's time zone as it is now, in the form that needs no zone files. */
function fixedTimeZone(): string {
  const minutes = new Date().getTimezoneOffset();
  const sign = minutes > 0 ? '+' : '-';
  const hours = Math.floor(Math.abs(minutes) / 60);
  return `LOC${sign}${hours}:${String(Math.abs(minutes) % 60).padStart(2, '0')}`;
}

/** Everything about an action that is known before its inputs are: leads to the sets of inputs of earlier runs. */
export function firstKey(prepared: Prepared, fixed: Digest): Digest {
  const {toolchain, program, directory, args, env, made} = prepared;
  const all = [KEY_VERSION, toolchain, program, directory, args, env, made, fixed];
  return digestOf(JSON.stringify(all));
}

/** What asks for the time of day is another result each time, unless a variable fixes it. */
export function mayBeKept({env}: Prepared, {readsClock}: Foreseen): boolean {
  return !readsClock || env.SOURCE_DATE_EPOCH !== undefined;
}
