/**
 * The compiles that workers did in the last make of a directory: a list of what is likely to be asked for again. Nothing
 * rests on it being true.
 */
import {readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import type {Question} from './question.ts';

/** Raise it when the form changes: a list of another one is no list. */
const VERSION = 1;
/** More compiles are more than a make has. */
const MOST = 100_000;

interface Saved {
  readonly version: number;
  /** Environments differ little from compile to compile: each once. */
  readonly environments: readonly NodeJS.ProcessEnv[];
  readonly compiles: readonly (readonly [
    environment: number,
    directory: string,
    program: string,
    ...words: string[],
  ])[];
}

/** What two questions have in common that ask for the same, as far as words go. */
export function keyOf({directory, program, words}: Question): string {
  return [directory, program, ...words].join('\0');
}

export class Journal {
  readonly #compiles = new Map<string, Question>();

  /** One that is absent or torn is empty. `umask`: of all who will ask. */
  static load(file: string, umask: number): readonly Question[] {
    try {
      const {version, environments, compiles} = JSON.parse(readFileSync(file, 'utf8')) as Saved;
      if (version !== VERSION) return [];
      return compiles.map(([environment, directory, program, ...words]) => ({
        kind: 'compile',
        umask,
        directory,
        program,
        words,
        env: environments[environment]!,
      }));
    } catch {
      return [];
    }
  }

  add(question: Question): void {
    if (this.#compiles.size < MOST) this.#compiles.set(keyOf(question), question);
  }

  /** By rename. Keeps what an earlier make had and this one was not asked for: it had nothing to do about it. */
  save(file: string, earlier: readonly Question[]): void {
    if (this.#compiles.size === 0) return;
    const all = new Map([...earlier.map(each => [keyOf(each), each] as const), ...this.#compiles]);
    const environments = new Map<string, {readonly at: number; readonly env: NodeJS.ProcessEnv}>();
    const compiles = [...all.values()].slice(-MOST).map(({directory, program, words, env}) => {
      const text = JSON.stringify(env);
      const known = environments.get(text) ?? {at: environments.size, env};
      environments.set(text, known);
      return [known.at, directory, program, ...words] as const;
    });
    const saved: Saved = {
      version: VERSION,
      environments: [...environments.values()].map(({env}) => env),
      compiles,
    };
    const temporary = `${file}.${process.pid}`;
    try {
      writeFileSync(temporary, JSON.stringify(saved));
      renameSync(temporary, file);
    } catch {
      rmSync(temporary, {force: true}); // A full disk: the next make does without.
    }
  }
}
