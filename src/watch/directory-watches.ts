/**
 * One `node:fs` watch for each directory, and none for a file: of 10,000 files in 500 directories the system is asked 500
 * times. A directory that goes away or is replaced is told of, and watched again as soon as it is back: the directories
 * above it are watched too. One that comes into being where they may grow is watched from then on.
 */
import {type Dirent, type FSWatcher, lstatSync, readdirSync, statSync, watch} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {diskPath, textOfPath} from '../protocol/path-text.ts';

export interface WatchListener {
  /** Something happened to this name: to the file, to its content, or to nothing that matters. */
  readonly onName: (path: string) => void;
  /** What lies in this directory may have changed in any way, unseen. */
  readonly onDirectory: (directory: string) => void;
  /** Whether a directory that comes into being by this path is to be watched though nobody has asked for it. */
  readonly isGrowth: (path: string) => boolean;
}

/** Of directories that nobody has asked for: whoever makes more at once unpacks something, or builds there. */
export const MOST_GROWN = 1000;

/** The system does not let us watch more. */
export class WatchLimitError extends Error {
  readonly directory: string;

  constructor(directory: string) {
    super(`the system's limit of inotify watches is reached at ${directory}`);
    this.directory = directory;
  }
}

interface Watched {
  readonly watcher: FSWatcher;
  /** Tells a directory from another one that came to its place. */
  readonly identity: string;
}

export class DirectoryWatches {
  readonly #listener: WatchListener;
  /** Undefined for one that is not there now. */
  readonly #watched = new Map<string, Watched | undefined>();
  /** Names in a directory by which others that are watched are reached. */
  readonly #below = new Map<string, Set<string>>();
  /** Came into being since they could have been asked for. */
  readonly #grown = new Set<string>();
  #isClosed = false;

  constructor(listener: WatchListener) {
    this.#listener = listener;
  }

  /** Directories that are there and watched. */
  get size(): number {
    return [...this.#watched.values()].filter(watched => watched !== undefined).length;
  }

  /**
   * From now on these are watched, and those above them for their own sake. Answers which were not before: what lies in
   * them may have changed until now. @throws WatchLimitError
   */
  set(directories: Iterable<string>): string[] {
    const wanted = new Set<string>();
    this.#below.clear();
    for (const directory of directories) {
      for (let at = directory; at !== '/' && !wanted.has(at); at = dirname(at)) {
        wanted.add(at);
        const above = dirname(at);
        const names = this.#below.get(above);
        if (names) names.add(basename(at));
        else this.#below.set(above, new Set([basename(at)]));
      }
    }
    for (const directory of byDepth(this.#grown)) {
      const isBelow = wanted.has(dirname(directory)) || this.#grown.has(dirname(directory));
      if (wanted.has(directory) || !isBelow) this.#grown.delete(directory);
    }
    for (const directory of this.#watched.keys())
      if (!wanted.has(directory) && !this.#grown.has(directory)) this.#drop(directory);
    // Those above first: what comes into being below them meanwhile is told of by them.
    const added = byDepth(wanted).filter(
      directory => this.#watched.get(directory) === undefined && this.#isNews(directory),
    );
    for (const directory of added) {
      const hasComeBack = this.#watched.has(directory);
      this.#watch(directory);
      if (hasComeBack) this.#tellAll(directory);
    }
    return added;
  }

  close(): void {
    this.#isClosed = true;
    for (const directory of [...this.#watched.keys()]) this.#drop(directory);
  }

  #drop(directory: string): void {
    this.#watched.get(directory)?.watcher.close();
    this.#watched.delete(directory);
  }

  /** One that is missing is no news as long as it is. */
  #isNews(directory: string): boolean {
    return !this.#watched.has(directory) || identityOf(directory) !== undefined;
  }

  #watch(directory: string): void {
    const identity = identityOf(directory);
    if (identity === undefined) {
      this.#watched.set(directory, undefined);
      return;
    }
    let watcher: FSWatcher;
    try {
      watcher = watch(diskPath(directory), {encoding: 'buffer'}, (_, name) => this.#on(directory, name));
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC' || code === 'EMFILE') throw new WatchLimitError(directory);
      // It went away just now, or may not be read.
      this.#watched.set(directory, undefined);
      return;
    }
    watcher.on('error', () => this.#lookAgain(directory));
    this.#watched.set(directory, {watcher, identity});
  }

  #on(directory: string, name: Buffer | null): void {
    if (this.#isClosed) return;
    const text = name === null ? '' : textOfPath(name);
    // A directory that is removed or moved away says so by its own name.
    if (text === '' || text === basename(directory)) this.#lookAgain(directory);
    if (text === '') {
      this.#listener.onDirectory(directory);
      return;
    }
    const path = join(directory, text);
    if (this.#below.get(directory)?.has(text) || this.#grown.has(path)) this.#lookBelow(path);
    else if (this.#listener.isGrowth(path)) this.#grow(path);
    this.#listener.onName(path);
  }

  /** Watches a new directory and all below it. A link leads to what somebody else has made. */
  #grow(path: string): void {
    if (this.#watched.has(path) || this.#grown.size >= MOST_GROWN) return;
    if (!isDirectory(path)) return;
    this.#grown.add(path);
    try {
      this.#watch(path);
    } catch {
      // At the system's limit: what was asked for comes first.
      this.#grown.delete(path);
      return;
    }
    this.#tellAll(path);
  }

  /** What came with a directory is as new as the directory itself. */
  #tellAll(directory: string): void {
    for (const entry of entriesOf(directory)) {
      const path = join(directory, textOfPath(entry.name));
      if (entry.isDirectory() && this.#listener.isGrowth(path)) this.#grow(path);
      this.#listener.onName(path);
    }
  }

  /** All that is reached by a path, where its directory is no longer the one that is watched. */
  #lookBelow(path: string): void {
    for (const directory of byDepth(this.#watched.keys())) {
      if (directory === path || directory.startsWith(`${path}/`)) this.#lookAgain(directory);
    }
  }

  #lookAgain(directory: string): void {
    if (!this.#watched.has(directory)) return;
    const watched = this.#watched.get(directory);
    const identity = identityOf(directory);
    if (watched?.identity === identity) return;
    if (identity === undefined && this.#grown.delete(directory)) {
      this.#drop(directory);
      this.#listener.onDirectory(directory);
      return;
    }
    watched?.watcher.close();
    try {
      this.#watch(directory);
    } catch {
      // At the system's limit: those that were given up for it come back with the next build.
      this.#watched.set(directory, undefined);
    }
    this.#listener.onDirectory(directory);
    this.#tellAll(directory);
  }
}

function entriesOf(directory: string): Dirent<Buffer>[] {
  try {
    return readdirSync(diskPath(directory), {encoding: 'buffer', withFileTypes: true});
  } catch {
    return []; // It went away again.
  }
}

/** A link is none. */
function isDirectory(path: string): boolean {
  try {
    return lstatSync(diskPath(path)).isDirectory();
  } catch {
    return false; // It went away again, or something above it is no directory any more.
  }
}

function byDepth(directories: Iterable<string>): string[] {
  return [...directories].sort((one, other) => one.length - other.length);
}

function identityOf(directory: string): string | undefined {
  try {
    const {dev, ino, birthtimeMs} = statSync(diskPath(directory));
    return `${dev} ${ino} ${birthtimeMs}`;
  } catch {
    return undefined;
  }
}
