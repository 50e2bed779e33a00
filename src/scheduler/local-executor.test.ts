import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {Processes} from '../process.ts';
import {graphOf} from '../test/plain-edge.ts';
import {LocalExecutor} from './local-executor.ts';

const NEVER = new AbortController().signal;

let directory: string;
let processes: Processes;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'llama-local-')));
  processes = new Processes();
  mkdirSync(join(directory, 'build'));
  mkdirSync(join(directory, 'src'));
});
afterEach(() => {
  processes.close();
  rmSync(directory, {recursive: true, force: true});
});

/** An executor of a project in `build`, with one edge that makes `out` by a command which runs in `place`. */
function executor(command: string, place: 'build' | 'src' = 'build'): LocalExecutor {
  return new LocalExecutor({
    graph: graphOf({texts: {command, depfile: join(directory, place, 'out.d')}, outs: ['out']}),
    directory: join(directory, 'build'),
    directoryOf: () => join(directory, place),
    processes,
    takeStamp: () => 1n,
    depfileDialect: 'ninja-1.13',
    nodesOf: (_edge, paths) => nodesOf(paths),
    depfileUse: () => 'read',
    reasonOf: () => undefined,
  });
}

/** A number for each path, the same for all that ask. */
const asked: string[] = [];
function nodesOf(paths: readonly string[]): Int32Array {
  return Int32Array.from(paths, path => (asked.includes(path) ? asked.indexOf(path) : asked.push(path) - 1));
}

describe('the names in a depfile', () => {
  const COMMAND = 'echo "out: v.h ../w.h /abs/x.h" > out.d';

  it('count from where the command ran', async () => {
    const outcome = await executor(COMMAND, 'src').run(0, NEVER);
    expect(outcome).toMatchObject({
      record: {deps: nodesOf([`${directory}/src/v.h`, `${directory}/src/../w.h`, '/abs/x.h'])},
    });
  });

  it('are left as they are where that is the project’s directory', async () => {
    const outcome = await executor(COMMAND).run(0, NEVER);
    expect(outcome).toMatchObject({record: {deps: nodesOf(['v.h', '../w.h', '/abs/x.h'])}});
  });
});

describe('an interruption', () => {
  const started = () => {
    const path = join(directory, 'started');
    execFileSync('mkfifo', [path]);
    return path;
  };

  it('lets the command remove what it made beside its output', async () => {
    const fifo = started();
    writeFileSync(join(directory, 'temporary'), '');
    const stop = new AbortController();
    const run = executor(
      `sh -c 'trap "rm ../temporary; exit" INT; echo half > out; echo > ../started; while :; do :; done'; :`,
    ).run(0, stop.signal);
    await readFile(fifo);
    stop.abort();
    expect(await run).toEqual({kind: 'cancelled'});
    expect(existsSync(join(directory, 'temporary'))).toBe(false);
    expect(existsSync(join(directory, 'build/out'))).toBe(false);
  });

  it('does not take a command for done that ends well by it', async () => {
    const fifo = started();
    const stop = new AbortController();
    const command = 'trap "exit 0" INT; echo half > out; echo > ../started; while :; do :; done';
    const run = executor(command).run(0, stop.signal);
    await readFile(fifo);
    stop.abort();
    expect(await run).toEqual({kind: 'cancelled'});
    expect(existsSync(join(directory, 'build/out'))).toBe(false);
  });
});
