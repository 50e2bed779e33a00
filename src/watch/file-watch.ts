/** Waits for the next change of what is watched, and keeps what changes meanwhile. */
import {DirectoryWatches} from './directory-watches.ts';
import {type Changes, Settling} from './settling.ts';

/** What of all that happens in the watched directories is worth to be told. */
export interface Interest {
  /** Whether an event about this path may be worth a build. */
  matters(path: string): boolean;
  /** Whether files matter in a directory that comes into being by this path. */
  grows(directory: string): boolean;
}

export class FileWatch {
  readonly #watches: DirectoryWatches;
  readonly #settling: Settling;
  #interest: Interest | undefined;
  readonly #pending: Changes[] = [];
  #wake: (() => void) | undefined;

  /** `onRest` is told of all changes as soon as they have come to rest, waited for or not. */
  constructor({onRest}: {onRest: (changes: Changes) => void}) {
    this.#settling = new Settling(changes => {
      this.#pending.push(changes);
      this.#wake?.();
      onRest(changes);
    });
    this.#watches = new DirectoryWatches({
      onName: path => {
        if (this.#interest?.matters(path)) this.#settling.add(path);
      },
      onDirectory: () => this.#settling.addAll(),
      isGrowth: path => this.#interest?.grows(path) ?? false,
    });
  }

  /** Answers the directories that were not watched before. @throws WatchLimitError */
  set(directories: Iterable<string>, interest: Interest): string[] {
    this.#interest = interest;
    return this.#watches.set(directories);
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
