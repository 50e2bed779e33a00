/** Whether the next compile goes to the cloud at all, where going there costs time or money; and what a fault of it means. */
import {endsFirstHere} from './expectation.ts';

export interface CloudPolicyOptions {
  /** False for workers on this machine: nothing is gained by keeping a compile from them. */
  readonly isAway: boolean;
  /** Everything goes there that can. */
  readonly remoteOnly: boolean;
  /** US dollars; undefined for no limit. */
  readonly maxCost: number | undefined;
  /** Whether a compile that the cloud fails runs here instead. */
  readonly fallsBack: boolean;
  /** Of this build so far, in US dollars. */
  readonly cost: () => number;
}

export class CloudPolicy {
  readonly #options: CloudPolicyOptions;

  constructor(options: CloudPolicyOptions) {
    this.#options = options;
  }

  get fallsBack(): boolean {
    return this.#options.fallsBack;
  }

  /** Whether cores that are free here take back what waits for a place in the cloud. */
  get takesBack(): boolean {
    return this.#options.isAway && !this.#options.remoteOnly;
  }

  /**
   * The stable name of the reason why the next compile runs here; undefined where it goes. `waiting`: compiles that
   * neither ended nor went anywhere, it included.
   */
  reasonToStay({waiting, freeCores}: {waiting: number; freeCores: number}): string | undefined {
    const {isAway, remoteOnly, maxCost, cost} = this.#options;
    if (!isAway) return undefined;
    if (maxCost !== undefined && cost() >= maxCost) return 'max-cost';
    if (!remoteOnly && waiting <= freeCores) return 'own-core';
    return undefined;
  }
}

/** Which compiles of one plan went to the cloud, and how many are still to go. */
export class Departures {
  readonly #policy: CloudPolicy;
  readonly #gone = new Set<number>();
  readonly #allStay: boolean;
  #waiting: number;

  /** `durations`: what each compile took the last time, in ms, 0 where that is not known. */
  constructor(policy: CloudPolicy, {durations, cores}: {durations: readonly number[]; cores: number}) {
    this.#policy = policy;
    this.#waiting = durations.length;
    this.#allStay = policy.takesBack && endsFirstHere(durations, cores);
  }

  /** As {@link CloudPolicy.reasonToStay}. One that went once may go again, with more inputs for instance. */
  reasonToStay(edge: number, freeCores: number): string | undefined {
    if (this.#gone.has(edge)) return undefined;
    if (this.#allStay) return 'own-core';
    const reason = this.#policy.reasonToStay({waiting: this.#waiting, freeCores});
    if (reason === undefined) {
      this.#gone.add(edge);
      this.#waiting--;
    }
    return reason;
  }

  /** It is done, wherever that was. */
  end(edge: number): void {
    if (!this.#gone.has(edge)) this.#waiting--;
  }
}
