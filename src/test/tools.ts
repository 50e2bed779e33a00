/** Which programs the machine has: tests that need an optional one are skipped by name. */
import {accessSync, constants} from 'node:fs';
import {join} from 'node:path';

/** The PATH of the tests: npm puts the project's own tools in front, and among them is a ninja that is not the user's. */
export const SYSTEM_PATH = (process.env.PATH ?? '/usr/bin:/bin')
  .split(':')
  .filter(directory => !directory.includes('node_modules'))
  .join(':');

/** Whether a program of this name is on the PATH. */
export function has(program: string): boolean {
  return SYSTEM_PATH.split(':').some(directory => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
