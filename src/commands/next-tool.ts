/** The user's own tool that goes on after the compiles, where the build directory itself names it. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {quote} from 'shell-quote';
import {MAKEFILES} from '../frontends/makefile-depfiles.ts';

export interface NextTool {
  /** For a shell, in the directory. */
  readonly command: string;
  /** CMake wrote the makefiles, so that its default target is what a build of the directory means. */
  readonly isCmake: boolean;
}

/** `jobs`: commands at once. */
export function nextTool(directory: string, jobs: number): NextTool | undefined {
  if (MAKEFILES.every(name => readIfThere(join(directory, name)) === undefined)) return undefined;
  const cache = readIfThere(join(directory, 'CMakeCache.txt'));
  if (cache === undefined) return {command: 'make', isCmake: false};
  if (!/^CMAKE_GENERATOR:INTERNAL=Unix Makefiles$/m.test(cache)) return undefined;
  const cmake = /^CMAKE_COMMAND:INTERNAL=(.+)$/m.exec(cache)?.[1] ?? 'cmake';
  return {command: quote([cmake, '--build', '.', '--parallel', String(jobs)]), isCmake: true};
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
