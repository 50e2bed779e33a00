/** Sees to it that a worker can have the inputs of a compile: what they are called, and that the store has them. */
import {type Digest, digestOf} from '../protocol/digest.ts';
import {type FileList, joinTrees} from '../protocol/file-list.ts';
import type {ActionInputs, CarriedBlob} from '../protocol/invocation.ts';
import {pathIn, type TreeDirectory} from '../protocol/tree.ts';
import {type Input, type Inputs, treeOf} from '../toolchain/input-finder.ts';
import type {PackContent, PackStore, Store} from './cloud.ts';
import {InputChanged} from './fault.ts';
import {Gathering} from './gathering.ts';
import {InputLists, LISTS_OF_NAMES, type ListPolicy, type Reference, type SentList} from './input-lists.ts';
import {readNow} from './observed-run.ts';
import type {MadeFile} from './prepared.ts';
import {loadLists, type SavedPlaces, saveLists} from './saved-lists.ts';

export interface Sending {
  readonly inputs: ActionInputs;
  /**
   * Puts into the store what it lacks, and answers what the request has to carry. What the store was seen to have is not
   * asked for again until {@link InputSender.forget}.
   * @throws StoreError, InputChanged
   */
  readonly upload: () => Promise<readonly CarriedBlob[]>;
}

/** Where each request costs, lists bring their files along: as few as can be, since a fresh worker gets all of them. */
const LISTS_OF_FILES: ListPolicy = {size: 24, most: 4, isSystem: path => path.startsWith('/usr/')};
/** Bytes of inputs that one request carries at most: what cannot be compressed grows by a third, and 6 MB is the limit. */
const CARRIED = 3 << 20;

export class InputSender {
  readonly #store: Store;
  readonly #lists: InputLists;
  readonly #gathering = new Gathering();
  readonly #places: SavedPlaces | undefined;
  #saved: readonly SentList[];
  /** The looks at files, by their numbers, whose bytes are in the store. */
  #stored: (Input | undefined)[] = [];

  /** `places`: where lists that bring files along are kept between builds. */
  constructor(store: Store, places?: SavedPlaces) {
    this.#store = store;
    this.#lists = new InputLists(store.packs ? LISTS_OF_FILES : LISTS_OF_NAMES);
    this.#places = store.packs && places;
    if (this.#places) this.#lists.restore(loadLists(this.#places));
    this.#saved = [...this.#lists.lists];
  }

  /** A compile is being looked into, whose inputs may come. The answer is called when they do, or when they will not. */
  expect(): () => void {
    return this.#store.packs ? this.#gathering.expect() : () => {};
  }

  /** `source`: the path of the one file that no other compile is likely to need. */
  async send(inputs: Inputs, {source, made}: {source: string; made: readonly MadeFile[]}): Promise<Sending> {
    // A source that comes up for the first time has the highest number of all.
    const lone = inputs.files.findLast(({path}) => path === source)?.id;
    // What compiles that begin together have in common goes into one pack.
    if (this.#store.packs && this.#lists.note(inputs, lone)) await this.#gathering.settled();
    const {lists, rest} = this.#lists.refer(inputs, lone);
    const contents = new Map<Digest, Buffer>(
      made.map(file => [digestOf(file.content), Buffer.from(file.content)]),
    );
    const own = joinTrees([treeOf(rest, inputs), {directories: made.map(directoryOf), links: []}]);
    return {
      inputs: {
        lists: lists.map(([{digest}, wanted]) => [digest, wanted]),
        own,
      },
      upload: async () => {
        if (this.#store.packs) return this.#pack(this.#store.packs, {lists, rest, contents});
        for (const [{digest, bytes}] of lists) contents.set(digest, bytes);
        await this.#upload(inputs, contents);
        return [];
      },
    };
  }

  /** The store has lost something: the next upload looks for everything again. */
  forget(): void {
    this.#stored = [];
  }

  async #pack(
    packs: PackStore,
    {lists, rest, contents}: Reference & {readonly contents: ReadonlyMap<Digest, Buffer>},
  ): Promise<readonly CarriedBlob[]> {
    await Promise.all(lists.map(([list]) => this.#putList(packs, list)));
    this.#save();
    const carried: CarriedBlob[] = [];
    let size = 0;
    const places = new Map(rest.map(({file, path}) => [file[1], path]));
    for (const digest of new Set([...places.keys(), ...contents.keys()])) {
      const bytes = contents.get(digest) ?? readAs(digest, places.get(digest)!);
      if (size + bytes.length > CARRIED) {
        if ((await this.#store.missing([digest])).length > 0) await this.#store.put(digest, bytes);
        continue;
      }
      size += bytes.length;
      carried.push([digest, bytes]);
    }
    return carried;
  }

  async #putList(packs: PackStore, list: SentList): Promise<void> {
    try {
      await packs.put(list.digest, () => contentOf(list));
    } catch (error) {
      // The store has lost it, and here it cannot be made again.
      if (error instanceof InputChanged) this.#lists.drop(list);
      throw error;
    }
  }

  #save(): void {
    const {lists} = this.#lists;
    if (
      !this.#places ||
      (lists.length === this.#saved.length && lists.every((list, i) => list === this.#saved[i]))
    )
      return;
    this.#saved = [...lists];
    saveLists(this.#places, lists);
  }

  async #upload({numbers, files}: Inputs, contents: ReadonlyMap<Digest, Buffer>): Promise<void> {
    const stored = this.#stored;
    const unsure: Input[] = [];
    numbers.forEach((id, i) => {
      if (stored[id] !== files[i]) unsure.push(files[i]!);
    });
    const places = new Map(unsure.map(({file, path}) => [file[1], path]));
    for (const digest of await this.#store.missing([...places.keys(), ...contents.keys()])) {
      const bytes = contents.get(digest) ?? readAs(digest, places.get(digest)!);
      await this.#store.put(digest, bytes);
    }
    for (const file of unsure) stored[file.id] = file;
  }
}

function contentOf({bytes}: SentList): PackContent {
  const {directories} = JSON.parse(bytes.toString()) as FileList;
  const places = new Map(
    directories.flatMap(({path, files}) => files.map(file => [file[1], pathIn(path, file[0])])),
  );
  return {
    list: bytes,
    blobs: places.keys(),
    read: digest => readAs(digest, places.get(digest)!),
    isLasting: false,
  };
}

/** @throws InputChanged where it was edited or removed since it was looked at: what is sent must be what was named */
function readAs(digest: Digest, path: string): Buffer {
  const bytes = readNow(path);
  if (!bytes || digestOf(bytes) !== digest) throw new InputChanged();
  return bytes;
}

function directoryOf({path, content}: MadeFile): TreeDirectory {
  const slash = path.lastIndexOf('/');
  return {path: path.slice(0, slash) || '/', files: [[path.slice(slash + 1), digestOf(content), 0, 0]]};
}
