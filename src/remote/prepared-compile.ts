/** What is settled about a compile before its inputs are looked at, and what follows from it for worker and cache. */
import type {EdgeId} from '../graph/graph.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {Action} from '../protocol/invocation.ts';
import type {Tree} from '../protocol/tree.ts';
import type {Classification} from '../toolchain/classify.ts';
import {wantedOutputs} from '../toolchain/compile-command.ts';
import type {ToolchainIdentity} from '../toolchain/identify.ts';
import type {Discovered} from './discovery.ts';

export type RemoteCompile = Extract<Classification, {kind: 'remote'}>;

/** Raise it when the meaning of a key or of what is kept under it changes. */
const KEY_VERSION = 3;

export interface Prepared {
  readonly edge: EdgeId;
  readonly command: RemoteCompile;
  readonly identity: ToolchainIdentity;
  readonly directory: string;
  readonly pwd: string;
  readonly args: readonly string[];
  /** Files that exist for the worker alone. */
  readonly made: readonly {readonly path: string; readonly content: string}[];
  /** Environment of the command here, and there. */
  readonly localEnv: NodeJS.ProcessEnv;
  readonly env: Readonly<Record<string, string>>;
}

export function actionOf(prepared: Prepared, discovered: Discovered, umask: number): Action {
  const {identity, command, directory, args, env, made} = prepared;
  return {
    toolchain: identity.digest,
    program: identity.program,
    args,
    cwd: directory,
    env: discovered.readsClock ? {TZ: fixedTimeZone(), ...env} : env,
    umask,
    inputs: withFiles(discovered.tree, made),
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

/** A tree with files that this machine does not have, or has with other content. Their folders have no symlinks. */
function withFiles(tree: Tree, made: Prepared['made']): Tree {
  if (made.length === 0) return tree;
  const byPath = new Map(tree.directories.map(directory => [directory.path, directory.files]));
  for (const {path, content} of made) {
    const slash = path.lastIndexOf('/');
    const directory = path.slice(0, slash) || '/';
    const name = path.slice(slash + 1);
    const others = (byPath.get(directory) ?? []).filter(([other]) => other !== name);
    byPath.set(directory, [...others, [name, digestOf(content), 0, 0]]);
  }
  return {links: tree.links, directories: Array.from(byPath, ([path, files]) => ({path, files}))};
}

/** Everything about a compile that is known before its headers are: leads to the sets of inputs of earlier runs. */
export function firstKey(prepared: Prepared, source: Digest): Digest {
  const {identity, directory, args, env, made} = prepared;
  const all = [KEY_VERSION, identity.digest, identity.program, directory, args, env, made, source];
  return digestOf(JSON.stringify(all));
}
