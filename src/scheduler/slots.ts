/** A number of places that work may take. First come, first served. */

export class Slots {
  readonly #total: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];
  /** Told when there is a place that nobody waits for. */
  onFree: (() => void) | undefined;

  constructor(total: number) {
    this.#total = total;
  }

  get taken(): number {
    return this.#taken;
  }

  get free(): number {
    return this.#total - this.#taken;
  }

  tryAcquire(): boolean {
    if (this.#taken >= this.#total) return false;
    this.#taken++;
    return true;
  }

  /** Resolves once a place is taken. */
  async acquire(): Promise<void> {
    if (this.tryAcquire()) return;
    // The place is passed on by `release`, without becoming free in between.
    await new Promise<void>(resolve => this.#waiting.push(resolve));
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else {
      this.#taken--;
      this.onFree?.();
    }
  }
}
