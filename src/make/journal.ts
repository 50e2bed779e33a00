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
  /** By what they make, since the next make wants that, by whatever words. */
  readonly #compiles = new Map<string, Question>();
  /** What an earlier make had, by the same. */
  readonly #earlier = new Map<string, Question>();
  /** Of that, what was begun before anybody asked for it, and nobody has asked since. */
  readonly #inVain = new Set<string>();

  /** One that is absent or torn is empty. `umask`: of all who will ask. */
  static load(file: string, umask: number): readonly Question[] {
    try {
      const {version, environments, compiles} = JSON.parse(readFileSync(file, 'utf8')) as Saved;
      if (version !== VERSION) return [];
      return compiles.map(([environment, directory, program, ...words]) => ({
        kind: 'compile',
        umask,
        asked: 0n,
        directory,
        program,
        words,
        env: environments[environment]!,
        isText: true,
      }));
    } catch {
      return [];
    }
  }

  /** One of an earlier make. `output`: absolute path of what it made; `isBegun`: before anybody asks. */
  recall(question: Question, output: string, isBegun: boolean): void {
    this.#earlier.set(output, question);
    if (isBegun) this.#inVain.add(output);
  }

  /** Somebody has asked for it, whoever will make it. */
  noteAsked(output: string): void {
    this.#inVain.delete(output);
  }

  /** `output`: absolute path of what it made. */
  add(question: Question, output: string): void {
    if (this.#compiles.size < MOST) this.#compiles.set(output, question);
  }

  /**
   * By rename, for the user's eyes alone. What an earlier make had stays where this one was not asked for it: it had nothing
   * to do about it; but not what was begun in vain, if this one came to its end (`isWhole`). `keeps`: whether a variable
   * means something for a compile.
   */
  save(
    file: string,
    {isWhole, keeps}: {readonly isWhole: boolean; readonly keeps: (variable: string) => boolean},
  ): void {
    if (this.#compiles.size === 0) return;
    const isGone = (output: string) => isWhole && this.#inVain.has(output);
    const others = [...this.#earlier]
      .filter(([output]) => !this.#compiles.has(output) && !isGone(output))
      .map(([, each]) => each);
    const all = [...this.#compiles.values(), ...others].slice(0, MOST);
    const environments = new Map<string, {readonly at: number; readonly env: NodeJS.ProcessEnv}>();
    const compiles = all.map(({directory, program, words, env: whole}) => {
      const env = Object.fromEntries(Object.entries(whole).filter(([name]) => keeps(name)));
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
      writeFileSync(temporary, JSON.stringify(saved), {mode: 0o600});
      renameSync(temporary, file);
    } catch {
      rmSync(temporary, {force: true}); // A full disk: the next make does without.
    }
  }
}
