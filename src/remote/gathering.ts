/** Lets those that come one shortly behind the other go on together. */

/** A turn of the event loop can be as long as this when many compiles are looked into one after the other; in ms. */
const QUIET = 15;
/** Whoever is expected is waited for so long at most, in ms: on a busy machine a turn takes longer than any quiet. */
const LONGEST = 1000;

export class Gathering {
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #expected = 0;
  /** When the first of those waiting came. */
  #since = 0;

  /** Somebody may come. The answer is called when he is there, or will not come; calling it again does nothing. */
  expect(): () => void {
    this.#expected++;
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#expected--;
      this.#wait();
    };
  }

  /** Resolves when nobody is expected and nobody has come for a while. */
  settled(): Promise<void> {
    if (this.#waiting.length === 0) this.#since = performance.now();
    return new Promise(resolve => {
      this.#waiting.push(resolve);
      this.#wait();
    });
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    const left = this.#since + LONGEST - performance.now();
    this.#timer = setTimeout(
      () => {
        const all = this.#waiting;
        this.#waiting = [];
        for (const go of all) go();
      },
      this.#expected > 0 ? Math.max(QUIET, left) : QUIET,
    );
  }
}
