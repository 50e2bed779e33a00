/**
 * Paths by directory. The names of a group are one text, joined by the character that no name has: there are some
 * thousand for each compile, nine tenths of them in groups that many compiles have, and a text is read, compared and
 * written in one go.
 */
import {pathIn} from './tree.ts';

export type PathGroups = readonly (readonly [directory: string, names: string])[];

const SEPARATOR = '/';

export function joinNames(names: readonly string[]): string {
  return names.join(SEPARATOR);
}

export function namesOf(names: string): string[] {
  return names === '' ? [] : names.split(SEPARATOR);
}

export function pathsOf(groups: PathGroups): string[] {
  return groups.flatMap(([directory, names]) => namesOf(names).map(name => pathIn(directory, name)));
}
