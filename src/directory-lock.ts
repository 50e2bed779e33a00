/**
 * One llama at a time in a build directory. The lock is a name in Linux's abstract socket space, which goes with its
 * holder however that ends; who waits for it stays connected to the holder and learns of its end at once. A small file
 * beside it tells who the holder is.
 */
import {createHash} from 'node:crypto';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import {basename, join} from 'node:path';

export interface DirectoryLock {
  release(): void;
}

/** Takes a name that one process on this machine can hold at a time; undefined if it is taken. */
export async function tryName(name: string): Promise<DirectoryLock | undefined> {
  const server = await tryBind(`\0${name}`);
  return server && {release: () => server.close()};
}

export interface Holder {
  readonly name: string;
  readonly pid: number;
}

/**
 * Takes the lock of `directory`, waiting for its holder if there is one. `onWait` is told once who that is; its pid is
 * 0 where the holder is not known. `stateDir` must exist. Undefined where `signal` ended the wait.
 */
export async function lockDirectory(
  directory: string,
  options: {stateDir: string; onWait: (holder: Holder) => void; signal: AbortSignal},
): Promise<DirectoryLock | undefined> {
  const name = createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 32);
  const path = `\0llama-build-${name}`;
  const info = join(options.stateDir, 'holder');
  let isTold = false;
  for (;;) {
    const server = await tryBind(path);
    if (server) {
      tellHolder(info);
      return {
        release() {
          rmSync(info, {force: true});
          server.close();
        },
      };
    }
    if (!isTold) options.onWait({name: 'llama', pid: readPid(info)});
    isTold = true;
    await holderGone(path, options.signal);
    if (options.signal.aborted) return undefined;
  }
}

function tellHolder(file: string): void {
  try {
    writeFileSync(file, String(process.pid));
  } catch {
    // It is for people alone; the lock itself is held.
  }
}

function readPid(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0; // The holder is between its two steps, or on its way out.
  }
}

async function tryBind(path: string): Promise<net.Server | undefined> {
  const waiters = new Set<net.Socket>();
  const server = net.createServer(socket => {
    // Waiters only hold their connection open, to see it close; they must not keep the process alive.
    waiters.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => waiters.delete(socket));
    socket.unref();
  });
  const isBound = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({path}, () => resolve(true));
  });
  if (!isBound) return undefined;
  server.unref();
  const close = server.close.bind(server);
  server.close = callback => {
    for (const socket of waiters) socket.destroy();
    return close(callback);
  };
  return server;
}

async function holderGone(path: string, signal: AbortSignal): Promise<void> {
  await new Promise<void>(resolve => {
    const socket = net.connect({path});
    const onAbort = () => socket.destroy();
    signal.addEventListener('abort', onAbort, {once: true});
    if (signal.aborted) onAbort();
    socket.on('error', () => {});
    socket.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    socket.resume();
  });
}

/** A ninja or samurai that works in `directory` now, by what /proc tells: its lock file tells nothing. */
export function runningNinja(directory: string): Holder | undefined {
  const real = realpathSync(directory);
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const program = basename(programOf(pid));
      if (!/^(ninja|ninja-build|samu|samurai)$/.test(program)) continue;
      if (readlinkSync(`/proc/${pid}/cwd`) === real) return {name: program, pid: Number(pid)};
    } catch {
      // It ended meanwhile, or is another user's.
    }
  }
  return undefined;
}

/** As much of a command line as a path can be long; one for all, since there are hundreds of processes to look at. */
const commandLine = Buffer.alloc(4096);

/** The first word that a process was started with; '' for one of the kernel's own. */
function programOf(pid: string): string {
  const fd = openSync(`/proc/${pid}/cmdline`, 'r');
  try {
    const size = readSync(fd, commandLine, 0, commandLine.length, 0);
    const end = commandLine.indexOf(0);
    return commandLine.toString('latin1', 0, end < 0 ? size : Math.min(end, size));
  } finally {
    closeSync(fd);
  }
}

/**
 * Waits until no ninja works in `directory`: two writers would spoil its logs. `onWait` is told once who is waited for.
 * Answers whether none does, which `signal` may have come before.
 * Nothing tells of the end of a process that is not ours but a look at it.
 */
export async function ninjaGone(
  directory: string,
  options: {onWait: (holder: Holder) => void; signal: AbortSignal},
): Promise<boolean> {
  let isTold = false;
  for (;;) {
    const holder = runningNinja(directory);
    if (holder === undefined) return true;
    if (options.signal.aborted) return false;
    if (!isTold) options.onWait(holder);
    isTold = true;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}
