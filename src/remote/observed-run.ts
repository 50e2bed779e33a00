/** What a worker's run says of itself: whether it saw the user's tree as it is, and whether its end counts. */
import {readFileSync} from 'node:fs';
import type {FileState} from '../graph/file-state.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {ActionResult} from '../protocol/invocation.ts';
import {wantedOutputs} from '../toolchain/compile-command.ts';
import {extraClosure} from '../toolchain/loader.ts';
import {absoluteIn, type Discovered} from './discovery.ts';
import {StayLocal} from './fault.ts';
import {firstPresent} from './input-set.ts';
import type {Prepared} from './prepared-compile.ts';
import type {Toolchains} from './toolchains.ts';

/** A file as young as this at an epoch's begin may change again without a new time: ns, some ticks of kernel clocks. */
const CLOCK_TICKS = 20_000_000n;

/**
 * Paths that the worker looked for in vain and that are here: an input that discovery missed. The run says nothing
 * then, good or bad. What belongs to the system is remembered for all compiles with this toolchain.
 */
export async function lackingInputs(
  prepared: Prepared,
  {observed}: ActionResult,
  {files, toolchains}: {readonly files: FileState; readonly toolchains: Toolchains},
): Promise<string[]> {
  const outputs = new Set(
    wantedOutputs(prepared.command.compile).map(output => absoluteIn(prepared.directory, output.path)),
  );
  const lacking: string[] = [];
  for (const [directory, names] of observed.absent) {
    let rest = names.filter(name => !outputs.has(`${directory === '/' ? '' : directory}/${name}`));
    for (;;) {
      const present = firstPresent(directory, rest, files);
      if (present === undefined) break;
      if (present.endsWith('.gch')) throw new StayLocal('pch');
      lacking.push(present);
      const name = present.slice(present.lastIndexOf('/') + 1);
      rest = rest.filter(other => other !== name);
    }
  }
  const system: string[] = [];
  for (const path of [...lacking]) {
    const closure = await extraClosure(path, prepared.identity.loader);
    lacking.push(...closure.files);
    if (path.startsWith('/usr/')) system.push(path, ...closure.files);
  }
  if (system.length > 0) toolchains.addExtras(prepared.identity, system);
  return lacking;
}

/** Whether a file that was young when it was looked at has other bytes now. */
export function changedMeanwhile(
  {observed}: ActionResult,
  discovered: Discovered,
  {files, stamp}: {readonly files: FileState; readonly stamp: bigint},
): boolean {
  for (const [directory, names] of observed.read) {
    for (const name of names) {
      const path = `${directory === '/' ? '' : directory}/${name}`;
      const facts = files.stat(path);
      if (!facts || facts.mtimeNs < stamp - CLOCK_TICKS) continue;
      const sent = discovered.sent.get(path);
      if (sent === undefined) continue;
      const bytes = readNow(path);
      if (!bytes || digestOf(bytes) !== sent) return true;
    }
  }
  return false;
}

/** What the worker was given under a path as the compiler spelt it. */
export function digestSent(path: string, discovered: Discovered, files: FileState): Digest | undefined {
  const direct = discovered.sent.get(path);
  if (direct !== undefined) return direct;
  // Spelled in another way than was foreseen: `./x.h` for one. The file's place is what counts.
  const physical = files.physical(path);
  if (physical === undefined) return undefined;
  const slash = physical.lastIndexOf('/');
  const directory = discovered.tree.directories.find(
    entry => entry.path === (physical.slice(0, slash) || '/'),
  );
  return directory?.files.find(([name]) => name === physical.slice(slash + 1))?.[1];
}

/** Something outside ended the compiler, want of memory most often: that says nothing of the user's code. */
export function wasKilled(result: ActionResult, output: Buffer): boolean {
  return (
    result.signal === 'SIGKILL' || /: fatal error: Killed signal terminated program /.test(output.toString())
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
