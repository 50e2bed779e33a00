/** Which libraries come along when a program or library is loaded, which no record of a run can show: the loader opens them unseen. */
import {dirname} from 'node:path';
import type {FileState} from '../../graph/file-state.ts';
import {isElf} from '../../toolchain/elf.ts';
import {librariesOf} from '../../toolchain/loader.ts';
import {isOfSystem, type ToolRuntime} from '../../toolchain/tool-runtime.ts';

/** Asked of the loader once for each file as it is. */
export class ToolLibraries {
  readonly #files: FileState;
  readonly #known = new Map<string, Promise<readonly string[] | undefined>>();

  constructor(files: FileState) {
    this.#files = files;
  }

  /** Those of all files together; files that are none of ELF have none. */
  async of(paths: Iterable<string>, runtime: ToolRuntime): Promise<readonly string[]> {
    const all = new Set<string>();
    for (const path of paths) for (const library of (await this.#ask(path, runtime)) ?? []) all.add(library);
    return [...all];
  }

  /** Whether a program or library is loaded on a worker with what it is loaded with here. */
  async isLoadedAlike(path: string, runtime: ToolRuntime): Promise<boolean> {
    return (await this.#ask(path, runtime)) !== undefined;
  }

  #ask(path: string, runtime: ToolRuntime): Promise<readonly string[] | undefined> {
    const facts = this.#files.stat(path);
    if (facts?.kind !== 'file') return NONE;
    const key = `${path}\0${facts.size} ${facts.mtimeNs} ${runtime.digest}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = isElf(path) ? loadedAlike(path, runtime) : NONE;
      this.#known.set(key, known);
    }
    return known;
  }
}

/** There the directories of the tool's own libraries come first, for whatever it starts too: undefined where that matters. */
async function loadedAlike(
  path: string,
  {loader, libraries}: ToolRuntime,
): Promise<readonly string[] | undefined> {
  const here = await librariesOf(loader, path);
  const own = [
    ...new Set(libraries.filter(library => !isOfSystem(library)).map(library => dirname(library))),
  ];
  if (here === undefined || own.length === 0) return here;
  const there = await librariesOf(loader, path, {}, ['--library-path', own.join(':')]);
  return there?.join() === here.join() ? here : undefined;
}

const NONE = Promise.resolve([]);
