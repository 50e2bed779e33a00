import {readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {expect, it} from 'vitest';
import {runCommand} from './run.ts';

const sh = (script: string, more: Partial<Parameters<typeof runCommand>[0]> = {}) =>
  runCommand({
    file: '/bin/sh', args: ['-c', script], cwd: tmpdir(), env: {}, umask: 0o022, timeLimit: 60_000, ...more,
  }); // biome-ignore format: the common part of every case

it('keeps output and errors apart, and answers the status', async () => {
  const end = await sh('echo out; echo err >&2; exit 7');
  expect([end.stdout.toString(), end.stderr.toString(), end.exitCode, end.signal]).toEqual([
    'out\n',
    'err\n',
    7,
    undefined,
  ]);
});

it('hands on the given environment and mask, and nothing of its own', async () => {
  const mask = process.umask();
  const end = await sh('umask; echo "$GIVEN $HOME"', {env: {GIVEN: 'yes'}, umask: 0o027});
  expect(end.stdout.toString()).toBe('0027\nyes \n');
  expect(process.umask()).toBe(mask);
});

it('says which signal ended a command', async () => {
  const end = await sh('kill -SEGV $$');
  expect([end.exitCode, end.signal]).toEqual([139, 'SIGSEGV']);
});

it('kills what a command leaves behind, and does not wait for it', async () => {
  const end = await sh('sleep 600 & echo $!; exit 0');
  expect(end.exitCode).toBe(0);
  expect(isRunning(end.stdout.toString().trim())).toBe(false);
});

it('kills the whole group at the time limit', async () => {
  const end = await sh('sleep 600 & echo $!; wait', {timeLimit: 300});
  expect(end.timedOut).toBe(true);
  expect(end.signal).toBe('SIGKILL');
  expect(isRunning(end.stdout.toString().trim())).toBe(false);
});

it('kills a command when it is told to', async () => {
  const abort = new AbortController();
  const end = sh('sleep 600', {signal: abort.signal});
  abort.abort();
  expect((await end).signal).toBe('SIGKILL');
});

it('rejects a command that cannot be started', async () => {
  await expect(sh('true', {cwd: '/llama-no-such-directory'})).rejects.toThrow('ENOENT');
});

/**
 * Whether a process still has memory of its own. The kernel takes that from a dying one before it closes its files, so
 * the answer is settled once the pipes are closed, whether or not the process has become a zombie by then.
 */
function isRunning(pid: string): boolean {
  try {
    return /^VmSize:/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
