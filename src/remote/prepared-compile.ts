/** What is settled about a compile before its inputs are looked at, and what follows from it for worker and cache. */
import type {EdgeId, Graph} from '../graph/graph.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {Action, ActionInputs} from '../protocol/invocation.ts';
import type {Classification} from '../toolchain/classify.ts';
import {wantedOutputs} from '../toolchain/compile-command.ts';
import type {ToolchainIdentity} from '../toolchain/identify.ts';
import type {ToolchainPart} from '../toolchain/toolchain-part.ts';

export type RemoteCompile = Extract<Classification, {kind: 'remote'}>;

/** What is asked of a graph about a compile. Of compiles without a graph there is nothing to say but no. */
export type CompileGraph = Pick<Graph, 'outs' | 'path' | 'has' | 'text'>;

/** Raise it when the meaning of a key or of what is kept under it changes. */
const KEY_VERSION = 4;

/** A file that this machine does not have, or has with other content. Its folder has no symlinks. */
export interface MadeFile {
  readonly path: string;
  readonly content: string;
}

export interface Prepared {
  readonly edge: EdgeId;
  readonly command: RemoteCompile;
  readonly identity: ToolchainIdentity;
  /** What of it travels. */
  readonly part: ToolchainPart;
  readonly directory: string;
  readonly pwd: string;
  readonly args: readonly string[];
  readonly made: readonly MadeFile[];
  /** Environment of the command here, and there. */
  readonly localEnv: NodeJS.ProcessEnv;
  readonly env: Readonly<Record<string, string>>;
}

export function actionOf(
  {identity, part, command, directory, args, env}: Prepared,
  {inputs, readsClock, umask}: {inputs: ActionInputs; readsClock: boolean; umask: number},
): Action {
  return {
    toolchain: part.digest,
    program: identity.program,
    args,
    cwd: directory,
    env: readsClock ? {TZ: fixedTimeZone(), ...env} : env,
    umask,
    inputs,
    outputs: wantedOutputs(command.compile),
  };
}

/** This machine's time zone as it is now, in the form that needs no zone files. */
function fixedTimeZone(): string {
  const minutes = new Date().getTimezoneOffset();
  const sign = minutes > 0 ? '+' : '-';
  const hours = Math.floor(Math.abs(minutes) / 60);
  return `LOC${sign}${hours}:${String(Math.abs(minutes) % 60).padStart(2, '0')}`;
}

/** Everything about a compile that is known before its headers are: leads to the sets of inputs of earlier runs. */
export function firstKey(prepared: Prepared, source: Digest): Digest {
  const {identity, directory, args, env, made} = prepared;
  const all = [KEY_VERSION, identity.digest, identity.program, directory, args, env, made, source];
  return digestOf(JSON.stringify(all));
}
