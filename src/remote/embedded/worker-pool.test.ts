import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {Processes} from '../../process.ts';
import type {InvocationRequest} from '../../protocol/invocation.ts';
import {InvocationError} from '../cloud.ts';
import {type CloudCounts, noCounts} from '../counts.ts';
import {WorkerPool} from './worker-pool.ts';

/**
 * A worker that does what the request's first argument says, and answers with its own pid and scratch folder in place
 * of an output.
 */
const FAKE_WORKER = `
import {appendFileSync, readFileSync, writeSync} from 'node:fs';
const {LLAMA_SCRATCH: scratch, LLAMA_STORE: store} = process.env;
appendFileSync(store + '/started', process.pid + ' ' + scratch + '\\n');
let input = Buffer.alloc(0);
process.stdin.on('data', chunk => {
  input = Buffer.concat([input, chunk]);
  while (input.length >= 4 && input.length >= 4 + input.readUInt32LE(0)) {
    const message = input.subarray(4, 4 + input.readUInt32LE(0));
    input = input.subarray(4 + message.length);
    void answer(JSON.parse(message.subarray(4)).value);
  }
});
process.stdin.on('end', () => process.exit(0));
async function answer({action}) {
  const [what, text = ''] = action.args;
  if (what === 'die') process.kill(process.pid, 'SIGKILL');
  if (what === 'fail') { console.error('out of luck'); process.exit(3); }
  if (what === 'hang') { appendFileSync(store + '/hanging', process.pid + '\\n'); return; }
  if (what === 'rubbish') { writeSync(1, Buffer.from('\\x04\\0\\0\\0oops')); return; }
  if (what === 'endless') { writeSync(1, Buffer.from([255, 255, 255, 255, 1])); return; }
  if (what === 'empty') { writeSync(1, Buffer.from('\\x06\\0\\0\\0\\x02\\0\\0\\0{}')); return; }
  const out = {path: String(process.pid), digest: 'd', size: 1000, executable: false};
  const contents = what === 'large' ? [] : [Buffer.from(scratch)];
  if (what !== 'large') out.inline = 0;
  const observed = {read: [], found: [], absent: [], listed: []};
  const result = {kind: 'result', exitCode: 0, missing: [], observed, timing: {}, signal: text, stdout: {digest: '', size: 0}, stderr: {digest: '', size: 0}, outputs: [out]};
  const head = Buffer.from(JSON.stringify({sizes: contents.map(({length}) => length), value: {version: 1, result}}));
  const frame = Buffer.concat([Buffer.alloc(8), head, ...contents]);
  frame.writeUInt32LE(frame.length - 4, 0);
  frame.writeUInt32LE(head.length, 4);
  const step = what === 'bytewise' ? 1 : frame.length;
  for (let at = 0; at < frame.length; at += step) {
    writeSync(1, frame, at, Math.min(step, frame.length - at));
    if (step === 1) await new Promise(resolve => setImmediate(resolve));
  }
}
`;

let store: string;
let processes: Processes;
let counts: CloudCounts;

beforeEach(() => {
  store = realpathSync(mkdtempSync(join(tmpdir(), 'llama-pool-')));
  writeFileSync(join(store, 'worker.mjs'), FAKE_WORKER);
  processes = new Processes();
  counts = noCounts();
});

afterEach(() => {
  processes.close();
  rmSync(store, {recursive: true, force: true});
});

function open(width: number, options: {storeDir?: string; program?: string} = {}): WorkerPool {
  const {storeDir = store, program = join(store, 'worker.mjs')} = options;
  return new WorkerPool({width, storeDir, program, processes, counts});
}

function request(...args: string[]): InvocationRequest {
  return {action: {args}} as unknown as InvocationRequest;
}

const NEVER = new AbortController().signal;

async function ask(
  pool: WorkerPool,
  args: string[],
  signal = NEVER,
  isWanted = () => true,
): Promise<{pid: string; scratch: string; text: string}> {
  const {result} = await pool.invoke(request(...args), {signal, isWanted});
  if (result.kind !== 'result') throw new Error(result.text);
  const [output] = result.outputs;
  return {
    pid: output!.path,
    scratch: Buffer.from(output!.inline ?? []).toString(),
    text: result.signal ?? '',
  };
}

async function faultOf(work: Promise<unknown>): Promise<InvocationError> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof InvocationError)) throw new Error(`no fault of an invocation: ${error}`);
  return error;
}

function started(): string[] {
  return readFileSync(join(store, 'started'), 'utf8').trim().split('\n');
}

function isAlive(pid: string): boolean {
  try {
    // A process that has ended and was not yet waited for counts as gone.
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

describe('a pool of workers', () => {
  it('uses one worker again and again, and ends it when it is closed', async () => {
    const pool = open(4);
    const first = await ask(pool, ['say']);
    const second = await ask(pool, ['say']);
    expect(second).toEqual(first);
    expect(started()).toHaveLength(1);
    await pool.close();
    expect(isAlive(first.pid)).toBe(false);
  });

  it('never has more actions under way than it is wide, each worker in a folder of its own', async () => {
    const pool = open(2);
    const answers = await Promise.all(Array.from({length: 20}, (_, i) => ask(pool, ['say', String(i)])));
    expect(answers.map(({text}) => Number(text))).toEqual(Array.from({length: 20}, (_, i) => i));
    const workers = started();
    expect(workers).toHaveLength(2);
    expect(new Set(workers.map(line => line.split(' ')[1])).size).toBe(2);
    expect(counts.invocationsStarted).toBe(20);
    await pool.close();
  });

  it('reads an answer that comes byte by byte, with characters of several bytes', async () => {
    const pool = open(1);
    const text = 'größer – 語'.repeat(5);
    expect((await ask(pool, ['bytewise', text])).text).toBe(text);
    expect((await ask(pool, ['say', text])).text).toBe(text);
    await pool.close();
  });

  it('counts what workers put into the store by themselves', async () => {
    const pool = open(1);
    await ask(pool, ['say']);
    expect(pool.stored).toBe(0);
    await ask(pool, ['large']);
    expect(pool.stored).toBe(1000);
    await pool.close();
  });
});

describe('a worker that', () => {
  it.each([
    ['is killed', 'die', /was ended by SIGKILL/],
    ['gives up', 'fail', /ended with status 3: out of luck/],
    ['answers no JSON', 'rubbish', /no response/],
    ['answers no response', 'empty', /no response/],
    ['answers without an end', 'endless', /no response/],
  ])('%s is lost, and the next action gets another one in the same folder', async (_what, how, text) => {
    const pool = open(1);
    const before = await ask(pool, ['say']);
    const fault = await faultOf(ask(pool, [how]));
    expect(fault.reason).toBe('lost');
    expect(fault.message).toMatch(text);
    const after = await ask(pool, ['say']);
    expect(after.pid).not.toBe(before.pid);
    expect(after.scratch).toBe(before.scratch);
    await pool.close();
    expect(isAlive(after.pid)).toBe(false);
  });

  it('cannot be started is lost with its own words', async () => {
    const pool = open(1, {program: join(store, 'no such program.mjs')});
    const fault = await faultOf(ask(pool, ['say']));
    expect(fault.reason).toBe('lost');
    expect(fault.message).toMatch(/Cannot find module/);
    await pool.close();
  });

  it('dies while it is idle is not used again', async () => {
    const pool = open(1);
    const {pid} = await ask(pool, ['say']);
    process.kill(Number(pid), 'SIGKILL');
    const answers = await Promise.allSettled([ask(pool, ['say']), ask(pool, ['say'])]);
    const last = answers[1]!;
    expect(last.status === 'fulfilled' && last.value.pid !== pid).toBe(true);
    await pool.close();
  });
});

describe('an interruption', () => {
  it('ends what is under way and what waits for it, and leaves no worker', async () => {
    const pool = open(1);
    const {pid} = await ask(pool, ['say']);
    const stop = new AbortController();
    const work = [ask(pool, ['hang'], stop.signal), ask(pool, ['say'], stop.signal)].map(faultOf);
    stop.abort();
    for (const fault of await Promise.all(work)) expect(fault.reason).toBe('aborted');
    await pool.close();
    expect(isAlive(pid)).toBe(false);
  });

  it('before a worker is there ends the action as well', async () => {
    const pool = open(1);
    const stop = new AbortController();
    const work = faultOf(ask(pool, ['hang'], stop.signal));
    // The worker is being started: the action has not reached it.
    stop.abort();
    expect((await work).reason).toBe('aborted');
    expect(readdirSync(store)).not.toContain('hanging');
    expect((await ask(pool, ['say'])).text).toBe('');
    await pool.close();
  });

  it('of what waits for its turn alone lets the others end', async () => {
    const pool = open(1);
    let isWanted = true;
    const first = ask(pool, ['say', 'first']);
    const second = faultOf(ask(pool, ['say', 'second'], NEVER, () => isWanted));
    isWanted = false;
    expect((await first).text).toBe('first');
    expect((await second).reason).toBe('aborted');
    expect(counts.invocationsStarted).toBe(1);
    await pool.close();
  });

  it('that came before is heeded at once', async () => {
    const pool = open(1);
    expect((await faultOf(ask(pool, ['hang'], AbortSignal.abort()))).reason).toBe('aborted');
    await pool.close();
  });
});

describe('warming', () => {
  it('starts no more workers than are wide or wanted, and they are used', async () => {
    const pool = open(2);
    pool.warm(1);
    pool.warm(9);
    const answers = await Promise.all([ask(pool, ['say']), ask(pool, ['say'])]);
    await pool.close();
    const pids = started().map(line => line.split(' ')[0]);
    expect(pids).toHaveLength(2);
    for (const {pid} of answers) expect(pids).toContain(pid);
    for (const pid of pids) expect(isAlive(pid!)).toBe(false);
  });

  it('after the end of all processes hurts nobody', async () => {
    const pool = open(1);
    processes.close();
    pool.warm(1);
    await expect(ask(pool, ['say'])).rejects.toThrow('after the end');
  });
});

it('shares no folder with another client of the same store, by whatever path that came', async () => {
  mkdirSync(join(store, 'real'));
  symlinkSync('real', join(store, 'link'));
  const [one, other] = [open(1, {storeDir: join(store, 'real')}), open(1, {storeDir: join(store, 'link')})];
  const [first, second] = [await ask(one, ['say']), await ask(other, ['say'])];
  const numbers = [first, second].map(({scratch}) => scratch.slice(scratch.lastIndexOf('/')));
  expect(numbers[0]).not.toBe(numbers[1]);
  await one.close();
  await other.close();
  const again = open(1, {storeDir: join(store, 'link')});
  expect((await ask(again, ['say'])).scratch.endsWith(numbers[0]!)).toBe(true);
  await again.close();
});
