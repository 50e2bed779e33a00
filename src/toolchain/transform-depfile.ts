/**
 * What `cmake -E cmake_transform_depfile Ninja gccdepfile` makes of a depfile: the same rules with paths that count from
 * the build directory. Form by CMake 3.25's output; whatever is not plain in a depfile is left to CMake itself.
 */
import {posix} from 'node:path';

export interface DepfilePlaces {
  /** Relative paths of the depfile count from here. Both absolute. */
  readonly currentBinary: string;
  /** Paths below it become relative. */
  readonly binary: string;
}

const PATHS = '[\\w./+@%,=~^-]+(?:[ \\t]+[\\w./+@%,=~^-]+)*';
const RULE = new RegExp(`^[ \\t]*(${PATHS})[ \\t]*:(?:[ \\t]+(${PATHS}))?[ \\t]*$`);

/** Undefined for what has escapes, quotes, comments, or no rules where there is text. */
export function transformDepfile(text: string, {currentBinary, binary}: DepfilePlaces): string | undefined {
  const placed = (path: string) => {
    const full = posix.resolve(currentBinary, path);
    if (full === binary) return '.';
    return full.startsWith(`${binary}/`) ? full.slice(binary.length + 1) : full;
  };
  let made = '';
  for (const line of text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const [, targets, inputs] = RULE.exec(line) ?? [];
    if (targets === undefined) return undefined;
    if (inputs === undefined) continue;
    const [target, source] = [targets, inputs].map(paths => paths.split(/[ \t]+/).map(placed));
    made += `${target!.join(' \\\n  ')}: \\\n  ${source!.join(' \\\n  ')}\n`;
  }
  return made;
}
