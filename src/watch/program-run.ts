/** The user's own program, which runs until the next build without failures. */
import type {ChildProcess} from 'node:child_process';
import type {Processes} from '../process.ts';

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
  #child: ChildProcess | undefined;

  /** `command`: for a shell. */
  constructor(command: string, processes: Processes, events: ProgramEvents) {
    this.#command = command;
    this.#processes = processes;
    this.#events = events;
  }

  /** Ends what runs, and starts it anew. */
  async restart(): Promise<void> {
    await this.stop();
    const child = this.#processes.start('/bin/sh', ['-c', this.#command], {
      stdio: ['ignore', 'inherit', 'inherit'],
      ownSession: true,
    });
    this.#child = child;
    this.#events.onStart();
    child.once('close', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#events.onEnd(code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0));
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    this.#child = undefined;
    const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
    if (child.exitCode !== null || child.signalCode !== null) return;
    try {
      // A session's first process leads a group of the same number.
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It ended just now.
    }
    const killer = setTimeout(() => this.#processes.signal(child, 'SIGKILL'), GRACE);
    await ended;
    clearTimeout(killer);
  }
}
