/** The make that a user would start, and what has to be known of it. */
import {execFileSync} from 'node:child_process';
import {closeSync, openSync, readSync} from 'node:fs';
import {FailureError} from '../failure.ts';
import {isElfBytes} from '../toolchain/elf.ts';
import {findProgram} from '../toolchain/find-program.ts';

export interface MakeProgram {
  readonly path: string;
  /** `4.3`. */
  readonly version: string;
}

/** The first `make` on PATH, or `gmake` where that is none of GNU's. @throws FailureError */
export function findMake(env: NodeJS.ProcessEnv): MakeProgram {
  let other: string | undefined;
  for (const name of ['make', 'gmake']) {
    const path = findProgram(name, env.PATH ?? '', process.cwd());
    if (path === undefined) continue;
    const said = askVersion(path, env);
    const version = /^GNU Make (\d+\.\d+)/.exec(said)?.[1];
    if (version !== undefined) return {path, version};
    other ??= path;
  }
  throw new FailureError({
    reason: 'option-invalid',
    text:
      other === undefined ? 'there is no make on PATH' : `'${other}' is not GNU make, which llama make needs`,
    hint: 'install GNU make (Debian: apt install make)',
  });
}

function askVersion(path: string, env: NodeJS.ProcessEnv): string {
  try {
    const {MAKEFLAGS: _, ...rest} = env;
    return execFileSync(path, ['--version'], {
      encoding: 'utf8',
      env: rest,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}

const INTERPRETER_SEGMENT = 3;

/**
 * Whether a program is started by a dynamic loader, which alone minds LD_PRELOAD: ELF's program header PT_INTERP (System V
 * ABI, "Program Header"). Scripts are judged by what runs them elsewhere, and count.
 */
export function isPreloadable(path: string): boolean {
  const head = Buffer.alloc(4096);
  const file = openSync(path, 'r');
  try {
    const size = readSync(file, head, 0, head.length, 0);
    if (size < 64 || !isElfBytes(head)) return true;
    const at = Number(head.readBigUInt64LE(32));
    const entrySize = head.readUInt16LE(54);
    const entries = head.readUInt16LE(56);
    for (let entry = 0; entry < entries; entry++) {
      const place = at + entry * entrySize;
      if (place + 4 > size) return true;
      if (head.readUInt32LE(place) === INTERPRETER_SEGMENT) return true;
    }
    return false;
  } finally {
    closeSync(file);
  }
}
