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
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
