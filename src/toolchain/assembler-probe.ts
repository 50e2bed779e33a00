/** How nasm and yasm are asked what they are, and what they are given to do while they are packed. */
import {basename, resolve} from 'node:path';
import {ok, type Result} from '../failure.ts';
import type {Assembler} from './compiler-name.ts';
import {CompilerBench, type Environment} from './compiler-run.ts';
import type {CompilerVersion} from './compiler-version.ts';
import type {Probe} from './pack.ts';
import {refuse, type ToolchainRefusal} from './refusal.ts';

const ASSEMBLE = ['-f', 'elf64', 'a.asm', '-o', 'a.o'];

export const ASSEMBLER_PROBE: Probe = {
  sources: {'a.asm': '%include "b.asm"\nsection .text\nglobal f\nf: ret\n', 'b.asm': '%define B 1\n'},
  listed: [],
  plain: [ASSEMBLE],
  // A form of the flag that only the other one takes fails, and costs nothing.
  more: [
    ['-g', ...ASSEMBLE],
    ['-g', 'dwarf2', ...ASSEMBLE],
    ['-l', 'a.lst', ...ASSEMBLE],
  ],
};

export const ASSEMBLER_COMPLAINTS: Readonly<Record<string, string>> = {
  'front.asm': 'mov eax, undeclared_name + "\u00e4"\n  nonsense eax\n',
  'absent.asm': '%include "llama-no-such-file.asm"\n',
};

/** Flags in front of a source's name, and an output's behind it. */
export const ASSEMBLER_FLAGS = ['-f', 'elf64'];

/** Refuses what does not say by itself that it is the one it is called. */
export async function askAssembler(
  program: {readonly path: string; readonly argv0: string},
  {assembler, env}: {assembler: Assembler; env: Environment},
): Promise<Result<CompilerVersion, ToolchainRefusal>> {
  const bench = new CompilerBench(program, env);
  try {
    const {status, stdout} = await bench.run([assembler === 'nasm' ? '-v' : '--version']);
    if (status === 127) return refuse('compiler-missing', program.path);
    const version = new RegExp(`^${assembler}(?: version)? (\\d+\\.\\d+)`, 'i').exec(stdout)?.[1];
    if (version === undefined) return refuse('unknown-compiler', program.path);
    return ok({kind: assembler, text: `${assembler} ${version}`});
  } finally {
    bench.close();
  }
}

/** Paths where there may be a C compiler for what an assembler cannot make itself, the likeliest first. */
export function compilersBeside(path: string, cwd: string): string[] {
  const folders = path.split(':').map(folder => resolve(cwd, folder));
  return ['cc', 'gcc', 'clang'].flatMap(name => folders.map(folder => `${folder}/${basename(name)}`));
}
