/** Signals that end the program: the first one in order, the second one at once. */
import {setMaxListeners} from 'node:events';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Exit status of a program that such a signal has ended. */
export const STATUS = {SIGHUP: 129, SIGINT: 130, SIGTERM: 143} as const;

/** What a signal may be later than the end of a child that had it too, in ms. */
const LATENESS = 100;

/** The first signal stops the build in order; the second ends the process at once. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #handler: (name: (typeof SIGNALS)[number]) => void;
  name: (typeof SIGNALS)[number] | undefined;

  constructor(told: {onFirst: (name: (typeof SIGNALS)[number]) => void; onSecond: () => void}) {
    this.#handler = name => {
      if (this.name !== undefined) {
        told.onSecond();
        process.exit(STATUS[name]);
      }
      this.name = name;
      told.onFirst(name);
      this.#controller.abort();
    };
    // Each compile that is under way listens.
    setMaxListeners(0, this.#controller.signal);
    for (const signal of SIGNALS) process.on(signal, this.#handler);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  /**
   * The signal's name for whoever saw a child of the same process group fail. A terminal's signal reaches both at the same
   * moment, but here on any thread, which on a busy machine may run after the child's end was heard of: waits a little.
   */
  async nameAfterFailure(): Promise<(typeof SIGNALS)[number] | undefined> {
    if (this.name !== undefined) return this.name;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, LATENESS);
      const onAbort = () => {
        clearTimeout(timer);
        resolve();
      };
      this.signal.addEventListener('abort', onAbort, {once: true});
    });
    return this.name;
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#handler);
  }
}
