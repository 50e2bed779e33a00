/**
 * Random changes to a project as its developer makes them: touched and edited files, deleted outputs, changed flags,
 * CMake re-runs. Works on a copy of the sources, undoes nothing, and knows nothing of who builds afterwards.
 */

import {existsSync} from 'node:fs';
import {appendFile, rm, utimes} from 'node:fs/promises';
import {dirname, isAbsolute, join, resolve} from 'node:path';
import type {BuildAt} from './ninja.ts';
import {must} from './process.ts';
import type {Snapshot} from './snapshot.ts';

/** A repeatable source of numbers in [0, 1). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(from: readonly T[], next: () => number): T {
  const chosen = from[Math.floor(next() * from.length)];
  if (chosen === undefined) throw new Error('nothing to choose from');
  return chosen;
}

interface Kind {
  readonly name: string;
  /** How often it comes, relative to the others. */
  readonly weight: number;
  readonly apply: () => Promise<string>;
}

/** What is edited; made from the state after a complete build of a copy of the sources. */
export class Edits {
  readonly #at: BuildAt;
  readonly #source: string;
  readonly #next: () => number;
  readonly #headers: readonly string[];
  readonly #sources: readonly string[];
  readonly #objects: readonly string[];
  readonly #others: readonly string[];
  #count = 0;

  constructor(
    at: BuildAt,
    of: {readonly source: string; readonly built: Snapshot; readonly next: () => number},
  ) {
    this.#at = at;
    this.#source = of.source;
    this.#next = of.next;
    const inputs = new Set<string>();
    for (const list of Object.values(of.built.deps)) {
      for (const input of list) inputs.add(isAbsolute(input) ? input : resolve(at.directory, input));
    }
    const own = [...inputs].filter(path => path.startsWith(`${of.source}/`) && existsSync(path)).sort();
    this.#sources = own.filter(path => /\.(c|cc|cpp)$/.test(path));
    this.#headers = own.filter(path => !/\.(c|cc|cpp)$/.test(path));
    this.#objects = Object.keys(of.built.objects);
    this.#others = Object.keys(of.built.others);
  }

  /** Makes one random change and says what it was. */
  async apply(): Promise<string> {
    this.#count++;
    const kinds = this.#kinds();
    let rest = this.#next() * kinds.reduce((sum, kind) => sum + kind.weight, 0);
    const kind = kinds.find(each => {
      rest -= each.weight;
      return rest < 0;
    });
    if (kind === undefined) throw new Error('no kind of edit');
    return `${kind.name} ${await kind.apply()}`;
  }

  #kinds(): Kind[] {
    return [
      {name: 'touch source', weight: 4, apply: () => this.#touch(this.#sources)},
      {name: 'touch header', weight: 3, apply: () => this.#touch(this.#headers)},
      {name: 'edit source', weight: 4, apply: () => this.#append(this.#sources)},
      {name: 'edit header', weight: 3, apply: () => this.#append(this.#headers)},
      {
        name: 'older time of',
        weight: 2,
        apply: () => this.#touch(this.#headers, new Date('2001-02-03T04:05:06Z')),
      },
      {name: 'delete object', weight: 4, apply: () => this.#delete(this.#objects)},
      {name: 'delete output', weight: 3, apply: () => this.#delete(this.#others)},
      {name: 'new definition for', weight: 3, apply: () => this.#define()},
      {name: 'touch', weight: 1, apply: () => this.#touch([join(this.#source, 'CMakeLists.txt')])},
      {name: 'ninja -t clean', weight: 1, apply: () => this.#clean()},
    ];
  }

  async #touch(from: readonly string[], time = new Date()): Promise<string> {
    const path = pick(from, this.#next);
    await utimes(path, time, time);
    return path;
  }

  async #append(from: readonly string[]): Promise<string> {
    const path = pick(from, this.#next);
    await appendFile(path, `\n// edit ${this.#count}\n`);
    return path;
  }

  async #delete(from: readonly string[]): Promise<string> {
    const path = pick(from, this.#next);
    await rm(join(this.#at.directory, path), {force: true, recursive: true});
    return path;
  }

  /** A changed flag of one source: the CMakeLists.txt that owns it gets a line, so CMake runs again. */
  async #define(): Promise<string> {
    const path = pick(this.#sources, this.#next);
    let folder = dirname(path);
    while (!existsSync(join(folder, 'CMakeLists.txt'))) folder = dirname(folder);
    const list = join(folder, 'CMakeLists.txt');
    const line = `set_property(SOURCE "${path}" APPEND PROPERTY COMPILE_DEFINITIONS EDIT_${this.#count})`;
    await appendFile(list, `\n${line}\n`);
    return path;
  }

  async #clean(): Promise<string> {
    const path = pick(this.#others, this.#next);
    await must([this.#at.ninja ?? 'ninja', '-t', 'clean', path], {cwd: this.#at.directory});
    return path;
  }
}
