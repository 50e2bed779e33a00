/** What a compiler says that it is, by its own macros rather than by its name. */
import {ok, type Result} from '../failure.ts';
import type {Assembler} from './compiler-name.ts';
import {CompilerBench, type Environment} from './compiler-run.ts';
import {refuse, type ToolchainRefusal} from './refusal.ts';

export interface CompilerVersion {
  readonly kind: 'gcc' | 'clang' | Assembler;
  /** `gcc 12.2`, `clang 14.0`, `nasm 2.16`. */
  readonly text: string;
}

/** Refuses what is neither, what does not run, and what does not compile for x86-64. */
export async function askVersion(
  program: {readonly path: string; readonly argv0: string},
  env: Environment,
): Promise<Result<CompilerVersion, ToolchainRefusal>> {
  const bench = new CompilerBench(program, env);
  try {
    const {status, stdout} = await bench.run(['-dM', '-E', '-x', 'c', '/dev/null']);
    if (status === 127) return refuse('compiler-missing', program.path);
    const macro = (name: string) => new RegExp(`^#define ${name} (\\d+)`, 'm').exec(stdout)?.[1];
    const clang = macro('__clang_major__');
    if (clang !== undefined) return ok({kind: 'clang', text: `clang ${clang}.${macro('__clang_minor__')}`});
    const gcc = macro('__GNUC__');
    // Others call themselves GNU too, but say besides who they are.
    if (status !== 0 || gcc === undefined || macro('__INTEL_COMPILER') !== undefined)
      return refuse('unknown-compiler', program.path);
    return ok({kind: 'gcc', text: `gcc ${gcc}.${macro('__GNUC_MINOR__')}`});
  } finally {
    bench.close();
  }
}
