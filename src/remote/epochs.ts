/**
 * Spans of time within which files are looked at once. Each begins with a stamp of the build directory's file system,
 * taken before any file is looked at: an edge that rests on what was seen in an epoch is recorded as started at its
 * stamp, so that a file edited later is newer than the record, and ninja builds the edge again.
 */
import type {FileState} from '../graph/file-state.ts';

export interface Epoch {
  /** Nanoseconds, by the file system's clock. */
  readonly stamp: bigint;
}

/**
 * An epoch ends by itself after this many ms. A short one costs one stat more often for each file in use; in a long one
 * an edit made during the build is more often left to the next build.
 */
const LONGEST = 30_000;

export class Epochs {
  readonly #files: FileState;
  readonly #takeStamp: () => bigint;
  #current: Epoch | undefined;
  #began = 0;

  constructor(files: FileState, takeStamp: () => bigint) {
    this.#files = files;
    this.#takeStamp = takeStamp;
  }

  current(): Epoch {
    if (!this.#current || performance.now() - this.#began > LONGEST) {
      this.#current = {stamp: this.#takeStamp()};
      this.#began = performance.now();
      this.#files.newEpoch();
    }
    return this.#current;
  }

  /** Some command ran here that may have changed any file. */
  end(): void {
    this.#current = undefined;
  }
}
