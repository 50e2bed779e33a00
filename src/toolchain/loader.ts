/**
 * What the dynamic loader knows: which loader a program names, and which libraries it would load. It asks the loader
 * itself, so that search rules, caches and RUNPATHs are nobody's guess.
 */
import {execFile} from 'node:child_process';
import {closeSync, openSync, readSync} from 'node:fs';
import {dirname} from 'node:path';
import {isElfBytes} from './elf.ts';

/** What a file is to the kernel's exec. */
export type ProgramFormat =
  | {readonly kind: 'dynamic'; readonly loader: string}
  | {readonly kind: 'static'}
  | {readonly kind: 'script'}
  | {readonly kind: 'other'};

const PT_INTERP = 3;
const X86_64 = 62;

/** Reads the head of a file; throws what the file system throws. A shared library is `static`: it names no loader. */
export function programFormat(path: string): ProgramFormat {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(64);
    const got = readSync(file, head, 0, 64, 0);
    if (head.toString('latin1', 0, 2) === '#!') return {kind: 'script'};
    const isElf64 = got === 64 && isElfBytes(head) && head[4] === 2 && head[5] === 1;
    if (!isElf64 || head.readUInt16LE(18) !== X86_64) return {kind: 'other'};
    const [offset, size, count] = [
      Number(head.readBigUInt64LE(32)),
      head.readUInt16LE(54),
      head.readUInt16LE(56),
    ];
    const table = Buffer.alloc(size * count);
    readSync(file, table, 0, table.length, offset);
    for (let at = 0; at + size <= table.length; at += size) {
      if (table.readUInt32LE(at) !== PT_INTERP) continue;
      const name = Buffer.alloc(Number(table.readBigUInt64LE(at + 32)));
      readSync(file, name, 0, name.length, Number(table.readBigUInt64LE(at + 8)));
      return {kind: 'dynamic', loader: name.toString().replace(/\0.*$/s, '')};
    }
    return {kind: 'static'};
  } finally {
    closeSync(file);
  }
}

/** True for a loader of glibc that can do what the worker asks of it: `--preload` and `--argv0` (glibc 2.33). */
export async function isUsableLoader(loader: string): Promise<boolean> {
  const {stdout} = await ask(loader, ['--help'], {});
  return stdout.includes('--argv0') && stdout.includes('--preload') && stdout.includes('--inhibit-cache');
}

/**
 * Paths, as the loader spells them, of all libraries that a program or library loads at its start. Undefined if one
 * of them is not to be found, or the file is nothing that this loader loads. `options`: of the loader.
 */
export async function librariesOf(
  loader: string,
  file: string,
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): Promise<readonly string[] | undefined> {
  const {stdout, failed} = await ask(loader, [...options, '--list', file], env);
  // One that is named by a relative path depends on where the program is started.
  if (failed || stdout.includes('=> not found') || /^\t[^\s/]\S*\/\S* \(0x/m.test(stdout)) return undefined;
  const paths: string[] = [];
  for (const line of stdout.split('\n')) {
    const path = /^\t(?:.* => )?(\/.*) \(0x[0-9a-f]+\)$/.exec(line)?.[1];
    if (path !== undefined) paths.push(path);
  }
  return paths;
}

/**
 * Paths at which the loader looks for libraries of a program in vain, before it finds them elsewhere: one that comes into
 * being there would be taken. glibc tells by LD_DEBUG (ld.so(8)).
 */
export async function librariesMissed(
  loader: string,
  file: string,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const {stdout, stderr} = await ask(loader, ['--list', file], {...env, LD_DEBUG: 'libs'});
  const tried = stderr.matchAll(/trying file=(\/.*)$/gm);
  return [...new Set(Array.from(tried, match => match[1]!))].filter(path => !stdout.includes(` ${path} (`));
}

/**
 * What one more program or library needs besides itself, for a worker that was found to lack it: the files that the
 * loader would load, and the directories they are in. Empty for what is no ELF file or needs nothing.
 */
export async function extraClosure(
  path: string,
  loader: string,
): Promise<{readonly files: readonly string[]; readonly directories: readonly string[]}> {
  const files = (await librariesOf(loader, path)) ?? [];
  return {files, directories: [...new Set(files.map(file => dirname(file)))]};
}

function ask(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{readonly stdout: string; readonly stderr: string; readonly failed: boolean}> {
  return new Promise(resolve => {
    execFile(file, args, {env: {...env, LC_ALL: 'C'}, maxBuffer: 1 << 24}, (error, stdout, stderr) => {
      resolve({stdout, stderr, failed: error !== null});
    });
  });
}
