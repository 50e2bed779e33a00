/** Where the measurements work and what they were told on the command line. Knows no project. */
import {join} from 'node:path';

/** The repository. */
export function root(): string {
  return process.env.LLAMA_BENCH_ROOT ?? process.cwd();
}

/** A path inside the work folder: sources, build directories, references, stores. */
export function place(...names: readonly string[]): string {
  return join(process.env.LLAMA_BENCH_DIR ?? join(root(), 'bench', 'work'), ...names);
}

export interface Arguments {
  readonly names: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
}

/** What was asked for is not to be had; the message says what is. `run.mjs` knows it by its name. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `NAME... --flag VALUE --flag=VALUE --switch` where each of `switches` takes no value (it gets `yes`). */
export function parseArguments(argv: readonly string[], switches: readonly string[] = []): Arguments {
  const names: string[] = [];
  const flags = new Map<string, string>();
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    const match = /^--([a-z-]+)(?:=(.*))?$/.exec(word);
    if (match === null) names.push(word);
    else {
      const name = match[1] ?? '';
      flags.set(name, match[2] ?? (switches.includes(name) ? 'yes' : (argv[++i] ?? '')));
    }
  }
  return {names, flags};
}

/** One line of a report, at once. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** `ok` or `WRONG` before a line; gives back whether it was ok. */
export function check(fine: boolean, text: string): boolean {
  say(`${fine ? 'ok   ' : 'WRONG'} ${text}`);
  return fine;
}
