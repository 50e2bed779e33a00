/** Which directories there have to be for a tree to be laid out. */
import type {Tree} from '../src/protocol/tree.ts';
import {parentOf} from './tree-check.ts';

/** All directories that a toolchain needs, and the one for temporary files. */
export function directoriesOf(tree: Tree): Set<string> {
  const all = new Set<string>(['/', '/tmp']);
  for (const {path} of tree.directories) addWithAncestors(path, all);
  for (const [path] of tree.links) addWithAncestors(parentOf(path), all);
  return all;
}

export function addWithAncestors(path: string, into: Set<string>): void {
  for (let at = path; !into.has(at); at = parentOf(at)) into.add(at);
}
