/** Waits for the next change of what is watched, and keeps what changes meanwhile. */
import {DirectoryWatches, type WatchListener} from './directory-watches.ts';
import {type Changes, Settling} from './settling.ts';

/** What of all that happens in the watched directories is worth to be told. */
export interface Interest {
  /** Whether an event about this path may be worth a build. */
  matters(path: string): boolean;
  /** Whether files matter in a directory that comes into being by this path. */
  grows(directory: string): boolean;
  /** Directories that are to be watched. */
  readonly directories: Iterable<string>;
  /** Files in them that are known to matter. */
  readonly paths: Iterable<string>;
}

/** What a watcher of directories has to be told of. */
export interface Listener extends WatchListener {
  /** Whether an event about this path may be worth a build. */
  readonly matters: (path: string) => boolean;
}

/** How changes in directories are found. */
export interface DirectoryWatcher {
  /**
   * From now on these are watched; `files` of them are known to matter. Answers which were not before: what lies in them may
   * have changed until now. @throws WatchLimitError
   */
  set(directories: Iterable<string>, files: Iterable<string>): readonly string[];
  close(): void;
}

export interface FileWatchOptions {
  /** Told of all changes as soon as they have come to rest, waited for or not. */
  readonly onRest: (changes: Changes) => void;
  /** Without it the system's own events are used. */
  readonly watcher?: (listener: Listener) => DirectoryWatcher;
}

export class FileWatch {
  readonly #watches: DirectoryWatcher;
  readonly #settling: Settling;
  #interest: Interest | undefined;
  readonly #pending: Changes[] = [];
  #wake: (() => void) | undefined;

  constructor({onRest, watcher = listener => new DirectoryWatches(listener)}: FileWatchOptions) {
    this.#settling = new Settling(changes => {
      this.#pending.push(changes);
      this.#wake?.();
      onRest(changes);
    });
    const matters = (path: string) => this.#interest?.matters(path) ?? false;
    this.#watches = watcher({
      onName: path => {
        if (matters(path)) this.#settling.add(path);
      },
      onDirectory: () => this.#settling.addAll(),
      isGrowth: path => this.#interest?.grows(path) ?? false,
      matters,
    });
  }

  /** Answers the directories that were not watched before. @throws WatchLimitError */
  set(interest: Interest): readonly string[] {
    this.#interest = interest;
    return this.#watches.set(interest.directories, interest.paths);
  }

  /** All that has come to rest since the last call, waiting for it if there is nothing yet; undefined if `signal` came first. */
  async next(signal: AbortSignal): Promise<Changes | undefined> {
    while (this.#pending.length === 0) {
      if (signal.aborted) return undefined;
      await new Promise<void>(resolve => {
        const wake = () => {
          signal.removeEventListener('abort', wake);
          this.#wake = undefined;
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener('abort', wake, {once: true});
      });
    }
    const all = this.#pending.splice(0);
    return {
      names: new Set(all.flatMap(({names}) => [...names])),
      isBurst: all.some(({isBurst}) => isBurst),
    };
  }

  close(): void {
    this.#settling.close();
    this.#watches.close();
  }
}
