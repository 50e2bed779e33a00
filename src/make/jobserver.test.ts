import {constants, mkdtempSync, openSync, readSync, rmSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {Jobserver} from './jobserver.ts';

let directory: string;
let jobserver: Jobserver;
/** As make has it. */
let pipe: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'llama-jobs-'));
  jobserver = Jobserver.open(directory, 3);
  pipe = openSync(jobserver.path, constants.O_RDWR | constants.O_NONBLOCK);
});

afterEach(async () => {
  await jobserver.close();
  rmSync(directory, {recursive: true});
});

/** Takes all that there are, and puts back none. */
function take(): number {
  for (let count = 0; ; count++) {
    try {
      readSync(pipe, Buffer.alloc(1));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('EAGAIN');
      return count;
    }
  }
}

function put(): void {
  writeSync(pipe, '+');
}

describe('tokens', () => {
  it('are one less than jobs, and one more for each that waits', () => {
    expect(take()).toBe(2);
    jobserver.lend();
    jobserver.lend();
    expect(take()).toBe(2);
    expect(jobserver.lent).toBe(2);
  });

  it('come back at once where they lie in the pipe', async () => {
    jobserver.lend();
    await jobserver.takeBack(60_000);
    expect(jobserver.lent).toBe(0);
    expect(take()).toBe(2);
  });

  it('come back when somebody has done with theirs, the first to ask first', async () => {
    jobserver.lend();
    jobserver.lend();
    expect(take()).toBe(4);
    const order: string[] = [];
    const first = jobserver.takeBack(60_000).then(() => order.push('first'));
    const second = jobserver.takeBack(60_000).then(() => order.push('second'));
    put();
    await first;
    expect(order).toEqual(['first']);
    put();
    await second;
    expect(take()).toBe(0);
  });

  it('go from one who lends to one who waits, and what the pipe brings later stays in it', async () => {
    jobserver.lend();
    expect(take()).toBe(3);
    const back = jobserver.takeBack(60_000);
    jobserver.lend();
    await back;
    expect(jobserver.lent).toBe(1);
    put();
    // The reader that was on its way takes it, and puts it back for whoever asks next.
    await jobserver.takeBack(60_000);
    expect(take()).toBe(0);
  });

  it('that are lost with who held them keep nobody for ever, and the debt is paid when one comes', async () => {
    jobserver.lend();
    expect(take()).toBe(3);
    await jobserver.takeBack(1);
    expect(jobserver.lent).toBe(1);
    // Whoever lends pays the debt first.
    jobserver.lend();
    expect([jobserver.lent, take()]).toEqual([1, 0]);
    put();
    await jobserver.takeBack(60_000);
    expect([jobserver.lent, take()]).toEqual([0, 0]);
  });

  it('that somebody waits for do not keep the end from coming, and then nobody waits', async () => {
    jobserver.lend();
    expect(take()).toBe(3);
    const waiting = jobserver.takeBack(60_000);
    await jobserver.close();
    await waiting;
    // The stub of a make that was killed may be answered later still.
    jobserver.lend();
    await jobserver.takeBack(60_000);
    jobserver = Jobserver.open(mkdtempSync(join(directory, 'next-')), 1);
  });
});
