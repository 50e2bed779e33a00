/**
 * An answer that is overdue is asked for once more, and whichever comes first is taken: a connection that died without
 * a word, or a worker that hangs, must not hold up a build for as long as a function may run. (Dean and Barroso, "The
 * Tail at Scale", 2013, call it a hedged request.) None is given up: it may as well be a large source.
 */

export interface Hedge {
  /** How long after it was sent an answer is overdue, in ms; asked again for each request. */
  readonly patience: (bytes: number) => number;
  readonly signal: AbortSignal;
  /** Told of each answer that is overdue. */
  readonly onOverdue: () => void;
}

/** Called with its size when a request leaves; what it answers, when the request is refused. */
export type OnSent = (bytes: number) => () => void;

/** Requests at most. Each has twice the patience of the one before, so that a long compile is asked for twice or three times. */
const MOST = 3;

/** Whatever has not ended when this does is aborted. */
export function hedged<T>(
  send: (signal: AbortSignal, onSent: OnSent) => Promise<T>,
  {patience, signal, onOverdue}: Hedge,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const losers = new AbortController();
    const onAbort = () => losers.abort(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, {once: true});
    const timers = new Set<NodeJS.Timeout>();
    let sent = 0;
    let running = 0;
    const settle = (end: () => void) => {
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      end();
      // An error with its stack is made for it, so not for nobody.
      if (running > 0) losers.abort();
    };
    const start = () => {
      const number = ++sent;
      running++;
      const onSent: OnSent = bytes => {
        const timer = setTimeout(
          () => {
            timers.delete(timer);
            // Of several the latest has the longest patience.
            if (number !== sent) return;
            onOverdue();
            if (sent < MOST) start();
          },
          patience(bytes) * 2 ** (number - 1),
        );
        timers.add(timer);
        return () => {
          clearTimeout(timer);
          timers.delete(timer);
        };
      };
      send(losers.signal, onSent).then(
        answer => {
          running--;
          settle(() => resolve(answer));
        },
        error => {
          running--;
          // The other one may still do better.
          if (running === 0) settle(() => reject(error));
        },
      );
    };
    start();
  });
}
