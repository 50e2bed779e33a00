/** The user's own program, which runs until the next build without failures. */
import type {ChildProcess} from 'node:child_process';
import {killSession, type Processes} from '../process.ts';

export interface ProgramEvents {
  readonly onStart: () => void;
  /** It ended by itself. 128 plus the signal's number where a signal ended it. */
  readonly onEnd: (status: number) => void;
}

/** In ms, between the polite signal and the other one. */
const GRACE = 2000;
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGABRT: 6,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

export class ProgramRun {
  readonly #command: string;
  readonly #processes: Processes;
  readonly #events: ProgramEvents;
  readonly #output: 'inherit' | 2;
  #child: ChildProcess | undefined;

  /** What it started may go on without it. */
  #session: number | undefined;

  /** `command`: for a shell. `output`: where its standard output goes, 2 for standard error. */
  constructor(
    command: string,
    processes: Processes,
    {output, ...events}: ProgramEvents & {readonly output: 'inherit' | 2},
  ) {
    this.#output = output;
    this.#command = command;
    this.#processes = processes;
    this.#events = events;
  }

  /** Ends what runs, and starts it anew. */
  async restart(): Promise<void> {
    await this.stop();
    const child = this.#processes.start('/bin/sh', ['-c', this.#command], {
      stdio: ['ignore', this.#output, 'inherit'],
      ownSession: true,
    });
    this.#child = child;
    this.#session = child.pid;
    this.#events.onStart();
    child.once('close', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#events.onEnd(code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0));
    });
  }

  async stop(): Promise<void> {
    const [child, session] = [this.#child, this.#session];
    this.#child = undefined;
    this.#session = undefined;
    if (session === undefined) return;
    try {
      // A session's first process leads a group of the same number.
      process.kill(-session, 'SIGTERM');
    } catch {
      // It ended by itself.
    }
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
      const killer = setTimeout(() => this.#processes.signal(child, 'SIGKILL'), GRACE);
      await ended;
      clearTimeout(killer);
    }
    killSession(session);
  }
}
