/**
 * An answer that is overdue is asked for once more, and whichever comes first is taken: a connection that died without
 * a word, or a worker that hangs, must not hold up a build for as long as a function may run. (Dean and Barroso, "The
 * Tail at Scale", 2013, call it a hedged request.)
 */

export interface Hedge {
  /** How long after it was sent an answer is overdue, in ms; asked again for each request. */
  readonly patience: () => number;
  readonly signal: AbortSignal;
  /** Told when the first answer is overdue. */
  readonly onOverdue: () => void;
  /** What to throw when the second one is too. */
  readonly giveUp: () => Error;
}

/** `send` calls `onSent` each time a request leaves, and what that answers when one is refused. Whatever has not ended when this does is aborted. */
export function hedged<T>(
  send: (signal: AbortSignal, onSent: () => () => void) => Promise<T>,
  {patience, signal, onOverdue, giveUp}: Hedge,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const losers = new AbortController();
    const onAbort = () => losers.abort(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, {once: true});
    let timer: NodeJS.Timeout | undefined;
    let running = 0;
    let isHedged = false;
    const settle = (end: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      end();
      losers.abort();
    };
    const overdue = () => {
      if (isHedged) return settle(() => reject(giveUp()));
      isHedged = true;
      onOverdue();
      start();
    };
    const onSent = () => {
      clearTimeout(timer);
      const own = setTimeout(overdue, patience());
      timer = own;
      return () => clearTimeout(own);
    };
    const start = () => {
      running++;
      send(losers.signal, onSent).then(
        answer => settle(() => resolve(answer)),
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
