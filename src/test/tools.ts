/** Which programs the machine has: tests that need an optional one are skipped by name. */
import {accessSync, constants} from 'node:fs';
import {join} from 'node:path';
import {SYSTEM_PATH} from '../../scripts/system-path.mjs';

export {SYSTEM_PATH};

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
