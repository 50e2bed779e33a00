/**
 * The longest time for which the event loop had no turn. It looks while there is work and not while the loop waits: a
 * clock that wakes a waiting process twenty times a second costs more CPU than a compile's request.
 */

/** Between two looks, in ms: what is shorter is seen in part. */
const INTERVAL = 10;

export class LoopDelay {
  #timer: NodeJS.Timeout | undefined;
  #due = 0;
  #isWorking = false;
  /** In ms. */
  max = 0;

  /** Something is about to be done: look until nothing has been for a while. */
  work(): void {
    this.#isWorking = true;
    if (this.#timer === undefined) this.#arm();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#isWorking = false;
    this.#due = performance.now() + INTERVAL;
    this.#timer = setTimeout(() => {
      this.max = Math.max(this.max, performance.now() - this.#due);
      this.#timer = undefined;
      if (this.#isWorking) this.#arm();
    }, INTERVAL).unref();
  }
}
