/** What lies where a build description was looked for in vain: what the user may have meant, and what would help. */
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {basename, join, resolve} from 'node:path';
import type {Configured, DescriptionMissing} from '../failure.ts';

/** More would bury the answer. */
const MOST_NEARBY = 3;

interface Place {
  readonly cwd: string;
  readonly lookedFor: readonly string[];
}

/** `candidates`: directories as the user would type them; some may not be there. */
export function surroundings(
  candidates: readonly string[],
  place: Place,
): Pick<DescriptionMissing, 'nearby' | 'configured' | 'source'> {
  const nearby = candidates.flatMap(shown => describedBelow(shown, place)).slice(0, MOST_NEARBY);
  const configured = candidates.map(shown => configuredIn(shown, place)).find(found => found !== undefined);
  const source = candidates.find(shown => existsSync(resolve(place.cwd, shown, 'CMakeLists.txt')));
  return {
    ...(nearby.length === 0 ? {} : {nearby}),
    ...(configured === undefined ? {} : {configured}),
    ...(source === undefined ? {} : {source}),
  };
}

function describedBelow(shown: string, {cwd, lookedFor}: Place): string[] {
  const isDescribed = (name: string) => lookedFor.some(file => existsSync(resolve(cwd, shown, name, file)));
  try {
    return readdirSync(resolve(cwd, shown), {withFileTypes: true})
      .filter(entry => !entry.isFile() && isDescribed(entry.name))
      .map(entry => join(shown, entry.name))
      .sort()
      .sort((one, other) => Number(isUsual(other)) - Number(isUsual(one)));
  } catch {
    return []; // It is not there, or not ours to see.
  }
}

function isUsual(directory: string): boolean {
  return basename(directory) === 'build';
}

function configuredIn(shown: string, {cwd}: Place): Configured | undefined {
  const directory = resolve(cwd, shown);
  const another = freeName(shown, cwd);
  const cache = readIfThere(join(directory, 'CMakeCache.txt'));
  const generator = cacheValue(cache, 'CMAKE_GENERATOR');
  const source = cacheValue(cache, 'CMAKE_HOME_DIRECTORY');
  if (generator !== undefined && source !== undefined) {
    return {directory: shown, cmake: {generator, source}, another};
  }
  return existsSync(join(directory, 'Makefile')) ? {directory: shown, another} : undefined;
}

/** Beside the directory. */
function freeName(shown: string, cwd: string): string {
  for (let count = 1; ; count++) {
    const end = count === 1 ? 'ninja' : `ninja-${count}`;
    const name = join(shown, '..', `${basename(resolve(cwd, shown))}-${end}`);
    if (!existsSync(resolve(cwd, name))) return name;
  }
}

/** An entry of CMakeCache.txt: `NAME:TYPE=VALUE`. */
function cacheValue(cache: string | undefined, name: string): string | undefined {
  return cache?.match(new RegExp(`^${name}:\\w+=(.+)$`, 'm'))?.[1];
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
