/**
 * The inputs that a cached result rests on: made from what a worker observed, and held against what is on disk now.
 * Predicted inputs never come in here, only what a compiler really opened, asked for, or looked for in vain.
 */

import type {Listing} from '../graph/file-facts.ts';
import type {FileState} from '../graph/file-state.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {Observed, PathGroups} from '../protocol/invocation.ts';
import {pathIn} from '../protocol/tree.ts';
import type {InputSet} from './cloud.ts';

/**
 * The set behind a result. `digestSent` answers what the worker was given under a path, undefined for a path that it
 * was not given: then there is no set, and the result is not kept.
 */
export function makeInputSet(
  observed: Observed,
  options: {
    digestSent: (path: string) => Digest | undefined;
    /** Files that exist for the worker alone; the first key tells of them. */
    isMade: (path: string) => boolean;
    files: FileState;
  },
): InputSet | undefined {
  const read: [string, string[]][] = [];
  const digests: Digest[] = [];
  for (const [directory, names] of observed.read) {
    const kept: string[] = [];
    for (const name of names) {
      const path = pathIn(directory, name);
      if (options.isMade(path)) continue;
      const digest = options.digestSent(path);
      if (digest === undefined) return undefined;
      kept.push(name);
      digests.push(digest);
    }
    read.push([directory, kept]);
  }
  const listed: [string, string][] = [];
  for (const [directory, names] of observed.listed) {
    for (const name of names) {
      const path = pathIn(directory, name);
      listed.push([path, listingDigest(path, options.files)]);
    }
  }
  return {
    read,
    content: contentOf(digests),
    found: observed.found,
    absent: observed.absent,
    listed,
    places: findPlaces(read, observed.found, options.files),
    twins: findTwins(read, digests, options.files),
  };
}

/** Whether everything that the set tells of is so now. */
export function holds(set: InputSet, files: FileState): boolean {
  const digests: Digest[] = [];
  for (const [directory, names] of set.read) {
    for (const name of names) {
      const digest = files.digest(pathIn(directory, name));
      if (digest === undefined) return false;
      digests.push(digest);
    }
  }
  if (contentOf(digests) !== set.content) return false;
  for (const [directory, names] of set.found) {
    for (const name of names) if (!files.stat(pathIn(directory, name))) return false;
  }
  for (const [directory, names] of set.absent) {
    const present = firstPresent(directory, names, files);
    if (present !== undefined) return false;
  }
  for (const [path, digest] of set.listed) if (listingDigest(path, files) !== digest) return false;
  return (
    isSame(findPlaces(set.read, set.found, files), set.places) &&
    isSame(findTwins(set.read, digests, files), set.twins)
  );
}

/** The files of the set. */
export function pathsRead({read}: Pick<InputSet, 'read'>): string[] {
  return read.flatMap(([directory, names]) => names.map(name => pathIn(directory, name)));
}

function contentOf(digests: readonly Digest[]): Digest {
  return digestOf(digests.join(''));
}

/** A path of the group that is there after all; a name stands for its precompiled twin as well. */
export function firstPresent(
  directory: string,
  names: readonly string[],
  files: FileState,
): string | undefined {
  const listing = files.names(directory);
  if (listing === undefined) return undefined;
  if (!(listing instanceof Set)) {
    const paths = names.flatMap(name => [pathIn(directory, name), pathIn(directory, `${name}.gch`)]);
    return paths.find(path => files.stat(path));
  }
  const precompiled = hasPrecompiled(listing);
  for (const name of names) {
    // A listing has a dangling symlink's name too; only what can be reached counts.
    if (listing.has(name) && files.stat(pathIn(directory, name))) return pathIn(directory, name);
    if (precompiled && listing.has(`${name}.gch`)) return pathIn(directory, `${name}.gch`);
  }
  return undefined;
}

function listingDigest(path: string, files: FileState): string {
  const listing = files.names(path);
  return listing instanceof Set ? digestOf([...listing].sort().join('\0')) : String(listing);
}

const precompiledIn = new WeakMap<ReadonlySet<string>, boolean>();

function hasPrecompiled(listing: Extract<Listing, ReadonlySet<string>>): boolean {
  let known = precompiledIn.get(listing);
  if (known === undefined) {
    known = false;
    for (const name of listing) if (name.endsWith('.gch')) known = true;
    precompiledIn.set(listing, known);
  }
  return known;
}

/**
 * Groups of paths with equal content and equal time in seconds, in order of first appearance. `digests` are those of
 * the paths, in their order.
 */
function findTwins(read: PathGroups, digests: readonly Digest[], files: FileState): string[][] {
  const first = new Set<string>();
  const repeated = new Set<string>();
  for (const digest of digests) {
    if (first.has(digest)) repeated.add(digest);
    else first.add(digest);
  }
  if (repeated.size === 0) return [];
  const groups = new Map<string, string[]>();
  for (const [i, path] of pathsRead({read}).entries()) {
    if (!repeated.has(digests[i]!)) continue;
    const facts = files.stat(path);
    const key = `${digests[i]} ${facts ? facts.mtimeNs / 1_000_000_000n : ''}`;
    const group = groups.get(key);
    if (group) group.push(path);
    else groups.set(key, [path]);
  }
  return [...groups.values()].filter(group => group.length > 1);
}

/** Physical places of paths that are not physical themselves. */
function findPlaces(read: PathGroups, found: PathGroups, files: FileState): [string, string][] {
  const places: [string, string][] = [];
  const add = (path: string) => {
    const physical = files.physical(path) ?? '';
    if (physical !== path) places.push([path, physical]);
  };
  for (const [directory] of read) add(directory);
  for (const [directory, names] of found) for (const name of names) add(pathIn(directory, name));
  return places;
}

function isSame(now: readonly (readonly string[])[], then: readonly (readonly string[])[]): boolean {
  if (now.length === 0 && then.length === 0) return true;
  return JSON.stringify(now) === JSON.stringify(then);
}
