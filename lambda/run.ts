/**
 * Runs one command as a process group of its own and gathers what it says. It knows neither trees nor stores; that
 * nothing outlives the command, whatever ends it, is its one promise.
 */
import {type ChildProcess, spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {constants} from 'node:os';

export interface Command {
  /** The file to execute, and the words after argv[0]. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly umask: number;
  /** Milliseconds after which the group is killed. */
  readonly timeLimit: number;
  /** Kills the group when aborted. */
  readonly signal?: AbortSignal;
}

export interface CommandEnd {
  /** 128 plus the signal's number if one ended it. */
  readonly exitCode: number;
  readonly signal?: NodeJS.Signals;
  readonly timedOut: boolean;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** User plus system time of the command and its children, ms, in the kernel's ticks of 10. */
  readonly cpu: number;
}

/** Rejects only if the command could not be started. One at a time: the mask and the CPU time are the process's. */
export function runCommand(command: Command): Promise<CommandEnd> {
  const before = childTicks();
  return new Promise((resolve, reject) => {
    let timedOut = false;
    const child = start(command);
    const stdout = gather(child, 'stdout');
    const stderr = gather(child, 'stderr');
    const kill = () => killGroup(child);
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, command.timeLimit);
    command.signal?.addEventListener('abort', kill, {once: true});
    child.once('error', error => {
      clearTimeout(timer);
      command.signal?.removeEventListener('abort', kill);
      reject(error);
    });
    // Children that the command left behind hold its pipes open, so they go before `close` is awaited.
    child.once('exit', kill);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      command.signal?.removeEventListener('abort', kill);
      resolve({
        exitCode: code ?? 128 + constants.signals[signal as NodeJS.Signals],
        ...(signal && {signal}),
        timedOut,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr),
        cpu: (childTicks() - before) * 10,
      });
    });
    if (command.signal?.aborted) kill();
  });
}

function start({file, args, cwd, env, umask}: Command): ChildProcess {
  // Node cannot set a child's mask, but the child inherits ours, and nothing else runs in between.
  const own = process.umask(umask);
  try {
    return spawn(file, args, {cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe']});
  } finally {
    process.umask(own);
  }
}

function gather(child: ChildProcess, which: 'stdout' | 'stderr'): Buffer[] {
  const chunks: Buffer[] = [];
  child[which]?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return chunks;
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Clock ticks of all children waited for so far: fields 16 and 17 of proc(5)'s stat. */
function childTicks(): number {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[13]) + Number(fields[14]);
  } catch {
    // Without /proc the time is unknown, and 0 says so.
    return 0;
  }
}
