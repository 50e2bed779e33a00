/**
 * A set of files at their own absolute paths, as it exists on the user's machine: what a worker lays out under its
 * root before it runs a command. Paths here are *physical*: no component is a symlink unless that symlink is listed,
 * and none is `.` or `..`. The paths on a command line stay as they are; they resolve because every symlink and every
 * directory that they pass through is listed too.
 */
import type {Digest} from './digest.ts';

/** `[name, digest, modification time in whole seconds, 1 if executable else 0]`; grouped, since directories repeat. */
export type TreeFile = readonly [name: string, digest: Digest, mtime: number, executable: 0 | 1];

export interface TreeDirectory {
  /** Physical absolute path; it exists on the worker even when `files` is empty. Its ancestors are implied. */
  readonly path: string;
  readonly files: readonly TreeFile[];
}

/** A symlink at a physical path with its target as the user's machine has it (relative or absolute). */
export type TreeLink = readonly [path: string, target: string];

/** Path of a file in a directory. Directories come without a slash at their end, but for the root. */
export function pathIn(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

export interface Tree {
  readonly directories: readonly TreeDirectory[];
  readonly links: readonly TreeLink[];
}
