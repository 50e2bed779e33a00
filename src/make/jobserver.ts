/**
 * The client as make's jobserver: a pipe with one byte for each job that may run beside the first one. The protocol is
 * in GNU make's manual under "POSIX Jobserver Interaction". While a stub waits for a worker its job costs nothing here, so
 * that one more byte is lent, and taken back before the stub is answered: ready compiles alone make the build wide, and
 * what really runs here stays within the limit.
 *
 * With L jobs allowed and W lent there are L + W tokens, the one that each make begins with included; where all jobs that
 * run are waiting stubs, they hold W of them, and the rest is in the pipe. But whoever is killed takes what he holds with
 * him: taking back waits so long and no longer, and what it could not get it takes when there is one.
 */
import {execFileSync} from 'node:child_process';
import {closeSync, constants, openSync, read, writeSync} from 'node:fs';
import {join} from 'node:path';

const TOKEN = Buffer.from('+');

export class Jobserver {
  /** Of the named pipe. */
  readonly path: string;
  readonly #pipe: number;
  readonly #owed: (() => void)[] = [];
  #lent = 0;
  #isReading = false;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  private constructor(path: string, pipe: number) {
    this.path = path;
    this.#pipe = pipe;
  }

  /** Makes the pipe in `directory`; `jobs` may run at once. */
  static open(directory: string, jobs: number): Jobserver {
    const path = join(directory, 'jobs');
    execFileSync('mkfifo', ['-m', '600', path]);
    // Our own opening: make sets its one to not waiting, for all who share it.
    const jobserver = new Jobserver(path, openSync(path, constants.O_RDWR));
    jobserver.#put(jobs - 1);
    return jobserver;
  }

  /** Tokens that are lent now. */
  get lent(): number {
    return this.#lent;
  }

  lend(): void {
    this.#lent++;
    // Somebody who waits to give one back and somebody who lends one need no pipe between them.
    const owed = this.#owed.shift();
    if (owed) owed();
    else if (!this.#isClosed) this.#put(1);
  }

  /** Resolves when a token that was lent is back, or after `longest` ms without one. First come, first served. */
  takeBack(longest: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise(resolve => {
      const limit = setTimeout(resolve, longest);
      this.#owed.push(() => {
        this.#lent--;
        clearTimeout(limit);
        resolve();
      });
      this.#read();
    });
  }

  /** From now on nobody waits for a token: a stub of a make that was killed may still be answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const owed of this.#owed.splice(0)) owed();
    if (this.#isReading) {
      const isIdle = new Promise<void>(resolve => {
        this.#onIdle = resolve;
      });
      this.#put(1);
      await isIdle;
    }
    closeSync(this.#pipe);
  }

  /** One byte at a time, in one of node's own threads, which waits for it. */
  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    read(this.#pipe, Buffer.alloc(1), 0, 1, null, (error, count) => {
      this.#isReading = false;
      if (this.#onIdle) return this.#onIdle();
      if (error !== null || count === 0) throw error ?? new Error('the pipe of jobs was closed');
      const owed = this.#owed.shift();
      // Somebody lent one meanwhile, and nobody waits any more.
      if (owed) owed();
      else this.#put(1);
      if (this.#owed.length > 0) this.#read();
    });
  }

  #put(count: number): void {
    for (let i = 0; i < count; i++) writeSync(this.#pipe, TOKEN);
  }
}
