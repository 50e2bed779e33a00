/**
 * Learns which locale makes a worker's diagnostics equal to the user's own, by letting the compiler complain here in
 * both and comparing bytes. It knows no languages.
 */
import {CompilerBench, type Environment} from './compiler-run.ts';

/** Locales that a worker has. */
export type WorkerLocale = 'C' | 'C.UTF-8';

/** Complaints of the front end (quotes, a source line that is not ASCII), of the C library and of the assembler. */
const COMPLAINTS = {
  'front.c': 'int f(void) { const char *s = "\u00e4\u20ac"; return undeclared_name + s; }\n',
  'absent.c': '#include "llama-no-such-file.h"\n',
  'assembler.c': '__asm__("llama_no_such_instruction");\n',
};

/** Variables that choose the language of messages. */
export function localeEnvironment(env: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && /^(?:LANG|LANGUAGE|LC_.*)$/.test(name)) kept[name] = value;
  return kept;
}

/** The locale for workers; undefined if neither speaks as the user's does. */
export async function probeLocale(
  program: {readonly path: string; readonly argv0: string},
  env: Environment,
  {complaints, flags}: {complaints: Readonly<Record<string, string>>; flags: readonly string[]} = {
    complaints: COMPLAINTS,
    flags: ['-c'],
  },
): Promise<WorkerLocale | undefined> {
  const bench = new CompilerBench(program, env);
  const runs = Object.keys(complaints).map(name => [...flags, name, '-o', 'out.o']);
  try {
    for (const [name, text] of Object.entries(complaints)) bench.write(name, text);
    const users = await allSaid(bench, runs, localeEnvironment(env));
    for (const locale of ['C', 'C.UTF-8'] as const)
      if ((await allSaid(bench, runs, {LC_ALL: locale})) === users) return locale;
    return undefined;
  } finally {
    bench.close();
  }
}

async function allSaid(
  bench: CompilerBench,
  runs: readonly (readonly string[])[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const said: string[] = [];
  for (const args of runs) {
    // A failing driver may name its temporary files, which are never the same twice.
    const {stderr} = await bench.run(args, env);
    said.push(stderr.replace(/\/cc\w{6}\./g, '/cc.').replace(/-[0-9a-f]{6,}\./g, '-.'));
  }
  return said.join('\0');
}
