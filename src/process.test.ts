import {execFileSync} from 'node:child_process';
import {existsSync, mkdtempSync, realpathSync, rmSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {InvariantError} from './failure.ts';
import {Processes} from './process.ts';
import {bundleProgram, startProgram} from './test/child-program.ts';
import {lastingProcesses, processesIn} from './test/leftovers.ts';

let scratch: string;
let processes: Processes;

beforeEach(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'llama-process-')));
  processes = new Processes();
});

afterEach(() => {
  processes.close();
  rmSync(scratch, {recursive: true, force: true});
});

function sh(script: string, options: Partial<Parameters<Processes['run']>[2]> = {}) {
  return processes.run('/bin/sh', ['-c', script], {stdio: 'capture', cwd: scratch, ...options});
}

/** A pipe with a name: whoever reads it waits for somebody to write. */
function fifo(name: string): string {
  const path = join(scratch, name);
  execFileSync('mkfifo', [path]);
  return path;
}

describe('a command', () => {
  it('is run to its end, with both streams in their order', async () => {
    const result = await sh('echo one; echo two >&2; echo three; exit 7');
    expect(result.output.toString()).toBe('one\ntwo\nthree\n');
    expect(result.exitCode).toBe(7);
  });

  it('gets directory, environment and arguments as they are, and no input', async () => {
    const result = await processes.run(
      '/bin/sh',
      ['-c', 'pwd; echo "$A|$1|$2"; cat', 'x', 'a b', '$HOME "'],
      {
        cwd: scratch,
        env: {A: "it's", PATH: process.env.PATH},
        stdio: 'capture',
      },
    );
    expect(result.output.toString()).toBe(`${scratch}\nit's|a b|$HOME "\n`);
  });

  it('that is not there has the status that a shell gives it', async () => {
    expect((await processes.run(join(scratch, 'none'), [], {stdio: 'capture'})).exitCode).toBe(127);
  });

  it('that cannot be started is an error', async () => {
    await expect(sh('true', {cwd: join(scratch, 'none')})).rejects.toThrow('ENOENT');
  });

  it.each([
    ['TERM', 143],
    ['INT', 130],
    ['KILL', 137],
  ])('that is ended by SIG%s has the status that a shell would give it', async (signal, status) => {
    expect((await sh(`kill -${signal} $$`)).exitCode).toBe(status);
  });

  it('that is killed does not live on in children that hold its output', async () => {
    expect((await sh('sleep 1000 & sleep 1000 & kill -KILL $$')).exitCode).toBe(137);
    expect(await lastingProcesses(scratch)).toEqual([]);
  });
});

describe('an interruption', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', 137],
  ] as const)('by %s reaches a command that runs', async (abortWith, status) => {
    const started = fifo('started');
    const stop = new AbortController();
    const result = sh('echo > started; exec sleep 1000', {signal: stop.signal, abortWith});
    await readFile(started);
    stop.abort();
    expect((await result).exitCode).toBe(status);
  });

  it('by SIGKILL takes all of the command’s session along', async () => {
    const started = fifo('started');
    const stop = new AbortController();
    const result = sh('(trap "" INT TERM HUP; echo > started; sleep 1000) & wait', {
      signal: stop.signal,
      abortWith: 'SIGKILL',
    });
    await readFile(started);
    stop.abort();
    await result;
    expect(await lastingProcesses(scratch)).toEqual([]);
  });

  it('in order reaches all that the command started, and waits for it', async () => {
    const started = fifo('started');
    const stop = new AbortController();
    // The outer shell ends at once by the signal.
    const script = `sh -c 'trap "echo > cleaned; exit" INT; echo > started; while :; do :; done' >/dev/null; :`;
    const result = sh(script, {signal: stop.signal, abortWith: 'interrupt'});
    await readFile(started);
    stop.abort();
    expect((await result).exitCode).toBe(130);
    expect(existsSync(join(scratch, 'cleaned'))).toBe(true);
    expect(await processesIn(scratch)).toEqual([]);
  });

  it.each([
    ['the command', 'trap "" INT; echo > started; sleep 1000'],
    ['a child that holds its output', '(trap "" INT; echo > started; sleep 1000) & wait'],
    ['a child that does not', '(trap "" INT; echo > started; sleep 1000) >/dev/null & wait'],
  ])('in order kills %s if that takes no notice', async (_who, script) => {
    const started = fifo('started');
    const stop = new AbortController();
    const impatient = new Processes({grace: 0});
    const result = impatient.run('/bin/sh', ['-c', script], {
      stdio: 'capture',
      cwd: scratch,
      signal: stop.signal,
      abortWith: 'interrupt',
    });
    await readFile(started);
    stop.abort();
    expect((await result).exitCode).toBeGreaterThan(128);
    expect(await lastingProcesses(scratch)).toEqual([]);
    impatient.close();
  });

  it('that came before ends the command at once, and later ones change nothing', async () => {
    expect((await sh('sleep 1000', {signal: AbortSignal.abort(), abortWith: 'SIGTERM'})).exitCode).toBe(143);
    const stop = new AbortController();
    expect((await sh('exit 3', {signal: stop.signal})).exitCode).toBe(3);
    stop.abort();
    expect((await sh('exit 4')).exitCode).toBe(4);
  });
});

describe('the end', () => {
  it('kills what still runs, and nothing is started any more', async () => {
    const started = fifo('started');
    const result = sh('sleep 1000 & echo > started; wait');
    await readFile(started);
    processes.close();
    expect((await result).exitCode).toBe(137);
    expect(await lastingProcesses(scratch)).toEqual([]);
    await expect(sh('true')).rejects.toBeInstanceOf(InvariantError);
    processes.close();
  });

  const CLIENT = `
    import {Processes} from './process.ts';
    process.env.SCRATCH = process.cwd();
    const [stdio, command] = process.argv.slice(2);
    void new Processes().run('/bin/sh', ['-c', command!], {stdio: stdio as 'capture'});
    process.stdin.on('data', () => process.exit(0));
  `;
  /** Children and grandchildren, one of them deaf to everything but SIGKILL. */
  const FAMILY =
    '(trap "" INT TERM HUP; sh -c "sleep 1000; :" & echo > started; wait) & sh -c "sleep 1000; :"; :';

  it.each([
    ['capture', 'SIGKILL'],
    ['inherit', 'SIGKILL'],
    ['capture', 'SIGTERM'],
    ['inherit', 'SIGTERM'],
    ['capture', 'exit'],
    ['inherit', 'exit'],
    ['capture', 'SIGHUP'],
  ])('of the client takes along what runs with %s, if it comes by %s', async (stdio, how) => {
    const program = bundleProgram(CLIENT, {
      directory: import.meta.dirname,
      outfile: join(scratch, 'client.mjs'),
    });
    const started = fifo('started');
    const client = startProgram(program, [stdio, FAMILY]);
    await readFile(started);
    if (how.startsWith('SIG')) client.process.kill(how as NodeJS.Signals);
    else client.process.stdin?.write(how);
    await new Promise(resolve => client.process.once('exit', resolve));
    expect(await lastingProcesses(scratch)).toEqual([]);
  });

  it('of the client takes along what an interruption has not ended yet', async () => {
    const program = bundleProgram(
      `
      import {Processes} from './process.ts';
      const stop = new AbortController();
      void new Processes({grace: 1e6}).run('/bin/sh', ['-c', process.argv[2]!], {
        stdio: 'capture',
        signal: stop.signal,
        abortWith: 'interrupt',
      });
      process.stdin.on('data', () => stop.abort());
      `,
      {directory: import.meta.dirname, outfile: join(scratch, 'client.mjs')},
    );
    const started = fifo('started');
    const ended = fifo('ended');
    // The first process of the session ends by the signal; the second one tells of that, and stays.
    const client = startProgram(program, [
      'sh -c \'trap "" INT; echo > started; while [ -d /proc/$PPID/fd/0 ]; do :; done; echo > ended; sleep 1000\' & exec sleep 1000',
    ]);
    await readFile(started);
    client.process.stdin?.write('stop');
    await readFile(ended);
    client.process.kill('SIGKILL');
    await new Promise(resolve => client.process.once('exit', resolve));
    expect(await lastingProcesses(scratch)).toEqual([]);
  });

  it('of the client spares processes that are not its own', async () => {
    const bystander = sh('sleep 1000', {cwd: tmpdir()});
    let isOver = false;
    void bystander.then(() => {
      isOver = true;
    });
    const program = bundleProgram(CLIENT, {
      directory: import.meta.dirname,
      outfile: join(scratch, 'client.mjs'),
    });
    const started = fifo('started');
    const client = startProgram(program, ['capture', FAMILY]);
    await readFile(started);
    client.process.kill('SIGKILL');
    // The client's supervisor is among them: when it is gone, it has done what it does.
    expect(await lastingProcesses(scratch)).toEqual([]);
    expect((await sh('true')).exitCode).toBe(0);
    expect(isOver).toBe(false);
  });
});

it('leaves no supervisor behind when many short commands came and went', async () => {
  process.env.LLAMA_TEST_SCRATCH = scratch;
  try {
    for (let i = 0; i < 30; i++) expect((await sh(`exit ${i}`)).exitCode).toBe(i);
  } finally {
    delete process.env.LLAMA_TEST_SCRATCH;
  }
  expect(await processesIn(scratch)).toHaveLength(1);
  processes.close();
  expect(await lastingProcesses(scratch)).toEqual([]);
});
