/**
 * Dependency files that a Makefile asks compilers for and that a list's commands do not write: Bear and others leave
 * such flags out of what they list. Make then learns of no header that a compile of the list has read.
 */
import {readFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import type {ObjectCompile} from './compiles-list.ts';

export interface MissingDepfiles {
  /** Relative to the directory that is built, where it is below it. */
  readonly makefile: string;
  /** As the Makefile spells it. */
  readonly flag: string;
}

/** As GNU make looks for one. */
export const MAKEFILES = ['GNUmakefile', 'makefile', 'Makefile'];
const FLAG = /(?:^|[\s=,"'])(-(?:Wp,-)?MM?D)(?=$|[\s,"'])/m;

/** The first that is found. `directory`: the one that is built. */
export function missingDepfiles(
  compiles: readonly ObjectCompile[],
  directory: string,
): MissingDepfiles | undefined {
  const without = new Set(compiles.map(({listed}) => listed.directory));
  for (const {listed, depfile} of compiles) if (depfile !== undefined) without.delete(listed.directory);
  for (const folder of without) {
    for (const name of MAKEFILES) {
      const file = join(folder, name);
      const flag = FLAG.exec(readIfThere(file))?.[1];
      if (flag !== undefined) return {makefile: nearName(directory, file), flag};
    }
  }
  return undefined;
}

/** What that means for the user. */
export function depfilesText({makefile, flag}: MissingDepfiles): string {
  return `${makefile} asks for dependency files (${flag}), and the listed commands write none: when a header has changed, build by llama before make`;
}

function nearName(directory: string, file: string): string {
  const name = relative(directory, file);
  return name.startsWith('..') ? file : name;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
