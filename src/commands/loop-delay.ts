/**
 * The longest time for which the event loop had no turn. It looks while there is work and not while the loop waits: a
 * clock that wakes a waiting process twenty times a second costs more CPU than a compile's request. For work that comes
 * alone, such as one compile's answer among workers that take seconds, no clock is set unless its own turn is long.
 */

/** Between two looks, in ms: what is shorter is seen in part. */
const INTERVAL = 10;
/** A turn as long as this, in ms, is likely to have others of its kind behind it. */
const LONG_TURN = 1;

export class LoopDelay {
  #timer: NodeJS.Timeout | undefined;
  #due = 0;
  /** When there was work the last time. */
  #last = Number.NEGATIVE_INFINITY;
  #turn: NodeJS.Immediate | undefined;
  #isWorking = false;
  /** In ms. */
  max = 0;

  /** Something is about to be done: look until nothing has been for a while. */
  work(): void {
    this.#isWorking = true;
    if (this.#timer !== undefined) return;
    const now = performance.now();
    if (now - this.#last < INTERVAL) this.#arm();
    else this.#turn ??= setImmediate(() => this.#endTurn(now));
    this.#last = now;
  }

  #endTurn(began: number): void {
    this.#turn = undefined;
    const took = performance.now() - began;
    this.max = Math.max(this.max, took);
    if (took > LONG_TURN && this.#timer === undefined) this.#arm();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    this.#timer = undefined;
    this.#turn = undefined;
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
