/** How inputs travel where each request costs: in packs that are sent once, and the rest inside the request. */
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type Digest, digestOf} from '../protocol/digest.ts';
import {type FileList, filesAt} from '../protocol/file-list.ts';
import type {ActionInputs, CarriedBlob} from '../protocol/invocation.ts';
import {IdSet} from '../toolchain/id-set.ts';
import type {Input, Inputs} from '../toolchain/input-finder.ts';
import type {PackContent, Store} from './cloud.ts';
import {InputChanged} from './fault.ts';
import {InputSender} from './input-sender.ts';

/** Packs, and no blob but what is too large for a request. */
class PackedStore implements Store {
  readonly inlineLimit = 0;
  readonly lists = new Map<Digest, string>();
  readonly contents = new Map<Digest, string>();
  readonly single = new Map<Digest, Uint8Array>();
  puts = 0;
  readonly packs = {
    put: async (name: Digest, content: () => PackContent) => {
      if (this.lists.has(name)) return;
      const {list, blobs, read} = content();
      const contents = Array.from(blobs, digest => [digest, Buffer.from(read(digest)).toString()] as const);
      for (const [digest, content] of contents) this.contents.set(digest, content);
      this.lists.set(name, Buffer.from(list).toString());
      this.puts++;
    },
  };

  async missing(digests: Iterable<Digest>): Promise<Digest[]> {
    return [...digests].filter(digest => !this.single.has(digest));
  }

  forget(): void {}

  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    this.single.set(digest, bytes);
  }

  async get(): Promise<Buffer> {
    throw new Error('nothing is read here');
  }

  /** Path and content of each file that a worker would lay out. */
  seenBy(inputs: ActionInputs, carried: readonly CarriedBlob[]): Map<string, string> {
    const inRequest = new Map(carried.map(([digest, bytes]) => [digest, Buffer.from(bytes).toString()]));
    const listed = inputs.lists.flatMap(([digest, wanted]) =>
      filesAt(JSON.parse(this.lists.get(digest)!) as FileList, wanted),
    );
    const files = new Map<string, string>();
    for (const {path, files: all} of [...listed, ...inputs.own.directories])
      for (const [name, digest] of all) {
        const single = this.single.get(digest);
        const content =
          inRequest.get(digest) ?? this.contents.get(digest) ?? (single && Buffer.from(single).toString());
        files.set(`${path}/${name}`, content ?? 'missing');
      }
    return files;
  }
}

let folder: string;
let store: PackedStore;
let lastId: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-packed-'));
  store = new PackedStore();
  lastId = 0;
});
afterEach(() => rmSync(folder, {recursive: true}));

function places() {
  return {system: join(folder, 'cache', 'lists.json'), own: join(folder, 'build', 'lists.json')};
}

function input(name: string, content = name): Input {
  const directory = join(folder, 'include');
  mkdirSync(directory, {recursive: true});
  writeFileSync(join(directory, name), content);
  return {
    id: lastId++,
    path: join(directory, name),
    name,
    directory,
    file: [name, digestOf(content), 1, 0],
  };
}

function inputsOf(some: readonly Input[]): Inputs {
  const ids = new IdSet();
  for (const {id} of some) ids.add(id);
  const files = [...some].sort((one, other) => one.id - other.id);
  return {files, numbers: ids.members(), ids, young: [], directories: [], links: []};
}

const headers = (count: number) => Array.from({length: count}, (_, i) => input(`h${i}.h`));

async function send(sender: InputSender, some: readonly Input[], source = '') {
  const {inputs, upload} = await sender.send(inputsOf(some), {source, made: []});
  const carried = await upload();
  return {inputs, carried, seen: store.seenBy(inputs, carried)};
}

const wanted = (some: readonly Input[]) => new Map(some.map(({path, name}) => [path, name]));

describe('inputs', () => {
  it('of compiles that begin together come to a worker whole, by one pack', async () => {
    const shared = headers(200);
    const sender = new InputSender(store, places());
    const compiles = Array.from({length: 20}, (_, i) => [...shared.slice(i, i + 150), input(`s${i}.cc`)]);
    const sent = await Promise.all(compiles.map(files => send(sender, files, files.at(-1)!.path)));
    for (const [i, {seen, carried}] of sent.entries()) {
      expect(seen).toEqual(wanted(compiles[i]!));
      // The source, which nobody else needs.
      expect(carried).toHaveLength(1);
    }
    expect(store.puts).toBe(1);
    expect(store.single.size).toBe(0);
  });

  it('that are few ride inside the request', async () => {
    const few = headers(5);
    const {seen, inputs} = await send(new InputSender(store, places()), few);
    expect(inputs.lists).toEqual([]);
    expect(seen).toEqual(wanted(few));
    expect(store.puts).toBe(0);
  });

  it('that are too large for a request go through the store', async () => {
    const large = input('large.inc', 'x'.repeat(4 << 20));
    const {carried, seen} = await send(new InputSender(store, places()), [large]);
    expect(carried).toEqual([]);
    expect(seen.get(large.path)).toHaveLength(4 << 20);
  });

  it('are known to the next build, which sends what is new alone', async () => {
    const shared = headers(100);
    await send(new InputSender(store, places()), shared);
    const next = new InputSender(store, places());
    const again = await send(next, shared);
    expect(again.seen).toEqual(wanted(shared));
    expect(again.carried).toEqual([]);
    const edited = [...shared.slice(1), {...input('h0.h', 'edited'), id: shared[0]!.id}];
    const {carried, seen} = await send(new InputSender(store, places()), edited);
    expect(carried).toHaveLength(1);
    expect(seen.get(edited.at(-1)!.path)).toBe('edited');
    expect(store.puts).toBe(1);
  });

  it('get into another pack when the store has lost theirs and one was edited', async () => {
    const shared = headers(100);
    await send(new InputSender(store, places()), shared);
    store.lists.clear();
    store.contents.clear();
    const edited = [...shared.slice(1), {...input('h0.h', 'edited'), id: shared[0]!.id}];
    const sender = new InputSender(store, places());
    await expect(send(sender, edited)).rejects.toThrow(InputChanged);
    const {seen} = await send(sender, edited);
    expect(seen.get(edited.at(-1)!.path)).toBe('edited');
    expect([...seen.values()]).not.toContain('missing');
  });

  it('of few lists at most', async () => {
    const sender = new InputSender(store, places());
    const all: Input[] = [];
    for (let i = 0; i < 12; i++) {
      all.push(...Array.from({length: 30}, (_, j) => input(`n${i}-${j}.h`)));
      const {inputs, seen} = await send(sender, all);
      expect(inputs.lists.length).toBeLessThanOrEqual(4);
      expect(seen).toEqual(wanted(all));
    }
  });
});
