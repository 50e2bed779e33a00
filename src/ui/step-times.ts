/** How long compiles ran, how long other steps ran while no compile did, and how long nothing ran: all of a build's time. */
import type {Event} from '../event.ts';

export class StepTimes {
  readonly #now: () => number;
  readonly #running = new Map<number, boolean>();
  #compiling = 0;
  #last: number;
  /** In ms. */
  compile = 0;
  other = 0;
  own = 0;

  /** `began`: ms, by the clock `now`. */
  constructor(began: number, now: () => number = () => performance.now()) {
    this.#last = began;
    this.#now = now;
  }

  add(event: Event): void {
    if (event.type === 'edge-started') {
      this.lapse();
      this.#running.set(event.id, event.isCompile);
      if (event.isCompile) this.#compiling++;
    } else if (
      event.type === 'edge-finished' ||
      event.type === 'edge-failed' ||
      event.type === 'edge-returned'
    ) {
      this.lapse();
      if (this.#running.get(event.id)) this.#compiling--;
      this.#running.delete(event.id);
    }
  }

  /** Counts the time until now. */
  lapse(): void {
    const now = this.#now();
    const passed = now - this.#last;
    this.#last = now;
    if (this.#compiling > 0) this.compile += passed;
    else if (this.#running.size > 0) this.other += passed;
    else this.own += passed;
  }
}
