/** Which directory and which build description a command line means. */
import {existsSync, realpathSync, statSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {FailureError} from './failure.ts';
import {importedList} from './imported-list.ts';
import {surroundings} from './surroundings.ts';

export interface Location {
  /** Real path. */
  readonly directory: string;
  /** As the user would type it. */
  readonly shown: string;
  readonly kind: 'ninja' | 'compile-commands' | 'commands';
  readonly targets: readonly string[];
  /** Of `compile-commands`: the list that was imported for the directory, in place of what lies in it. */
  readonly imported?: string;
}

/** The file that each kind of description is read from. */
export const DESCRIPTIONS = {ninja: 'build.ninja', 'compile-commands': 'compile_commands.json'} as const;

/**
 * The first word is a directory if there is one by that name; otherwise all words are targets in `./build` or here.
 * @throws FailureError `description-missing`
 */
export function locate(words: readonly string[], options: {cwd: string; hasCommands: boolean}): Location {
  const [first] = words;
  const named = first !== undefined && isDirectory(resolve(options.cwd, first)) ? first : undefined;
  const targets = named === undefined ? words : words.slice(1);
  const candidates = named === undefined ? ['build', '.'] : [named];
  // What the user has set for a directory comes before what lies anywhere.
  for (const shown of options.hasCommands ? [] : candidates) {
    const directory = resolve(options.cwd, shown);
    const imported = importedList(directory);
    if (imported === undefined) continue;
    return {directory: realpathSync(directory), shown, kind: 'compile-commands', targets, imported};
  }
  for (const shown of candidates) {
    const directory = resolve(options.cwd, shown);
    if (!isDirectory(directory)) continue;
    if (options.hasCommands) return {directory: realpathSync(directory), shown, kind: 'commands', targets};
    for (const kind of ['ninja', 'compile-commands'] as const) {
      if (existsSync(join(directory, DESCRIPTIONS[kind]))) {
        return {directory: realpathSync(directory), shown, kind, targets};
      }
    }
  }
  const lookedFor = Object.values(DESCRIPTIONS);
  throw new FailureError({
    reason: 'description-missing',
    directories: named === undefined && first?.includes('/') ? [first] : candidates,
    lookedFor,
    ...(named === undefined && first !== undefined ? {word: first} : {}),
    ...surroundings(candidates, {cwd: options.cwd, lookedFor}),
  });
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // Also where a file stands in the way, or a link leads in a circle.
  }
}
