/**
 * Child processes that never outlive the client. Each runs in a session of its own; a small shell, the supervisor,
 * holds the list of them and kills every process of those sessions when its input ends, which happens whatever ends
 * the client. A child waits at a gate until the supervisor knows it, so that no moment is left uncovered.
 */
import {type ChildProcess, spawn} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {InvariantError} from './failure.ts';

/**
 * Reads `+ PID` and `- PID`; at the end of input ends all sessions, and descendants of processes, in the list: by
 * SIGTERM, on which gcc removes its temporary files and ninja half an output, and after a second by SIGKILL. All of them
 * are found before any is ended: a process whose parent is gone can no longer be told for whose child it is.
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
while [ $round -lt 40 ]; do
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
  case $round in
  0) kill -TERM $doomed ;;
  ?|1?) sleep 0.05 ;;
  *) kill -KILL $doomed ;;
  esac
  round=$((round + 1))
done
`;

/** Waits for one line on descriptor 3, then becomes the command. Without a line the client is gone: ends at once. */
const GATE = 'read -r go <&3 || exit 125; exec 3<&-; exec "$@"';

/** What was interrupted may take this long to end in order, in ms: gcc for one removes its temporary files. */
const GRACE = 1000;
/** Between two looks at what is left of a session, in ms: nothing tells of the end of a grandchild. */
const LOOK_INTERVAL = 20;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** `capture`: both streams into one buffer, in order, as ninja does it. `inherit`: the client's own terminal. */
  readonly stdio: 'capture' | 'inherit';
  /** In place of what `stdio` means for that: a terminal's signals reach its own session only. */
  readonly ownSession?: boolean;
  /**
   * Signal that an abort sends to the process, which is expected to end by it, or `interrupt`: SIGINT to all that the
   * command started, as by a terminal, and SIGKILL to what is left of it a while later. Prereq: `capture`, which alone
   * gives a session of its own. `tree`: the same to the process and all that descend from it, in whatever session.
   */
  readonly abortWith?: 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'interrupt' | 'tree';
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
  readonly #grace: number;
  /** Sessions that were interrupted: the supervisor has to know them until all of their processes have ended. */
  readonly #interrupted = new Set<number>();

  /** `grace`: ms between the two signals of an interruption. */
  constructor({grace = GRACE}: {grace?: number} = {}) {
    this.#grace = grace;
  }

  /** Runs a command to its end. Rejects only if it cannot be started. */
  async run(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
    const started = performance.now();
    const child = this.start(file, args, {
      ...options,
      stdio: options.stdio === 'inherit' ? ['inherit', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      ownSession: options.ownSession ?? options.stdio !== 'inherit',
      joinOutput: options.stdio === 'capture',
    });
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    const {abortWith = 'SIGTERM'} = options;
    let killer: NodeJS.Timeout | undefined;
    const kill = () => {
      killSession(child.pid!);
      // What was forked during that look was not seen.
      killer = setTimeout(kill, LOOK_INTERVAL);
    };
    let tree: EndingTree | undefined;
    const onAbort = () => {
      if (abortWith === 'tree') {
        if (child.pid !== undefined) tree = new EndingTree(child.pid, this.#grace);
        return;
      }
      if (abortWith !== 'interrupt') return this.signal(child, abortWith);
      if (this.#interrupt(child)) killer = setTimeout(kill, this.#grace);
    };
    options.signal?.addEventListener('abort', onAbort, {once: true});
    if (options.signal?.aborted) onAbort();
    try {
      const {code, signal} = await new Promise<{code: number | null; signal: NodeJS.Signals | null}>(
        (resolve, reject) => {
          child.once('error', reject);
          child.once('close', (closeCode, closeSignal) => resolve({code: closeCode, signal: closeSignal}));
          // A killed command may leave children that hold its output open; they are its session's, and go with it.
          child.once('exit', (_code, exitSignal) => {
            if (exitSignal && child.pid && killer === undefined) killSession(child.pid);
          });
        },
      );
      if (killer !== undefined) await this.#sessionEnded(child.pid!);
      await tree?.ended;
      const exitCode = code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0);
      return {exitCode, output: Buffer.concat(chunks), duration: performance.now() - started};
    } finally {
      clearTimeout(killer);
      options.signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Answers whether there was something to interrupt. */
  #interrupt(child: ChildProcess): boolean {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false;
    this.#interrupted.add(child.pid);
    // The session's first process leads a group of the same number.
    sendSignal(-child.pid, 'SIGINT');
    return true;
  }

  /** Waits for what outlives the first process of an interrupted session. */
  async #sessionEnded(session: number): Promise<void> {
    while (sessionMembers(session).length > 0)
      await new Promise(resolve => setTimeout(resolve, LOOK_INTERVAL));
    this.#interrupted.delete(session);
    this.#forget(session);
  }

  #forget(pid: number): void {
    this.#supervisor?.stdin?.write(`- ${pid}\n`);
  }

  /** Starts a command under the supervisor's eye. `joinOutput` sends standard error where standard output goes. */
  start(
    file: string,
    args: readonly string[],
    options: {
      cwd?: string;
      env?: NodeJS.ProcessEnv;
      /** 2: the client's own standard error. */
      stdio: ['inherit' | 'ignore' | 'pipe', 'inherit' | 'pipe' | 2, 'inherit' | 'pipe'];
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
      if (pid !== undefined && !this.#interrupted.has(pid)) this.#forget(pid);
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

/**
 * SIGKILL to every process of a session (ninja gives each command a process group, but not a session). What was forked
 * during a look was not seen by it: there is another one until one finds nobody new. Who was sent the signal forks no more.
 */
export function killSession(session: number): void {
  const killed = new Set<number>();
  for (;;) {
    const others = sessionMembers(session).filter(pid => !killed.has(pid));
    if (others.length === 0) return;
    for (const pid of others) {
      killed.add(pid);
      sendSignal(pid, 'SIGKILL');
    }
  }
}

/** A process with all that it started, also what its parents have left behind since; on its way to its end. */
class EndingTree {
  readonly #root: number;
  readonly #known: Set<number>;
  readonly #interrupted = new Set<number>();
  /** Resolves when none is left. */
  readonly ended: Promise<void>;

  /**
   * SIGINT to all, as by a terminal; after `grace` ms SIGKILL to what is left but the first, which may be waiting for the
   * others to end in order itself, and after twice that to the first.
   */
  constructor(root: number, grace: number) {
    this.#root = root;
    this.#known = new Set([root]);
    this.ended = this.#end(grace);
  }

  async #end(grace: number): Promise<void> {
    const began = performance.now();
    for (let alive = this.#alive(); alive.length > 0; alive = this.#alive()) {
      const passed = performance.now() - began;
      for (const pid of alive) {
        if (passed > (pid === this.#root ? 2 * grace : grace)) sendSignal(pid, 'SIGKILL');
        // One that was forked during a look is found by the next.
        else if (!this.#interrupted.has(pid)) sendSignal(pid, 'SIGINT');
        this.#interrupted.add(pid);
      }
      await new Promise(resolve => setTimeout(resolve, LOOK_INTERVAL));
    }
  }

  #alive(): number[] {
    const processes = runningProcesses();
    for (let size = 0; size !== this.#known.size; ) {
      size = this.#known.size;
      for (const {pid, parent} of processes) if (this.#known.has(parent)) this.#known.add(pid);
    }
    return processes.flatMap(({pid}) => (this.#known.has(pid) ? [pid] : []));
  }
}

/** Processes of a session, without those that have ended and that nobody has asked for yet. */
function sessionMembers(session: number): number[] {
  return runningProcesses().flatMap(found => (found.session === session ? [found.pid] : []));
}

interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
}

/** Those that have not ended: see proc(5), `/proc/pid/stat`. */
function runningProcesses(): RunningProcess[] {
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return [];
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, 'latin1');
    } catch {
      return []; // It ended meanwhile.
    }
    const [state, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? [] : [{pid: Number(name), parent: Number(parent), session: Number(session)}];
  });
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}
