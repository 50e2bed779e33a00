/** Where a program is that a command names. */
import {accessSync, constants, statSync} from 'node:fs';
import {resolve} from 'node:path';

/** As a shell finds it along a PATH whose relative entries count from `cwd`. Absolute. */
export function findProgram(name: string, path: string, cwd: string): string | undefined {
  for (const folder of path.split(':')) {
    const candidate = resolve(cwd, folder, name);
    if (isProgram(candidate)) return candidate;
  }
  return undefined;
}

export function isProgram(path: string): boolean {
  try {
    // Most of the places that are looked at have none, and an exception costs more than the question.
    if (!statSync(path, {throwIfNoEntry: false})?.isFile()) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
