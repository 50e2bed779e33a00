/** What a worker's run says of itself: whether it saw the user's tree as it is, and whether its end counts. */
import {readFileSync} from 'node:fs';
import type {FileState} from '../graph/file-state.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {ActionResult} from '../protocol/invocation.ts';
import {namesOf} from '../protocol/path-groups.ts';
import {pathIn} from '../protocol/tree.ts';
import type {ToolchainIdentity} from '../toolchain/identify.ts';
import type {Inputs} from '../toolchain/input-finder.ts';
import {extraClosure} from '../toolchain/loader.ts';
import {StayLocal} from './fault.ts';
import {firstPresent, presentIn} from './input-set.ts';
import type {Toolchains} from './toolchains.ts';

/**
 * Paths that the worker looked for in vain and that are here: an input that discovery missed. The run says nothing
 * then, good or bad. What belongs to the system is remembered for all compiles with this toolchain.
 */
export async function lackingInputs(
  {observed}: ActionResult,
  {
    files,
    toolchains,
    identity,
    outputs,
  }: {
    readonly files: FileState;
    readonly toolchains: Toolchains;
    readonly identity: ToolchainIdentity;
    /** Absolute paths of what the compile makes. */
    readonly outputs: ReadonlySet<string>;
  },
): Promise<string[]> {
  const lacking: string[] = [];
  for (const [directory, names] of presentIn(observed.absent, files)) {
    let rest = namesOf(names);
    for (;;) {
      const present = firstPresent(directory, rest, files);
      if (present === undefined) break;
      const name = present.slice(present.lastIndexOf('/') + 1);
      rest = rest.filter(other => other !== name && `${other}.gch` !== name);
      if (outputs.has(present)) continue;
      if (present.endsWith('.gch')) throw new StayLocal('pch');
      lacking.push(present);
    }
  }
  const system: string[] = [];
  for (const path of [...lacking]) {
    const closure = await extraClosure(path, identity.loader);
    lacking.push(...closure.files);
    if (path.startsWith('/usr/')) system.push(path, ...closure.files);
  }
  if (system.length > 0) toolchains.addExtras(identity, system);
  return lacking;
}

/** Whether a file that was young when it was looked at, and that may have been read, has other bytes now. */
export function changedMeanwhile({young}: Inputs, {observed}: ActionResult): boolean {
  if (young.length === 0) return false;
  const read = new Set(observed.read.flatMap(([, names]) => namesOf(names)));
  return young.some(({path, name, file}) => {
    if (!read.has(name) && !read.has(file[0])) return false;
    const bytes = readNow(path);
    return !bytes || digestOf(bytes) !== file[1];
  });
}

/** Answers what a worker was given under a path as the compiler spelt it. */
export function digestsSent({files: inputs}: Inputs, files: FileState): (path: string) => Digest | undefined {
  const bySpelling = new Map(inputs.map(({path, file}) => [path, file[1]]));
  let byPlace: Map<string, Digest> | undefined;
  return path => {
    const direct = bySpelling.get(path);
    if (direct !== undefined) return direct;
    // Spelled in another way than was foreseen: `./x.h` for one. The file's place is what counts.
    const physical = files.physical(path);
    byPlace ??= new Map(inputs.map(({directory, file}) => [pathIn(directory, file[0]), file[1]]));
    return physical === undefined ? undefined : byPlace.get(physical);
  };
}

/** Something outside ended the compiler, want of memory or of disk most often: that says nothing of the user's code. */
export function wasKilled(result: ActionResult, output: Buffer): boolean {
  return (
    result.signal === 'SIGKILL' ||
    /: fatal error: Killed signal terminated program |No space left on device/.test(output.toString())
  );
}

/** Past all memory: what the file holds at this moment. */
export function readNow(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined; // Removed since.
  }
}
