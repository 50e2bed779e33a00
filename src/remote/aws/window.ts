/**
 * How many requests may be under way: additive increase with each that succeeds, multiplicative decrease when the
 * service throttles. One cut for each round trip, to nine tenths of what was under way: what was sent before a cut
 * says nothing about the window after it. Starts are spread over turns of the event loop, since a burst of a thousand
 * blocks it for most of a second, and over time, so that the service's first refusal comes before too many have left.
 */

export interface WindowOptions {
  readonly first: number;
  readonly most: number;
  /** Default: this machine's. */
  readonly pace?: Pace;
}

/** A clock in ms, and what calls back after so many of them. */
export interface Pace {
  readonly now: () => number;
  readonly later: (ms: number, go: () => void) => void;
}

const PACE: Pace = {now: () => performance.now(), later: (ms, go) => void setTimeout(go, ms)};

const STARTS_PER_TURN = 16;
/** For each ms, where many wait: a thousand at a limit of 300 were 1.04 to 1.21 tries each without, and are 1.02 with. */
const STARTS_PER_MS = 1.5;
const CUT = 0.9;

interface Waiting {
  readonly start: () => void;
}

/** When a request was let through, which tells whether its fate belongs to the window as it is. */
export type Ticket = number;

export class Window {
  readonly #most: number;
  readonly #pace: Pace;
  #limit: number;
  #inFlight = 0;
  /** Counts up; tickets below this were given before the last cut. */
  #ticket = 0;
  #cutAt = 0;
  #waiting: Waiting[] = [];
  #isPumping = false;
  /** By the clock; until then what has started is as much as may have. */
  #nextStart = 0;

  constructor({first, most, pace = PACE}: WindowOptions) {
    this.#pace = pace;
    this.#most = Math.max(1, most);
    this.#limit = Math.min(Math.max(1, first), this.#most);
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resolves in the order of the calls. Each ticket is given back by {@link leave}. @throws the signal's reason */
  enter(signal: AbortSignal): Promise<Ticket> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting = this.#waiting.filter(other => other !== waiting);
        reject(signal.reason);
      };
      const waiting = {
        start: () => {
          signal.removeEventListener('abort', onAbort);
          this.#inFlight++;
          resolve(this.#ticket++);
        },
      };
      signal.addEventListener('abort', onAbort, {once: true});
      this.#waiting.push(waiting);
      this.#pump();
    });
  }

  leave(ticket: Ticket, how: 'succeeded' | 'throttled' | 'failed'): void {
    if (how === 'succeeded') this.#limit = Math.min(this.#most, this.#limit + 1 / this.#limit);
    if (how === 'throttled' && ticket >= this.#cutAt) {
      this.#limit = Math.max(1, Math.min(this.#limit, this.#inFlight) * CUT);
      this.#cutAt = this.#ticket;
    }
    this.#inFlight--;
    this.#pump();
  }

  #pump(): void {
    if (this.#isPumping || this.#waiting.length === 0 || this.#inFlight >= this.limit) return;
    this.#isPumping = true;
    const pump = () => {
      this.#isPumping = false;
      const room = Math.min(STARTS_PER_TURN, this.limit - this.#inFlight);
      const starting = this.#waiting.splice(0, Math.max(0, room));
      this.#nextStart = Math.max(this.#nextStart, this.#pace.now()) + starting.length / STARTS_PER_MS;
      for (const {start} of starting) start();
      this.#pump();
    };
    const early = this.#nextStart - this.#pace.now();
    if (early < 1) setImmediate(pump);
    else this.#pace.later(early, pump);
  }
}
