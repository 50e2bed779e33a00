/**
 * The user's credentials for as long as a build runs: those that name their own end are renewed by the SDK before it,
 * all others when a service says that they are over.
 */
import type {defaultProvider} from './sdk.ts';

type Provider = ReturnType<typeof defaultProvider>;

export class Credentials {
  readonly #make: (how: {readonly isRenewed: boolean}) => Provider;
  #current: Provider;
  #refreshing: Promise<void> | undefined;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  /** For the SDK's clients, which would else keep for good what names no end. */
  readonly provider: Provider & {memoized: boolean};

  /** `make`: a provider that remembers by itself what it was given. */
  constructor(make: (how: {readonly isRenewed: boolean}) => Provider) {
    this.#make = make;
    this.#current = make({isRenewed: false});
    const provider: Provider = options => this.#current(options);
    this.provider = Object.assign(provider, {memoized: true});
  }

  /** Once for all who ask at the same time, and not for who failed with older ones. @throws what the SDK does */
  async refresh(since: number): Promise<void> {
    if (this.#refreshedAt > since) return;
    this.#refreshing ??= this.#renew().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #renew(): Promise<void> {
    const renewed = this.#make({isRenewed: true});
    await renewed();
    this.#current = renewed;
    this.#refreshedAt = performance.now();
  }
}
