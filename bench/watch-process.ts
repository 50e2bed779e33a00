/** A `llama watch --json` as its user starts it: what it tells, event by event, and whether it is at rest. Knows no project. */
import {type ChildProcess, spawn} from 'node:child_process';
import {readdir, readFile} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import {llama} from './llama.ts';
import type {BuildAt} from './ninja.ts';
import {environment} from './process.ts';

/** A watch that is silent for longer while something is waited for hangs, in ms. */
const LONGEST_SILENCE = 120_000;

export interface WatchEvent {
  readonly type: string;
  readonly target?: string;
  readonly result?: string;
  readonly place?: string;
  readonly compiles?: number;
  readonly changed?: readonly string[];
  /** Milliseconds, when the line was read. */
  readonly at: number;
}

export class WatchProcess {
  readonly #child: ChildProcess;
  readonly #events: WatchEvent[] = [];
  #wake: (() => void) | undefined;
  #hasEnded = false;
  #isAtRest = false;

  constructor({directory, targets}: BuildAt, flags: readonly string[]) {
    const argv = [llama(), 'watch', directory, ...targets, '--json', ...flags];
    this.#child = spawn(process.execPath, argv, {env: environment(), stdio: ['ignore', 'pipe', 'inherit']});
    const lines = createInterface({input: this.#child.stdout!});
    lines.on('line', line => {
      const event = {...(JSON.parse(line) as WatchEvent), at: performance.now()};
      if (event.type === 'began' || event.type === 'ready') this.#isAtRest = event.type === 'ready';
      this.#events.push(event);
      this.#wake?.();
    });
    lines.on('close', () => {
      this.#hasEnded = true;
      this.#wake?.();
    });
  }

  /** The events up to the next one of a type. */
  async until(type: string): Promise<WatchEvent[]> {
    const passed: WatchEvent[] = [];
    for (;;) {
      const event = this.#events.shift();
      if (event === undefined) {
        await this.#more();
        continue;
      }
      passed.push(event);
      if (event.type === type) return passed;
    }
  }

  /** All events up to the end of the build that is under way; those told so far if none is. */
  async rest(): Promise<WatchEvent[]> {
    while (!this.#isAtRest) await this.#more();
    return this.#events.splice(0);
  }

  /** Resident memory in MB, and open descriptors. */
  async size(): Promise<{memory: number; descriptors: number}> {
    const of = `/proc/${this.#child.pid}`;
    const memory = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`${of}/status`, 'utf8'))![1];
    return {memory: Number(memory) / 1024, descriptors: (await readdir(`${of}/fd`)).length};
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise(resolve => this.#child.once('exit', resolve));
    this.#child.kill('SIGINT');
    await ended;
  }

  async #more(): Promise<void> {
    if (this.#hasEnded) throw new Error('llama watch has ended');
    let isSilent = false;
    await new Promise<void>(resolve => {
      const silence = setTimeout(() => {
        isSilent = true;
        resolve();
      }, LONGEST_SILENCE);
      this.#wake = () => {
        clearTimeout(silence);
        resolve();
      };
    });
    if (isSilent) throw new Error(`llama watch has told nothing for ${LONGEST_SILENCE / 1000} s`);
  }
}
