/**
 * One for each service: lets requests through its window, and sends again what may do better, a bounded number of times,
 * each with its reason. (The SDK's own retry keeps one budget of 500 tokens for all, and loses most of a wide build.)
 */
import {setTimeout as delay} from 'node:timers/promises';
import {type CloudFault, faultOf, lastReason} from './fault.ts';
import {Window, type WindowOptions} from './window.ts';

export class CloudError extends Error {
  readonly fault: CloudFault;
  readonly reason: ReturnType<typeof lastReason>;

  constructor(fault: CloudFault, text: string) {
    super(text);
    this.fault = fault;
    this.reason = lastReason(fault);
  }
}

export interface ControllerOptions extends WindowOptions {
  /** 'S3', for messages. */
  readonly service: string;
  /** Told of each retry. */
  readonly onRetry: (reason: string) => void;
  /** Gets credentials anew, unless that was done since then (by `performance.now()`). Default: there are no others. */
  readonly refresh?: (since: number) => Promise<void>;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

export interface Clock {
  /** In ms. */
  readonly now: () => number;
  /** @throws when the signal is aborted */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  pause: (ms, signal) => delay(ms, undefined, {signal}),
};

/** Tries of one request that meets faults which may pass, throttling apart. */
const MOST_TRIES = 5;
/** Throttled for so long while nothing succeeds, in ms: the service is not there for us. */
const MOST_THROTTLED = 60_000;
const FIRST_DELAY = 50;
const LONGEST_DELAY = 5_000;

export class Controller {
  readonly window: Window;
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  #lastSuccess: number;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.window = new Window(options);
    this.#clock = options.clock ?? CLOCK;
    this.#lastSuccess = this.#clock.now();
  }

  /** @throws CloudError, or the signal's reason */
  async run<T>(
    send: (signal: AbortSignal) => Promise<T>,
    {signal, isWanted}: {readonly signal: AbortSignal; readonly isWanted?: () => boolean},
  ): Promise<T> {
    const began = this.#clock.now();
    let tries = 0;
    let throttles = 0;
    let hasRefreshed = false;
    for (;;) {
      const ticket = await this.window.enter(signal);
      if (isWanted && !isWanted()) {
        this.window.leave(ticket, 'failed');
        throw new DOMException('not wanted any more', 'AbortError');
      }
      const sentAt = performance.now();
      let fault: CloudFault;
      let said: string;
      try {
        const answer = await send(signal);
        this.window.leave(ticket, 'succeeded');
        this.#lastSuccess = this.#clock.now();
        return answer;
      } catch (error) {
        fault = signal.aborted ? ABORTED : faultOf(error);
        this.window.leave(ticket, fault.kind === 'throttled' ? 'throttled' : 'failed');
        signal.throwIfAborted();
        said = (error as Error).message;
        if (fault.kind === 'final') {
          const {refresh} = this.#options;
          if (fault.reason !== 'credentials-expired' || !refresh || hasRefreshed)
            throw this.#error(fault, fault.text);
          hasRefreshed = true;
          await refresh(sentAt).catch(problem => {
            throw this.#error(faultOf(problem), (problem as Error).message);
          });
        }
      }
      if (fault.kind === 'throttled') {
        throttles++;
        const since = this.#clock.now() - Math.max(began, this.#lastSuccess);
        if (since > MOST_THROTTLED)
          throw this.#error(fault, `throttled (${fault.reason}) for a minute (${said})`);
      } else if (++tries === MOST_TRIES) {
        throw this.#error(fault, `${fault.reason}, ${MOST_TRIES} times (${said})`);
      }
      this.#options.onRetry(fault.reason);
      const asked = fault.kind === 'throttled' ? (fault.after ?? 0) : 0;
      await this.#clock.pause(Math.max(asked, pauseAfter(tries + throttles)), signal);
    }
  }

  #error(fault: CloudFault, text: string): CloudError {
    return new CloudError(fault, `${this.#options.service}: ${text}`);
  }
}

const ABORTED: CloudFault = {kind: 'transient', reason: 'aborted'};

/** Anything up to twice as much with each try: whoever failed together must not come back together. */
function pauseAfter(tries: number): number {
  return Math.random() * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** tries);
}
