/**
 * A worker's environment: `sandbox-runtime` in another system's root, entered by bubblewrap. All of it is read-only but
 * for one scratch folder; nothing of this machine is in it but the function, node and two sockets; no network, no
 * capability, no process but its own. It knows neither Lambda nor S3.
 */
import {type ChildProcess, spawn} from 'node:child_process';
import {mkdirSync, openSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {MOUNT_POINTS} from './debian-root.ts';

/** Who is root of nothing, inside. */
export const NOBODY = 65534;

export interface SandboxSettings {
  /** Folder for what it writes: its scratch and its log. */
  readonly folder: string;
  /** The system's root. */
  readonly root: string;
  /** Folders that are mounted, read-only: the function's code, the script `sandbox-runtime.mjs`, sockets. */
  readonly task: string;
  readonly runtime: string;
  readonly endpoints: string;
  /** A program that is alone in its folder. */
  readonly node: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of the script. */
  readonly args: readonly string[];
}

export interface Sandbox {
  /** What its own standard error says. */
  readonly log: string;
  /** The first line that it prints. @throws Error if it ends before */
  firstLine(): Promise<string>;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export function startSandbox(settings: SandboxSettings): Sandbox {
  const {folder, root, task, runtime, endpoints, node, env, args} = settings;
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch, {recursive: true});
  const log = join(folder, 'worker.log');
  const argv = [
    ...['--die-with-parent', '--new-session', '--unshare-all', '--cap-drop', 'ALL'],
    ...['--uid', String(NOBODY), '--gid', String(NOBODY)],
    ...['--ro-bind', root, '/', '--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev'],
    ...['--ro-bind', task, MOUNT_POINTS.task],
    ...['--ro-bind', runtime, MOUNT_POINTS.runtime],
    ...['--ro-bind', dirname(node), MOUNT_POINTS.node],
    ...['--ro-bind', endpoints, MOUNT_POINTS.endpoints],
    ...['--bind', scratch, MOUNT_POINTS.scratch],
    ...['--chdir', MOUNT_POINTS.task],
    ...[`${MOUNT_POINTS.node}/node`, `${MOUNT_POINTS.runtime}/sandbox-runtime.mjs`, ...args],
  ];
  const child = spawn('bwrap', argv, {
    env: {PATH: '/usr/local/bin:/usr/bin:/bin', ...env},
    stdio: ['ignore', 'pipe', openSync(log, 'a')],
  });
  const ended = new Promise<void>(resolve => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  return {
    log,
    firstLine: () => firstLine(child, log),
    ended,
    async stop() {
      // What it has started lives in its process namespace, and ends with it.
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function firstLine({stdout}: ChildProcess, log: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stdout?.on('data', (bytes: Buffer) => {
      text += bytes;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    stdout?.once('close', () => reject(new Error(`a sandbox did not start: ${readFileSync(log)}`)));
  });
}
