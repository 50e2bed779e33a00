/**
 * Refuses trees that a worker must not lay out: paths that are not physical, would leave the root, or stand for two
 * things at once. It touches no disk.
 */
import {isDigest} from '../src/protocol/digest.ts';
import type {Tree} from '../src/protocol/tree.ts';

/** The request itself is at fault; `message` says how. */
export class RequestInvalid extends Error {}

/** True for an absolute path without `.`, `..`, empty components, trailing slash or NUL; "/" itself included. */
export function isPhysical(path: string): boolean {
  if (path === '/') return true;
  return path.startsWith('/') && !/\/\.{0,2}(?:\/|$)/.test(path) && !path.includes('\0');
}

/** What is laid out already and stays: directories known to be good, and links that nothing may lie behind. */
export interface Ground {
  readonly directories: {has(path: string): boolean};
  readonly links: ReadonlyMap<string, string>;
}

/** Throws {@link RequestInvalid} unless the tree can be laid out on that ground. */
export function checkTree(tree: Tree, ground: Ground): void {
  const links = new Set<string>();
  for (const [path, target] of tree.links) {
    if (!isPhysical(path) || path === '/') throw new RequestInvalid(`link path '${path}' is not physical`);
    if (target === '' || target.includes('\0'))
      throw new RequestInvalid(`link '${path}' has no usable target`);
    links.add(path);
  }
  const listed = new Set<string>();
  for (const {path, files} of tree.directories) {
    listed.add(path);
    if (!ground.directories.has(path)) {
      if (!isPhysical(path)) throw new RequestInvalid(`directory '${path}' is not physical`);
      refuseBelowLink(path, ground.links);
    }
    // To write below a link would be to write wherever it leads, outside of the root perhaps.
    if (links.size > 0) refuseBelowLink(path, links);
    for (const [name, digest] of files) {
      if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
        throw new RequestInvalid(`file name '${name}' in '${path}' is not a name`);
      if (!isDigest(digest)) throw new RequestInvalid(`file '${name}' in '${path}' has no digest`);
    }
  }
  for (const link of links) {
    if (listed.has(link)) throw new RequestInvalid(`'${link}' is both a link and a directory`);
    refuseBelowLink(parentOf(link), links);
    refuseBelowLink(parentOf(link), ground.links);
  }
}

/** The directory that holds a physical path. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

function refuseBelowLink(path: string, links: {has(path: string): boolean}): void {
  for (let at = path; at !== '/'; at = parentOf(at))
    if (links.has(at)) throw new RequestInvalid(`'${path}' lies behind the link '${at}'`);
}

/**
 * The target that a link gets on disk: an absolute one below the root, and a relative one without the `..` that would
 * step above "/" (where the kernel stays on the user's machine).
 */
export function targetInRoot(root: string, path: string, target: string): string {
  if (target.startsWith('/')) return root + withoutClimbing(target.slice(1).split('/'), 0, '/');
  const depth = parentOf(path) === '/' ? 0 : parentOf(path).split('/').length - 1;
  return withoutClimbing(target.split('/'), depth, '');
}

function withoutClimbing(words: readonly string[], start: number, prefix: string): string {
  let depth = start;
  const kept = words.filter(word => {
    if (word === '..') return depth > 0 && depth-- > 0;
    if (word !== '' && word !== '.') depth++;
    return true;
  });
  return prefix + kept.join('/') || '.';
}
