/** Sees to it that a worker can have the inputs of a compile: what they are called, and that the store has them. */
import {type Digest, digestOf} from '../protocol/digest.ts';
import {joinTrees} from '../protocol/file-list.ts';
import type {ActionInputs} from '../protocol/invocation.ts';
import type {TreeDirectory} from '../protocol/tree.ts';
import {type Input, type Inputs, treeOf} from '../toolchain/input-finder.ts';
import type {Store} from './cloud.ts';
import {InputChanged} from './fault.ts';
import {InputLists} from './input-lists.ts';
import {readNow} from './observed-run.ts';
import type {MadeFile} from './prepared-compile.ts';

export interface Sending {
  readonly inputs: ActionInputs;
  /**
   * Puts into the store what it lacks. What it was seen to have is not asked for again until {@link InputSender.forget}.
   * @throws StoreError, InputChanged
   */
  readonly upload: () => Promise<void>;
}

export class InputSender {
  readonly #store: Store;
  readonly #lists = new InputLists();
  /** The looks at files, by their numbers, whose bytes are in the store. */
  #stored: (Input | undefined)[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  /** `source`: the path of the one file that no other compile is likely to need. */
  send(inputs: Inputs, {source, made}: {source: string; made: readonly MadeFile[]}): Sending {
    // A source that comes up for the first time has the highest number of all.
    const lone = inputs.files.findLast(({path}) => path === source)?.id;
    const {lists, rest} = this.#lists.refer(inputs, lone);
    const contents = new Map<Digest, Buffer>(
      made.map(file => [digestOf(file.content), Buffer.from(file.content)]),
    );
    for (const [{digest, bytes}] of lists) contents.set(digest, bytes);
    const own = joinTrees([treeOf(rest, inputs), {directories: made.map(directoryOf), links: []}]);
    return {
      inputs: {
        lists: lists.map(([{digest}, wanted]) => [digest, wanted]),
        own,
      },
      upload: () => this.#upload(inputs, contents),
    };
  }

  /** The store has lost something: the next upload looks for everything again. */
  forget(): void {
    this.#stored = [];
  }

  async #upload({numbers, files}: Inputs, contents: ReadonlyMap<Digest, Buffer>): Promise<void> {
    const stored = this.#stored;
    const unsure: Input[] = [];
    numbers.forEach((id, i) => {
      if (stored[id] !== files[i]) unsure.push(files[i]!);
    });
    const places = new Map(unsure.map(({file, path}) => [file[1], path]));
    for (const digest of await this.#store.missing([...places.keys(), ...contents.keys()])) {
      const bytes = contents.get(digest) ?? readNow(places.get(digest)!);
      // Edited or removed since it was looked at: what is sent must be what was named.
      if (!bytes || digestOf(bytes) !== digest) throw new InputChanged();
      await this.#store.put(digest, bytes);
    }
    for (const file of unsure) stored[file.id] = file;
  }
}

function directoryOf({path, content}: MadeFile): TreeDirectory {
  const slash = path.lastIndexOf('/');
  return {path: path.slice(0, slash) || '/', files: [[path.slice(slash + 1), digestOf(content), 0, 0]]};
}
