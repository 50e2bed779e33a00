/** A distccd for one measurement: on this machine alone, a port of its own, ended with the measurement. */
import {spawn} from 'node:child_process';
import {closeSync, openSync} from 'node:fs';
import {chmod, mkdtemp, readFile, rm} from 'node:fs/promises';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {freePort} from '../src/test/cloud-servers.ts';
import {environment} from './process.ts';

export interface Distccd {
  /** What makes `distcc` send every compile there, and fail rather than compile by itself. */
  readonly env: Readonly<Record<string, string>>;
  /** Compiles that it has ended well so far. */
  compiled(): Promise<number>;
  stop(): Promise<void>;
}

/** A server that is not ready by then never will be; in ms. */
const READY_LIMIT = 10_000;

/** `jobs`: compiles at once. */
export async function startDistccd(jobs: number): Promise<Distccd> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'llama-bench-distccd-'));
  // Started by root it becomes a user without rights, who writes here too.
  await chmod(folder, 0o1777);
  const log = join(folder, 'distccd.log');
  const output = openSync(log, 'a');
  const address = ['--listen', '127.0.0.1', '--allow', '127.0.0.1', '--port', String(port)];
  const flags = ['--jobs', String(jobs), '--nice', '0', '--log-stderr', '--log-level', 'info'];
  const child = spawn('distccd', ['--no-detach', '--daemon', ...address, ...flags], {
    cwd: folder,
    env: environment({TMPDIR: folder}),
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  let isOver = false;
  const ended = new Promise<void>(resolve => {
    const over = (): void => {
      isOver = true;
      resolve();
    };
    child.once('close', over).once('error', over);
  });
  const stop = async (): Promise<void> => {
    // It ends its children by itself.
    if (!isOver) child.kill('SIGTERM');
    await ended;
    await rm(folder, {recursive: true, force: true});
  };
  const limit = performance.now() + READY_LIMIT;
  while (!(await accepts(port))) {
    if (isOver || performance.now() > limit) {
      const said = await readFile(log, 'utf8');
      await stop();
      throw new Error(`distccd did not get ready: ${said}`);
    }
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  return {
    env: {
      DISTCC_HOSTS: `127.0.0.1:${port}/${jobs}`,
      DISTCC_FALLBACK: '0',
      DISTCC_DIR: folder,
      TMPDIR: folder,
    },
    compiled: async () => (await readFile(log, 'utf8')).split('COMPILE_OK').length - 1,
    stop,
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
