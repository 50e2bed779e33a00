/**
 * Files under one digest, so that actions which have most of their inputs in common name them by position. Positions
 * count the files of all directories in the order of the list.
 */
import type {Tree, TreeDirectory, TreeFile} from './tree.ts';

/** A blob (JSON). */
export interface FileList {
  readonly directories: readonly TreeDirectory[];
}

/** Which files of a list are meant: a bit for each position, the lowest of each byte first, in base64. */
export type Positions = string;

export function encodePositions(bits: Uint8Array): Positions {
  return Buffer.from(bits.buffer, bits.byteOffset, bits.byteLength).toString('base64');
}

/** The files at these positions. Positions beyond the list's end mean nothing. */
export function filesAt({directories}: FileList, positions: Positions): TreeDirectory[] {
  const bits = Buffer.from(positions, 'base64');
  const wanted: TreeDirectory[] = [];
  let position = 0;
  for (const {path, files} of directories) {
    const found: TreeFile[] = [];
    for (const file of files) {
      if (((bits[position >>> 3] ?? 0) & (1 << (position & 7))) !== 0) found.push(file);
      position++;
    }
    if (found.length > 0) wanted.push({path, files: found});
  }
  return wanted;
}

/** Each directory and each file once; of several files by one name the last counts. */
export function joinTrees(trees: readonly Tree[]): Tree {
  const directories = new Map<string, Map<string, TreeFile>>();
  for (const tree of trees)
    for (const {path, files} of tree.directories) {
      let there = directories.get(path);
      if (there === undefined) {
        there = new Map();
        directories.set(path, there);
      }
      for (const file of files) there.set(file[0], file);
    }
  return {
    directories: Array.from(directories, ([path, files]) => ({path, files: [...files.values()]})),
    links: trees.flatMap(tree => tree.links),
  };
}
