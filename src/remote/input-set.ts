/**
 * The inputs that a cached result rests on: made from what a worker observed, and held against what is on disk now.
 * Predicted inputs never come in here, only what a compiler really opened, asked for, or looked for in vain.
 */

import type {Listing} from '../graph/file-facts.ts';
import type {FileState} from '../graph/file-state.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {Observed} from '../protocol/invocation.ts';
import {joinNames, namesOf, type PathGroups, pathsOf, type SharedGroups} from '../protocol/path-groups.ts';
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
  const read: [string, string][] = [];
  const digests: Digest[] = [];
  for (const [directory, names] of observed.read) {
    const kept: string[] = [];
    for (const name of namesOf(names)) {
      const path = pathIn(directory, name);
      if (options.isMade(path)) continue;
      const digest = options.digestSent(path);
      if (digest === undefined) return undefined;
      kept.push(name);
      digests.push(digest);
    }
    read.push([directory, joinNames(kept)]);
  }
  const listed: [string, string][] = [];
  for (const path of pathsOf(observed.listed)) listed.push([path, listingDigest(path, options.files)]);
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
  for (const path of pathsOf(set.read)) {
    const digest = files.digest(path);
    if (digest === undefined) return false;
    digests.push(digest);
  }
  if (contentOf(digests) !== set.content) return false;
  for (const path of pathsOf(set.found)) if (!files.stat(path)) return false;
  if (presentIn(set.absent, files).length > 0) return false;
  for (const [path, digest] of set.listed) if (listingDigest(path, files) !== digest) return false;
  return (
    isSame(findPlaces(set.read, set.found, files), set.places) &&
    isSame(findTwins(set.read, digests, files), set.twins)
  );
}

function contentOf(digests: readonly Digest[]): Digest {
  return digestOf(digests.join(''));
}

/** Groups of which a listing has no name at all. A listing never changes: what holds once holds as long as it does. */
const absentFrom = new WeakMap<ReadonlySet<string>, Set<string>>();
/** As many are kept for a listing. Of the groups that compiles tell of most come again, the others by the thousand. */
const MOST_GROUPS = 300;

/** The groups of which a path is there after all, by {@link firstPresent}. */
export function presentIn(groups: SharedGroups, files: FileState): PathGroups {
  const present: [string, string][] = [];
  for (const [names, directories] of groups) {
    for (const directory of directories)
      if (!isAbsent(directory, names, files)) present.push([directory, names]);
  }
  return present;
}

function isAbsent(directory: string, names: string, files: FileState): boolean {
  const listing = files.names(directory);
  if (listing === undefined) return true;
  const known = listing instanceof Set ? absentFrom.get(listing) : undefined;
  if (known?.has(names)) return true;
  const all = namesOf(names);
  if (firstPresent(directory, all, files) !== undefined) return false;
  // A dangling symlink is in it, and may lead somewhere tomorrow.
  if (!(listing instanceof Set) || all.some(name => listing.has(name))) return true;
  if (!known) absentFrom.set(listing, new Set([names]));
  else if (known.size < MOST_GROUPS) known.add(names);
  return true;
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
  for (const [i, path] of pathsOf(read).entries()) {
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
  for (const path of pathsOf(found)) add(path);
  return places;
}

function isSame(now: readonly (readonly string[])[], then: readonly (readonly string[])[]): boolean {
  if (now.length === 0 && then.length === 0) return true;
  return JSON.stringify(now) === JSON.stringify(then);
}
