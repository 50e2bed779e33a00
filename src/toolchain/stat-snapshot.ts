/** The state of a set of paths by their stats, and whether it still holds: cheap enough to ask at every start. */
import {statSync} from 'node:fs';

/** `[path, size, mtime in ns, inode]` of what was there, and what was not. Numbers as text, since JSON has no bigint. */
export interface Snapshot {
  readonly files: readonly (readonly [path: string, state: string])[];
  /** Directories that had to exist. */
  readonly directories: readonly string[];
  readonly absent: readonly string[];
}

/** A path that has vanished meanwhile makes a snapshot that never holds. */
export function snapshot(watched: {
  readonly files: readonly string[];
  readonly directories: readonly string[];
  readonly absent: readonly string[];
}): Snapshot {
  return {
    files: watched.files.map(path => [path, stateOf(path)] as const),
    directories: watched.directories,
    absent: watched.absent,
  };
}

export function isUnchanged({files, directories, absent}: Snapshot): boolean {
  return (
    files.every(([path, state]) => state !== '' && stateOf(path) === state) &&
    directories.every(path => statSync(path, {throwIfNoEntry: false}) !== undefined) &&
    absent.every(path => !exists(path))
  );
}

function stateOf(path: string): string {
  const status = statSync(path, {bigint: true, throwIfNoEntry: false});
  return status ? `${status.size} ${status.mtimeNs} ${status.ino}` : '';
}

function exists(path: string): boolean {
  try {
    return statSync(path, {throwIfNoEntry: false}) !== undefined;
  } catch {
    // ENOTDIR and the like: nothing can be there.
    return false;
  }
}
