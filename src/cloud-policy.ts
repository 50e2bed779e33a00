/** Whether the next compile goes to the cloud at all, where going there costs time or money; and what a fault of it means. */

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
