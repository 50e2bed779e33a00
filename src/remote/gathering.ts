/** Lets those that come one shortly behind the other go on together. */

/** A turn of the event loop can be as long as this when many compiles are looked into one after the other; in ms. */
const QUIET = 15;

export class Gathering {
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** Resolves when nobody has come for a while. */
  settled(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const all = this.#waiting;
      this.#waiting = [];
      for (const go of all) go();
    }, QUIET);
    return new Promise(resolve => this.#waiting.push(resolve));
  }
}
