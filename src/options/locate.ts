/** Which directory and which build description a command line means. */
import {existsSync, realpathSync, statSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {FailureError} from '../failure.ts';
import {manifestOf, ninjaFilesIn} from './configurations.ts';
import {importedList} from './imported-list.ts';
import {surroundings} from './surroundings.ts';

export interface Location {
  /** Real path. */
  readonly directory: string;
  /** As the user would type it. */
  readonly shown: string;
  readonly kind: 'ninja' | 'compile-commands' | 'commands';
  /** The file that the graph is read from, relative to `directory`; for `commands` as the user gave it. */
  readonly description: string;
  readonly targets: readonly string[];
  /** Of `compile-commands`: the list that was imported for the directory, in place of what lies in it. */
  readonly imported?: string;
}

/** The file that each kind of description is read from, unless the user names another. */
export const DESCRIPTIONS = {ninja: 'build.ninja', 'compile-commands': 'compile_commands.json'} as const;

export interface LocateOptions {
  readonly cwd: string;
  /** As `--commands` gave it. */
  readonly commands?: string | undefined;
  /** A manifest's name, as `-f` gave it. */
  readonly file?: string | undefined;
  /** As `--config` gave it. */
  readonly config?: string | undefined;
}

/**
 * The first word is a directory if there is one by that name; otherwise all words are targets in `./build` or here.
 * @throws FailureError `description-missing`, or `option-invalid` for a manifest or a configuration that is not there
 */
export function locate(words: readonly string[], options: LocateOptions): Location {
  const {cwd, commands, file, config} = options;
  const [first] = words;
  const named = first !== undefined && isDirectory(resolve(cwd, first)) ? first : undefined;
  const targets = named === undefined ? words : words.slice(1);
  const candidates = named === undefined ? ['build', '.'] : [named];
  // What the user has set for a directory comes before what lies anywhere, but for what he names now.
  const isNamed = [commands, file, config].some(each => each !== undefined);
  for (const shown of isNamed ? [] : candidates) {
    const directory = resolve(cwd, shown);
    const imported = importedList(directory);
    if (imported === undefined) continue;
    const place = {directory: realpathSync(directory), shown, targets};
    return {...place, kind: 'compile-commands', description: imported, imported};
  }
  for (const shown of candidates) {
    const directory = resolve(cwd, shown);
    if (!isDirectory(directory)) continue;
    const found = (kind: Location['kind'], description: string): Location => {
      return {directory: realpathSync(directory), shown, kind, description, targets};
    };
    if (commands !== undefined) return found('commands', commands);
    if (file !== undefined) {
      if (isFile(resolve(directory, file))) return found('ninja', file);
      continue;
    }
    const kind = (['ninja', 'compile-commands'] as const).find(each =>
      existsSync(join(directory, DESCRIPTIONS[each])),
    );
    if (kind === undefined) continue;
    const manifest = config === undefined ? undefined : manifestOf(config, directory, shown);
    return manifest === undefined ? found(kind, DESCRIPTIONS[kind]) : found('ninja', manifest);
  }
  if (file !== undefined) checkManifestName(file, candidates, cwd);
  const lookedFor = file === undefined ? Object.values(DESCRIPTIONS) : [file];
  throw new FailureError({
    reason: 'description-missing',
    directories: named === undefined && first?.includes('/') ? [first] : candidates,
    lookedFor,
    ...(named === undefined && first !== undefined ? {word: first} : {}),
    ...surroundings(candidates, {cwd, lookedFor}),
  });
}

/** @throws FailureError where a directory has manifests, but none by that name */
function checkManifestName(file: string, candidates: readonly string[], cwd: string): void {
  for (const shown of candidates) {
    const names = ninjaFilesIn(resolve(cwd, shown));
    if (names.length === 0) continue;
    throw new FailureError({
      reason: 'option-invalid',
      text: `-f: there is no file '${file}' in '${shown}'`,
      hint: `there is ${names.join(', ')}`,
    });
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // Also where a file stands in the way, or a link leads in a circle.
  }
}

function isFile(path: string): boolean {
  try {
    return !statSync(path).isDirectory();
  } catch {
    return false;
  }
}
