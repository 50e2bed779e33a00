/** The user's own ninja: which one, and which logs it writes. */
import {execFileSync} from 'node:child_process';
import {accessSync, constants, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {FailureError} from '../../failure.ts';
import type {DepfileDialect} from '../../toolchain/depfile.ts';
import type {BuildLogVersion} from './build-log.ts';
import type {DepsLogVersion} from './deps-log.ts';

export interface NinjaProgram {
  /** Absolute path. */
  readonly path: string;
  /** As it prints it, '1.11.1'. */
  readonly version: string;
}

const CMAKE_CACHE = 'CMakeCache.txt';

/** Path of the ninja that the project was configured with, else the first one on PATH. */
export function findNinja(directory: string, pathVariable: string): string {
  const configured = configuredNinja(directory);
  if (configured !== undefined) return configured;
  for (const name of ['ninja', 'ninja-build']) {
    for (const folder of pathVariable.split(':')) {
      const file = join(folder || '.', name);
      if (isProgram(file)) return file;
    }
  }
  throw new FailureError({
    reason: 'tool-missing',
    tool: 'ninja',
    neededFor: 'links and all that is no compile',
  });
}

/** {@link ninjaVersion} of the ninja found for `directory`. @throws FailureError where it is too old, or no ninja */
export function supportedVersion(path: string, directory: string): string {
  const version = ninjaVersion(path);
  if (isSupported(version)) return version;
  if (configuredNinja(directory) === path) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `'${path}' is '${version}', not ninja 1.11 or later: it is CMAKE_MAKE_PROGRAM in '${join(directory, CMAKE_CACHE)}'`,
      hint: `to name another: cmake -DCMAKE_MAKE_PROGRAM=/PATH/TO/ninja '${directory}'`,
    });
  }
  throw new FailureError({
    reason: 'tool-missing',
    tool: 'ninja 1.11 or later',
    neededFor: `this build: ${path} is '${version}'`,
  });
}

/** The first line that it prints: other programs go on with their licence. @throws FailureError where it cannot be run */
export function ninjaVersion(path: string): string {
  try {
    const stdout = execFileSync(path, ['--version'], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']});
    return stdout.trim().split('\n')[0]!.trim();
  } catch {
    throw new FailureError({
      reason: 'tool-missing',
      tool: path,
      neededFor: 'links and all that is no compile',
    });
  }
}

/** Log formats that a ninja of this version writes. */
export function logVersions(version: string): {buildLog: BuildLogVersion; depsLog: DepsLogVersion} {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isAtLeast = (least: number) => major > 1 || (major === 1 && minor >= least);
  return {
    buildLog: isAtLeast(13) ? 7 : isAtLeast(12) ? 6 : 5,
    depsLog: isAtLeast(9) ? 4 : 3,
  };
}

export function depfileDialect(version: string): DepfileDialect {
  return logVersions(version).buildLog === 7 ? 'ninja-1.13' : 'ninja-1.12';
}

/** Oldest ninja whose command line and logs are known here. */
export function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 1 || (major === 1 && minor >= 11);
}

function configuredNinja(directory: string): string | undefined {
  let cache: string;
  try {
    cache = readFileSync(join(directory, CMAKE_CACHE), 'utf8');
  } catch {
    return undefined; // Not configured by CMake.
  }
  const path = /^CMAKE_MAKE_PROGRAM:[A-Z]+=(.+)$/m.exec(cache)?.[1];
  return path?.startsWith('/') && isProgram(path) ? path : undefined;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
