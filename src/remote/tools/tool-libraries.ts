/** Which libraries come along when a program or library is loaded, which no record of a run can show: the loader opens them unseen. */
import {closeSync, openSync, readSync} from 'node:fs';
import type {FileState} from '../../graph/file-state.ts';
import {librariesOf} from '../../toolchain/loader.ts';

const ELF = 0x7f454c46;

/** Asked of the loader once for each file as it is. */
export class ToolLibraries {
  readonly #files: FileState;
  readonly #known = new Map<string, Promise<readonly string[]>>();

  constructor(files: FileState) {
    this.#files = files;
  }

  /** Those of all files together; files that are none of ELF have none. */
  async of(paths: Iterable<string>, loader: string): Promise<readonly string[]> {
    const all = new Set<string>();
    for (const path of paths) for (const library of await this.#ask(path, loader)) all.add(library);
    return [...all];
  }

  #ask(path: string, loader: string): Promise<readonly string[]> {
    const facts = this.#files.stat(path);
    if (facts?.kind !== 'file') return NONE;
    const key = `${path}\0${facts.size} ${facts.mtimeNs} ${loader}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = isElf(path) ? librariesOf(loader, path).then(found => found ?? []) : NONE;
      this.#known.set(key, known);
    }
    return known;
  }
}

const NONE = Promise.resolve([]);

/** False for what cannot be read. */
export function isElf(path: string): boolean {
  const head = Buffer.alloc(4);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    return readSync(file, head, 0, 4, 0) === 4 && head.readUInt32BE(0) === ELF;
  } finally {
    closeSync(file);
  }
}
