/** What a command has changed besides making its outputs. Asked before the workspace is cleaned. */
import {lstatSync} from 'node:fs';
import type {Workspace} from './workspace.ts';

export interface SideEffectRequest {
  /** Paths as the command spelt them: created or changed, and removed or renamed. */
  readonly written: readonly string[];
  readonly removed: readonly string[];
  /** Absolute paths of the outputs. */
  readonly outputs: readonly string[];
  /** Of the command. */
  readonly umask: number;
}

/** Paths that are now other than the tree was laid out, temporary files aside. */
export function sideEffects(
  {written, removed, outputs, umask}: SideEffectRequest,
  workspace: Pick<Workspace, 'root' | 'physicalOf' | 'isInput' | 'isDirectory'>,
): string[] {
  const wanted = new Set(outputs.map(path => workspace.physicalOf(path)));
  const changed = new Set<string>();
  for (const path of [...written, ...removed]) {
    const physical = workspace.physicalOf(path);
    if (physical === undefined || wanted.has(physical) || isTemporary(physical, workspace)) continue;
    const isThere = lstatSync(workspace.root + physical, {throwIfNoEntry: false}) !== undefined;
    // What was made and is gone again has changed nothing, nor has a directory that was there already.
    const wasThere = workspace.isInput(physical) || workspace.isDirectory(physical);
    if (workspace.isDirectory(physical) ? !isThere : isThere || wasThere) changed.add(physical);
  }
  for (const path of wanted) if (path !== undefined && isOdd(workspace.root + path, umask)) changed.add(path);
  return [...changed].sort();
}

/** Not so what lies in a directory of the user's there. */
function isTemporary(physical: string, workspace: Pick<Workspace, 'isDirectory'>): boolean {
  const directory = physical.slice(0, physical.lastIndexOf('/'));
  return physical.startsWith('/tmp/') && (directory === '/tmp' || !workspace.isDirectory(directory));
}

/** An output that is more than its bytes: a link, or one with a mode of its own. */
function isOdd(file: string, umask: number): boolean {
  const status = lstatSync(file, {throwIfNoEntry: false});
  if (!status || status.isDirectory()) return false;
  const usual = [0o666 & ~umask, 0o777 & ~umask];
  return !status.isFile() || !usual.includes(status.mode & 0o7777);
}
