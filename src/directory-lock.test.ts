import {type ChildProcess, spawn} from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {
  type DirectoryLock,
  type Holder,
  lockDirectory,
  ninjaGone,
  runningNinja,
  tryName,
} from './directory-lock.ts';
import {bundleProgram, type Child, startProgram} from './test/child-program.ts';

let root: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'llama-lock-')));
  mkdirSync(join(root, 'state'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(root, {recursive: true, force: true});
});

const NEVER = new AbortController().signal;

/** `waits` is there as soon as the lock is found taken. */
function take(
  directory = root,
  signal = NEVER,
): {lock: Promise<DirectoryLock | undefined>; waits: Promise<Holder>} {
  let tell: (holder: Holder) => void = () => {};
  const waits = new Promise<Holder>(resolve => {
    tell = resolve;
  });
  return {lock: lockDirectory(directory, {stateDir: join(root, 'state'), onWait: tell, signal}), waits};
}

/** Another process that holds the lock. */
async function holder(): Promise<Child> {
  const text = `
    import {lockDirectory} from './directory-lock.ts';
    const [directory, stateDir] = process.argv.slice(2);
    const signal = new AbortController().signal;
    const lock = await lockDirectory(directory!, {stateDir: stateDir!, onWait: () => {}, signal});
    console.log('held');
    process.stdin.once('data', () => {
      lock!.release();
      process.exit(0);
    });
  `;
  const program = bundleProgram(text, {directory: import.meta.dirname, outfile: join(root, 'holder.mjs')});
  const child = startProgram(program, [root, join(root, 'state')]);
  children.push(child.process);
  expect(await child.line()).toBe('held');
  return child;
}

describe('the lock of a directory', () => {
  it('is had by one at a time, and passed on', async () => {
    const first = await take().lock;
    const second = take();
    expect(await second.waits).toEqual({name: 'llama', pid: process.pid});
    const third = take();
    await third.waits;
    first?.release();
    const next = await Promise.race([second.lock, third.lock]);
    next?.release();
    const [one, other] = await Promise.all([second.lock, third.lock]);
    expect(one).toBeDefined();
    expect(other).toBeDefined();
    one?.release();
    other?.release();
    expect(existsSync(join(root, 'state/holder'))).toBe(false);
  });

  it('is of the directory, not of its name, and of no other directory', async () => {
    symlinkSync(root, join(root, 'link'));
    mkdirSync(join(root, 'other'));
    const first = await take().lock;
    const other = await take(join(root, 'other')).lock;
    expect(other).toBeDefined();
    const second = take(join(root, 'link'));
    await second.waits;
    first?.release();
    (await second.lock)?.release();
    other?.release();
  });

  it.each([
    ['is killed', (child: Child) => child.process.kill('SIGKILL')],
    ['lets go', (child: Child) => child.process.stdin?.write('go')],
  ])('comes to who waits when its holder %s', async (_how, end) => {
    const child = await holder();
    const second = take();
    expect((await second.waits).pid).toBe(child.process.pid);
    end(child);
    const lock = await second.lock;
    expect(readFileSync(join(root, 'state/holder'), 'utf8')).toBe(String(process.pid));
    lock?.release();
  });

  it('is waited for no longer than the user wants', async () => {
    const child = await holder();
    const stop = new AbortController();
    const second = take(root, stop.signal);
    await second.waits;
    stop.abort();
    expect(await second.lock).toBeUndefined();
    const third = take();
    expect((await third.waits).pid).toBe(child.process.pid);
    child.process.kill('SIGKILL');
    (await third.lock)?.release();
  });

  it('is held also where its holder cannot be told', async () => {
    rmSync(join(root, 'state'), {recursive: true});
    const first = await take().lock;
    const second = take();
    expect(await second.waits).toEqual({name: 'llama', pid: 0});
    first?.release();
    (await second.lock)?.release();
  });
});

it('a name is had by one at a time', async () => {
  const name = `llama-test-${process.pid}`;
  const first = await tryName(name);
  expect(first).toBeDefined();
  expect(await tryName(name)).toBeUndefined();
  first?.release();
  const again = await tryName(name);
  expect(again).toBeDefined();
  again?.release();
});

describe('a ninja at work', () => {
  function start(program: string, cwd: string): ChildProcess {
    copyFileSync('/bin/sleep', join(root, program));
    const child = spawn(join(root, program), ['1000'], {cwd, stdio: 'ignore'});
    children.push(child);
    return child;
  }

  it.each(['ninja', 'samu'])('is found by its directory: %s', program => {
    expect(runningNinja(root)).toBeUndefined();
    const child = start(program, root);
    expect(runningNinja(root)).toEqual({name: program, pid: child.pid});
    expect(runningNinja(join(root, 'state'))).toBeUndefined();
  });

  it('is not everything that runs in the directory', () => {
    start('ninjas', root);
    expect(runningNinja(root)).toBeUndefined();
  });

  it('is waited for, until it ends or the user does not want to wait', async () => {
    const child = start('ninja', root);
    const stop = new AbortController();
    const pids: number[] = [];
    await ninjaGone(root, {
      onWait: found => {
        pids.push(found.pid);
        stop.abort();
      },
      signal: stop.signal,
    });
    await ninjaGone(root, {
      onWait: found => {
        pids.push(found.pid);
        child.kill();
      },
      signal: NEVER,
    });
    expect(pids).toEqual([child.pid, child.pid]);
    expect(runningNinja(root)).toBeUndefined();
  });
});
