/**
 * Compiles of the last make that are likely to be asked for, begun before they are: for the result cache alone, so that
 * an answer counts only if every input is what was compiled. Whoever asks comes first.
 */
import {setMaxListeners} from 'node:events';
import type {Slots} from '../scheduler/slots.ts';
import {keyOf} from './journal.ts';
import type {Question} from './question.ts';

export interface PrefetchOptions {
  readonly slots: Slots;
  readonly compile: (question: Question, signal: AbortSignal) => Promise<void>;
}

export class Prefetch {
  readonly #options: PrefetchOptions;
  readonly #waiting = new Map<string, Question>();
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #end = new AbortController();

  constructor(options: PrefetchOptions) {
    this.#options = options;
    // Each compile that is under way listens.
    setMaxListeners(0, this.#end.signal);
  }

  /** Begins with as many as there is room for; the others follow. */
  start(questions: readonly Question[]): void {
    for (const question of questions) this.#waiting.set(keyOf(question), question);
    void this.#run();
  }

  /** Somebody asks: resolves when the same compile is not under way any more; one that waits is left to him. */
  async claim(question: Question): Promise<void> {
    const key = keyOf(question);
    this.#waiting.delete(key);
    await this.#underWay.get(key);
  }

  /** Nobody will ask any more. */
  async close(): Promise<void> {
    this.#waiting.clear();
    this.#end.abort();
    await Promise.all(this.#underWay.values());
  }

  /** One at a time waits for a place, so that no more than one stands before those who ask. */
  async #run(): Promise<void> {
    const {slots, compile} = this.#options;
    while (this.#waiting.size > 0) {
      await slots.acquire();
      const [next] = this.#waiting;
      if (next === undefined) {
        slots.release();
        return;
      }
      const [key, question] = next;
      this.#waiting.delete(key);
      const ends = compile(question, this.#end.signal).finally(() => {
        this.#underWay.delete(key);
        slots.release();
      });
      this.#underWay.set(key, ends);
    }
  }
}
