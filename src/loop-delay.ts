/**
 * The longest time for which the event loop had no turn. It looks while there is work and not while the loop waits: a
 * clock that wakes a waiting process twenty times a second costs more CPU than a compile's request. For work that comes
 * alone no clock is set at all: that it is done shows when the same turn ends.
 */

/** Between two looks, in ms: what is shorter is seen in part. */
const INTERVAL = 10;

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
    this.max = Math.max(this.max, performance.now() - began);
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
