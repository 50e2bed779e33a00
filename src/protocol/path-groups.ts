/**
 * Paths by directory. The names of a group are one text, joined by the character that no name has: there are some
 * thousand for each compile, nine tenths of them in groups that many compiles have, and a text is read, compared and
 * written in one go.
 */
import {pathIn} from './tree.ts';

export type PathGroups = readonly (readonly [directory: string, names: string])[];

/** For names that are the same in many directories, as those are that a compiler looks for along its search path. */
export type SharedGroups = readonly (readonly [names: string, directories: readonly string[]])[];

const SEPARATOR = '/';

export function joinNames(names: readonly string[]): string {
  return names.join(SEPARATOR);
}

export function namesOf(names: string): string[] {
  return names === '' ? [] : names.split(SEPARATOR);
}

/** Groups of the same names become one; the names in order of first appearance. */
export function shareNames(groups: PathGroups): SharedGroups {
  const shared = new Map<string, string[]>();
  for (const [directory, names] of groups) {
    const directories = shared.get(names);
    if (directories) directories.push(directory);
    else shared.set(names, [directory]);
  }
  return [...shared];
}

/** One group for each directory again, in another order. */
export function unshareNames(groups: SharedGroups): PathGroups {
  return groups.flatMap(([names, directories]) => directories.map(directory => [directory, names] as const));
}

export function pathsOf(groups: PathGroups): string[] {
  return groups.flatMap(([directory, names]) => namesOf(names).map(name => pathIn(directory, name)));
}
