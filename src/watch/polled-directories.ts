/**
 * Watches of directories where the system tells nothing, as of changes that another machine makes in a network
 * file system: chokidar asks for the times of files and directories again and again.
 */
import {type Dirent, readdirSync, type Stats, statSync} from 'node:fs';
import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import {type FSWatcher, watch} from 'chokidar';
import {hasOddBytes} from '../protocol/path-text.ts';
import {MOST_GROWN} from './directory-watches.ts';
import type {DirectoryWatcher, Listener} from './file-watch.ts';

export class PolledDirectories implements DirectoryWatcher {
  readonly #listener: Listener;
  readonly #interval: number;
  #watcher: FSWatcher | undefined;
  #wanted: ReadonlySet<string> = new Set();
  #files: ReadonlySet<string> = new Set();
  readonly #grown = new Set<string>();
  /** By directory, the names that were there when it was listed last: chokidar tells nothing of those that it begins with. */
  readonly #names = new Map<string, ReadonlySet<string>>();
  /** Those of the wanted that are not there now. */
  #missing: string[] = [];
  readonly #timer: NodeJS.Timeout;
  #settling: NodeJS.Timeout | undefined;

  /** `interval`: in ms, between two looks at the same file. */
  constructor(listener: Listener, interval: number) {
    this.#listener = listener;
    this.#interval = interval;
    this.#timer = setInterval(() => this.#lookForMissing(), interval);
  }

  /**
   * From now on these are watched, of their files those that matter; `files`: those that are known to matter. Nothing is
   * answered to be new: what it was like at the start of the watch is looked at as soon as that has begun.
   */
  set(directories: Iterable<string>, files: Iterable<string>): readonly string[] {
    const wanted = new Set(withoutOddBytes(directories));
    const known = new Set(withoutOddBytes(files));
    const isCovered = isSubset(wanted, this.#wanted) && isSubset(known, this.#files);
    if (this.#watcher && isCovered) return [];
    this.#wanted = wanted;
    this.#files = known;
    for (const directory of this.#names.keys())
      if (!wanted.has(directory) && !this.#grown.has(directory)) this.#names.delete(directory);
    for (const directory of wanted)
      if (!this.#names.has(directory)) this.#names.set(directory, namesIn(entriesOf(directory)));
    this.#begin();
    return [];
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#settling);
    void this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** All anew: chokidar never looks again at a name that it was told to ignore. */
  #begin(): void {
    void this.#watcher?.close();
    const all = [...this.#wanted, ...this.#grown];
    this.#missing = all.filter(directory => !isDirectory(directory));
    const watcher = watch(
      all.filter(directory => isDirectory(directory)),
      {
        usePolling: true,
        interval: this.#interval,
        binaryInterval: this.#interval,
        depth: 0,
        ignoreInitial: true,
        ignorePermissionErrors: true,
        atomic: false,
        ignored: (path, stats) => this.#isIgnored(path, stats),
      },
    );
    this.#watcher = watcher;
    const whileCurrent =
      <Arguments extends unknown[]>(act: (...args: Arguments) => void) =>
      (...args: Arguments) => {
        if (this.#watcher === watcher) act(...args);
      };
    for (const event of ['add', 'change', 'unlink'] as const)
      watcher.on(
        event,
        whileCurrent((path: string) => this.#listener.onName(path)),
      );
    watcher.on(
      'addDir',
      whileCurrent((path: string) => this.#onNewDirectory(path)),
    );
    watcher.on(
      'unlinkDir',
      whileCurrent((path: string) => this.#onGone(path)),
    );
    // What cannot be read is as good as gone; whoever needs it tells of it.
    watcher.on('error', () => {});
    watcher.on(
      'ready',
      whileCurrent(() => {
        void this.#lookOnceKnown(whileCurrent(() => this.#look()));
      }),
    );
  }

  /**
   * What each file is like from now on compared with is asked for by node, in the order of the calls, and need not be known
   * when chokidar is ready. A question of ours comes after them; those that others answer meanwhile have another interval.
   */
  async #lookOnceKnown(look: () => void): Promise<void> {
    await stat('/');
    this.#settling = setTimeout(look, this.#interval).unref();
  }

  /** What came while nobody watched: new names, and by a look at everything what is in files that were there. */
  #look(): void {
    let hasGrown = false;
    for (const [directory, before] of [...this.#names]) {
      const entries = entriesOf(directory);
      this.#names.set(directory, namesIn(entries));
      for (const entry of entries) {
        if (before.has(entry.name)) continue;
        const path = join(directory, entry.name);
        if (!entry.isDirectory()) this.#listener.onName(path);
        else if (this.#listener.isGrowth(path)) hasGrown = this.#grow(path) || hasGrown;
      }
    }
    if (hasGrown) this.#begin();
    this.#listener.onDirectory('/');
  }

  #isIgnored(path: string, stats: Stats | undefined): boolean {
    if (this.#wanted.has(path) || this.#grown.has(path) || stats === undefined) return false;
    return stats.isDirectory() ? !this.#listener.isGrowth(path) : !this.#listener.matters(path);
  }

  #onNewDirectory(path: string): void {
    if (this.#grow(path)) this.#begin();
  }

  /** Answers whether it was new. */
  #grow(directory: string): boolean {
    const isKnown = this.#wanted.has(directory) || this.#grown.has(directory);
    if (isKnown || this.#grown.size >= MOST_GROWN) return false;
    this.#grown.add(directory);
    const entries = entriesOf(directory);
    this.#names.set(directory, namesIn(entries));
    for (const entry of entries) {
      const path = join(directory, entry.name);
      if (!entry.isDirectory()) this.#listener.onName(path);
      else if (this.#listener.isGrowth(path)) this.#grow(path);
    }
    return true;
  }

  #onGone(path: string): void {
    if (this.#grown.delete(path)) this.#names.delete(path);
    if (this.#wanted.has(path)) this.#missing.push(path);
    this.#listener.onDirectory(path);
  }

  #lookForMissing(): void {
    if (this.#missing.some(isDirectory)) this.#begin();
  }
}

/** Chokidar takes names as text only. */
function withoutOddBytes(paths: Iterable<string>): string[] {
  return [...paths].filter(path => !hasOddBytes(path));
}

function isSubset(some: ReadonlySet<string>, all: ReadonlySet<string>): boolean {
  return some.size <= all.size && [...some].every(one => all.has(one));
}

function namesIn(entries: readonly Dirent[]): ReadonlySet<string> {
  return new Set(entries.map(({name}) => name));
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path, {throwIfNoEntry: false})?.isDirectory() ?? false;
  } catch {
    return false; // It may not be read, or the connection to its server is lost.
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, {withFileTypes: true});
  } catch {
    return []; // It went away again.
  }
}
