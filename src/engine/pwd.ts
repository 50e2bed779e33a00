/** The name by which commands know their directory. */
import {statSync} from 'node:fs';

/**
 * PWD as `/bin/sh` sets it for a command in `directory` (a real path): the inherited one if it leads there, else the
 * real path. It shows in debug information, so that a worker must use the same.
 */
export function logicalDirectory(directory: string, inherited: string | undefined): string {
  if (!inherited?.startsWith('/')) return directory;
  try {
    const there = statSync(inherited, {bigint: true});
    const here = statSync(directory, {bigint: true});
    return there.ino === here.ino && there.dev === here.dev ? inherited : directory;
  } catch {
    return directory; // It is gone, or not ours to see; the shell takes no notice either.
  }
}

/** The same for many commands: each directory is looked at once. */
export function logicalDirectories(inherited: string | undefined): (directory: string) => string {
  const known = new Map<string, string>();
  return directory => {
    const name = known.get(directory) ?? logicalDirectory(directory, inherited);
    known.set(directory, name);
    return name;
  };
}
