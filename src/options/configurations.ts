/** The configurations of a build directory: what `--config` means there. CMake alone has any. */
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {FailureError} from '../failure.ts';
import {nearest} from './edit-distance.ts';

/** As "Ninja Multi-Config" names a configuration's manifest. */
const MANIFEST = /^build-(.+)\.ninja$/;

/**
 * Name of the manifest that builds `config` in `directory`, which people call `shown`; undefined where that is the only
 * configuration there.
 * @throws FailureError naming the configurations that are there
 */
export function manifestOf(config: string, directory: string, shown: string): string | undefined {
  if (config !== '' && !config.includes('/') && existsSync(join(directory, `build-${config}.ninja`))) {
    return `build-${config}.ninja`;
  }
  const there = configurationsIn(directory);
  if (there.length > 0) {
    const near = nearest(
      config.toLowerCase(),
      there.map(name => name.toLowerCase()),
    );
    const meant = there.filter(name => near.includes(name.toLowerCase()));
    throw new FailureError({
      reason: 'option-invalid',
      text: `--config: '${shown}' has no configuration '${config}', it has ${there.join(', ')}`,
      ...(meant.length === 0 ? {} : {hint: `did you mean ${meant.join(' or ')}?`}),
    });
  }
  const only = buildTypeOf(directory);
  if (only !== undefined && only.toLowerCase() === config.toLowerCase()) return undefined;
  throw new FailureError({
    reason: 'option-invalid',
    text: `--config: '${shown}' holds one configuration only${only === undefined ? '' : `, its CMAKE_BUILD_TYPE is '${only}'`}`,
    hint: `without --config that one is built; to have several: cmake -G "Ninja Multi-Config" in a directory of its own`,
  });
}

/** Names of all that "Ninja Multi-Config" has made there, in the order of the alphabet. */
export function configurationsIn(directory: string): string[] {
  return ninjaFilesIn(directory).flatMap(file => MANIFEST.exec(file)?.[1] ?? []);
}

/** Names of files that ninja may be given by `-f`, in the order of the alphabet. */
export function ninjaFilesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter(name => name.endsWith('.ninja'))
      .sort();
  } catch {
    return []; // It is not there, or not ours to see.
  }
}

/** Empty where CMake was given none; undefined where the directory is not CMake's. */
function buildTypeOf(directory: string): string | undefined {
  try {
    const cache = readFileSync(join(directory, 'CMakeCache.txt'), 'utf8');
    return /^CMAKE_BUILD_TYPE:\w+=(.*)$/m.exec(cache)?.[1] ?? '';
  } catch {
    return undefined;
  }
}
