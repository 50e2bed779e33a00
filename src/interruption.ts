/** Signals that end the program: the first one in order, the second one at once. */
import {setMaxListeners} from 'node:events';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Exit status of a program that such a signal has ended. */
export const STATUS = {SIGHUP: 129, SIGINT: 130, SIGTERM: 143} as const;

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

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#handler);
  }
}
