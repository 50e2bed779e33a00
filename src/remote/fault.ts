/** Why a compile does not end on a worker, as errors between the steps of one remote compile. None of them leaves it. */
import type {EdgeOutcome} from '../graph/executor.ts';

/** The compile has to be run here; `reason` is a stable name. */
export class StayLocal extends Error {
  readonly reason: string;
  /** For people, where it does end well here. */
  readonly surprise: string | undefined;

  constructor(reason: string, surprise?: string) {
    super(reason);
    this.reason = reason;
    this.surprise = surprise;
  }
}

/** This machine cannot take an output: a full disk for instance. No other way to compile would help. */
export class CannotPlace extends Error {
  readonly failure: EdgeOutcome;

  constructor(error: NodeJS.ErrnoException) {
    super(error.message);
    this.failure = fileFailure(error);
  }
}

/** What `place` answers. @throws CannotPlace for the file system's errors */
export function placing<T>(place: () => T): T {
  try {
    return place();
  } catch (error) {
    throw isFileError(error) ? new CannotPlace(error) : error;
  }
}

/** A file was edited between the look at it and its upload. */
export class InputChanged extends Error {}

export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

/** The cloud's fault, where nothing is to run here in its place. */
export function cloudFailure(error: Error): EdgeOutcome {
  return {
    kind: 'failed',
    place: 'remote',
    output: Buffer.from(`llama: ${error.message}; without --no-fallback this compile would run here\n`),
    exitCode: 1,
    duration: 0,
    isReported: false,
  };
}

/** This machine's fault, a full disk for instance: named as such, once for each edge it hits. */
function fileFailure(error: NodeJS.ErrnoException): EdgeOutcome {
  return {
    kind: 'failed',
    place: 'local',
    output: Buffer.from(
      `llama: cannot put the output in place: ${error.message}${isFull(error) ? '; make room, then run the same command again' : ''}\n`,
    ),
    exitCode: 1,
    duration: 0,
    isReported: false,
  };
}

function isFull(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOSPC' || error.code === 'EDQUOT';
}
