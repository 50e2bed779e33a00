/**
 * Compiles on their way to the cloud that no worker has yet: where its width, its limits or an upload keep them
 * waiting, cores that are free here take them back, the last ones first, since those have longest to wait.
 */
import {StayLocal} from './fault.ts';

/** How far somebody's wish to be on the way goes. */
export interface Way {
  readonly signal: AbortSignal;
  /** Asked when it is its turn. */
  readonly isWanted: () => boolean;
}

export interface WaitingOptions {
  /** Compiles that could begin here at once. */
  readonly room: () => number;
}

export class Waiting {
  readonly #options: WaitingOptions;
  /** Each by what takes it back. */
  readonly #seats = new Set<() => void>();
  /** Taken back, and not yet where they run. */
  #onTheirWay = 0;

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /** @throws StayLocal where it was taken back, and what `send` throws */
  async during<T>({signal, isWanted}: Way, send: (way: Way) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const onAbort = () => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, {once: true});
    let isTaken = false;
    const take = () => {
      isTaken = true;
      controller.abort();
    };
    this.#seats.add(take);
    const sending = send({
      signal: controller.signal,
      isWanted: () => {
        this.#seats.delete(take);
        return isWanted();
      },
    });
    this.takeBack();
    try {
      return await sending;
    } catch (error) {
      if (isTaken && !signal.aborted) throw new StayLocal('own-core');
      throw error;
    } finally {
      // Whoever runs it has taken a core by then.
      if (isTaken) setImmediate(() => this.#onTheirWay--);
      this.#seats.delete(take);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** To be called whenever there may be room. */
  takeBack(): void {
    while (this.#seats.size > 0 && this.#options.room() > this.#onTheirWay) {
      const last = [...this.#seats].at(-1)!;
      this.#seats.delete(last);
      this.#onTheirWay++;
      last();
    }
  }
}
