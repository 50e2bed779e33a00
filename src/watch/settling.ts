/**
 * When what changes has come to rest. A lone change waits 10 ms for a second one; each further name makes the wait longer,
 * so that a checkout is one build and not twenty; but nobody waits for more than 200 ms.
 */

/** In ms. */
const LONE = 10;
const LONGEST = 200;
/** More names at once than anybody edits: whatever the system's queue has lost besides has to be looked for. */
const BURST = 100;

export interface Changes {
  readonly names: ReadonlySet<string>;
  /** So many, or of such a kind, that everything has to be looked at. */
  readonly isBurst: boolean;
}

export class Settling {
  readonly #onRest: (changes: Changes) => void;
  #names = new Set<string>();
  #isBurst = false;
  #timer: NodeJS.Timeout | undefined;
  #first = 0;

  constructor(onRest: (changes: Changes) => void) {
    this.#onRest = onRest;
  }

  add(name: string): void {
    this.#names.add(name);
    this.#wait();
  }

  /** Something changed, and it is not known what. */
  addAll(): void {
    this.#isBurst = true;
    this.#wait();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#first = now;
    clearTimeout(this.#timer);
    const quiet = Math.min(LONE * Math.max(1, this.#names.size), LONGEST / 4);
    const left = Math.max(0, this.#first + LONGEST - now);
    this.#timer = setTimeout(() => this.#rest(), Math.min(quiet, left));
  }

  #rest(): void {
    const changes = {names: this.#names, isBurst: this.#isBurst || this.#names.size > BURST};
    this.#timer = undefined;
    this.#names = new Set();
    this.#isBurst = false;
    this.#onRest(changes);
  }
}
