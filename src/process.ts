/**
 * Child processes that never outlive the client. Each runs in a session of its own; a small shell, the supervisor,
 * holds the list of them and kills every process of those sessions when its input ends, which happens whatever ends
 * the client. A child waits at a gate until the supervisor knows it, so that no moment is left uncovered.
 */
import {type ChildProcess, spawn} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {InvariantError} from './failure.ts';

/**
 * Reads `+ PID` and `- PID`; at the end of input kills all sessions, and descendants of processes, in the list. All of
 * them are found before any is killed: a process whose parent is gone can no longer be told for whose child it is.
 */
const SUPERVISOR = `
trap '' INT TERM HUP QUIT
live=' '
while read -r op id; do
  case $op in
  +) live="$live$id " ;;
  -) live="\${live%% $id *} \${live#* $id }" ;;
  esac
done
round=0
while [ $round -lt 20 ]; do
  doomed=' '
  grown=1
  while [ -n "$grown" ]; do
    grown=
    for stat in /proc/[0-9]*/stat; do
      read -r line <"$stat" || continue
      pid=\${line%% *}
      set -- \${line##*) }
      [ "$1" = Z ] && continue
      case $doomed in *" $pid "*) continue ;; esac
      case $live in
      *" $4 "* | *" $pid "* | *" $2 "*)
        live="$live$pid "
        doomed="$doomed$pid "
        grown=1
        ;;
      esac
    done
  done
  [ "$doomed" = ' ' ] && exit 0
  kill -KILL $doomed
  round=$((round + 1))
done
`;

/** Waits for one line on descriptor 3, then becomes the command. Without a line the client is gone: ends at once. */
const GATE = 'read -r go <&3 || exit 125; exec 3<&-; exec "$@"';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** `capture`: both streams into one buffer, in order, as ninja does it. `inherit`: the client's own terminal. */
  readonly stdio: 'capture' | 'inherit';
  /** Signal that an abort sends first; the process is expected to end by it. */
  readonly abortWith?: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
  readonly signal?: AbortSignal;
}

export interface RunResult {
  /** 128 plus the signal's number where a signal ended the process. */
  readonly exitCode: number;
  readonly output: Buffer;
  /** Milliseconds. */
  readonly duration: number;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGTERM: 15,
};

export class Processes {
  #supervisor: ChildProcess | undefined;
  #isClosed = false;
  readonly #live = new Set<ChildProcess>();

  /** Runs a command to its end. Rejects only if it cannot be started. */
  async run(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
    const started = performance.now();
    const child = this.start(file, args, {
      ...options,
      stdio: options.stdio === 'inherit' ? ['inherit', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      ownSession: options.stdio !== 'inherit',
      joinOutput: options.stdio === 'capture',
    });
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    const onAbort = () => this.signal(child, options.abortWith ?? 'SIGTERM');
    options.signal?.addEventListener('abort', onAbort, {once: true});
    if (options.signal?.aborted) onAbort();
    try {
      const {code, signal} = await new Promise<{code: number | null; signal: NodeJS.Signals | null}>(
        (resolve, reject) => {
          child.once('error', reject);
          child.once('close', (closeCode, closeSignal) => resolve({code: closeCode, signal: closeSignal}));
          // A killed command may leave children that hold its output open; they are its session's, and go with it.
          child.once('exit', (_code, exitSignal) => {
            if (exitSignal && child.pid) killSession(child.pid);
          });
        },
      );
      const exitCode = code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0);
      return {exitCode, output: Buffer.concat(chunks), duration: performance.now() - started};
    } finally {
      options.signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Starts a command under the supervisor's eye. `joinOutput` sends standard error where standard output goes. */
  start(
    file: string,
    args: readonly string[],
    options: {
      cwd?: string;
      env?: NodeJS.ProcessEnv;
      stdio: ['inherit' | 'ignore' | 'pipe', 'inherit' | 'pipe', 'inherit' | 'pipe'];
      ownSession: boolean;
      joinOutput?: boolean;
    },
  ): ChildProcess {
    if (this.#isClosed) throw new InvariantError(`'${file}' was to be started after the end`);
    this.#supervisor ??= startSupervisor();
    const gate = options.joinOutput ? `exec 2>&1; ${GATE}` : GATE;
    const child = spawn('/bin/sh', ['-c', gate, 'sh', file, ...args], {
      ...(options.cwd === undefined ? {} : {cwd: options.cwd}),
      ...(options.env === undefined ? {} : {env: options.env}),
      stdio: [...options.stdio, 'pipe'],
      detached: options.ownSession,
    });
    this.#live.add(child);
    const {pid} = child;
    if (pid !== undefined) {
      this.#supervisor.stdin?.write(`+ ${pid}\n`);
      const gateEnd = child.stdio[3] as import('node:stream').Writable;
      // The child may be gone already; its end is reported by 'close'.
      gateEnd.on('error', () => {});
      gateEnd.end('go\n');
    }
    child.once('exit', () => {
      this.#live.delete(child);
      if (pid !== undefined) this.#supervisor?.stdin?.write(`- ${pid}\n`);
    });
    return child;
  }

  /** Sends a signal to a child alone where it passes it on by itself (ninja), SIGKILL to all of its session. */
  signal(child: ChildProcess, signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    if (signal === 'SIGKILL') killSession(child.pid);
    child.kill(signal);
  }

  /** Kills what still runs, and lets the supervisor go. */
  close(): void {
    this.#isClosed = true;
    for (const child of this.#live) this.signal(child, 'SIGKILL');
    this.#supervisor?.stdin?.end();
    this.#supervisor?.unref();
    this.#supervisor = undefined;
  }
}

function startSupervisor(): ChildProcess {
  const supervisor = spawn('/bin/sh', ['-c', SUPERVISOR], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  // Where it cannot start, nothing else can; whoever asks for a child is told.
  supervisor.on('error', () => {});
  supervisor.stdin?.on('error', () => {});
  supervisor.unref();
  (supervisor.stdin as import('node:net').Socket).unref?.();
  return supervisor;
}

/** SIGKILL to every process of a session (ninja gives each command a process group, but not a session). */
export function killSession(session: number): void {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, 'latin1');
    } catch {
      continue; // It ended meanwhile.
    }
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[3]) !== session) continue;
    try {
      process.kill(Number(name), 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}
