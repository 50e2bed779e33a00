import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {describe, expect, it, onTestFinished} from 'vitest';
import {type Digest, digestOf} from '../protocol/digest.ts';
import {type FileList, filesAt, joinTrees} from '../protocol/file-list.ts';
import type {ActionInputs} from '../protocol/invocation.ts';
import type {Tree} from '../protocol/tree.ts';
import {IdSet} from '../toolchain/id-set.ts';
import {type Input, type Inputs, treeOf} from '../toolchain/input-finder.ts';
import type {Store} from './cloud.ts';
import {InputChanged} from './fault.ts';
import {InputSender} from './input-sender.ts';

class MemoryStore implements Store {
  readonly inlineLimit = 0;
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly asked: number[] = [];

  async missing(digests: Iterable<Digest>): Promise<Digest[]> {
    const all = [...digests];
    this.asked.push(all.length);
    return all.filter(digest => !this.blobs.has(digest));
  }

  forget(): void {}

  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    this.blobs.set(digest, bytes);
  }

  async get(): Promise<Buffer> {
    throw new Error('nothing is read here');
  }
}

let lastId = 0;

/** A file that stands in `directory` with `content`, without being on any disk. */
function input(directory: string, name: string, content = name): Input {
  const path = `${directory}/${name}`;
  return {id: lastId++, path, name, directory, file: [name, digestOf(content), 1, 0]};
}

function inputsOf(some: readonly Input[], directories: readonly string[] = []): Inputs {
  const ids = new IdSet();
  for (const {id} of some) ids.add(id);
  const files = [...some].sort((one, other) => one.id - other.id);
  return {files, numbers: ids.members(), ids, young: [], directories, links: []};
}

/** What a worker makes of it. */
function laidOut({lists, own}: ActionInputs, store: MemoryStore): Tree {
  const parts = lists.map(([digest, wanted]) => {
    const list = JSON.parse(Buffer.from(store.blobs.get(digest)!).toString()) as FileList;
    return {directories: filesAt(list, wanted), links: []};
  });
  return joinTrees([...parts, own]);
}

const sorted = ({directories, links}: Tree) => ({
  links,
  directories: [...directories]
    .filter(({files}) => files.length > 0)
    .map(({path, files}) => ({path, files: [...files].sort()}))
    .sort((one, other) => (one.path < other.path ? -1 : 1)),
});

const NONE = {source: '', made: []};

describe('InputSender', () => {
  it('lets a worker have what each compile needs, whatever came before', async () => {
    const store = new MemoryStore();
    const compiles = fc.array(fc.uniqueArray(fc.nat(900), {maxLength: 200}), {minLength: 1, maxLength: 30});
    await fc.assert(
      fc.asyncProperty(compiles, fc.array(fc.nat(900), {maxLength: 30}), async (all, edited) => {
        const sender = new InputSender(store);
        const files = Array.from({length: 901}, (_, i) => input(`/d${i % 7}`, `f${i}`));
        for (const {file} of files) store.blobs.set(file[1], Buffer.alloc(0));
        for (const [i, wanted] of all.entries()) {
          const one = edited[i];
          if (one !== undefined) {
            const before = files[one]!;
            const now = {...input(before.directory, before.name, `edit ${i}`), id: before.id};
            store.blobs.set(now.file[1], Buffer.alloc(0));
            files[one] = now;
          }
          const inputs = inputsOf(wanted.map(at => files[at]!));
          const sending = await sender.send(inputs, NONE);
          await sending.upload();
          expect(sorted(laidOut(sending.inputs, store))).toEqual(sorted(treeOf(inputs.files, inputs)));
        }
      }),
      {numRuns: 30},
    );
  });

  it('sends what compiles have in common once', async () => {
    const store = new MemoryStore();
    const sender = new InputSender(store);
    const shared = Array.from({length: 300}, (_, i) => input('/include', `h${i}`));
    for (const {file} of shared) store.blobs.set(file[1], Buffer.alloc(0));
    for (let i = 0; i < 50; i++) {
      const source = input('/src', `s${i}`);
      store.blobs.set(source.file[1], Buffer.alloc(0));
      const {inputs, upload} = await sender.send(inputsOf([...shared, source], ['/src']), {
        source: source.path,
        made: [],
      });
      await upload();
      expect(inputs.lists).toHaveLength(1);
      expect(inputs.own).toEqual({directories: [{path: '/src', files: [source.file]}], links: []});
    }
    expect(store.asked).toEqual([302, ...Array.from({length: 49}, () => 2)]);
    sender.forget();
    await (await sender.send(inputsOf(shared), NONE)).upload();
    expect(store.asked.at(-1)).toBe(301);
  });

  it('keeps the number of lists small', async () => {
    const store = new MemoryStore();
    const sender = new InputSender(store);
    const all: Input[] = [];
    for (let i = 0; i < 40; i++) {
      const files = Array.from({length: 100}, (_, j) => input('/include', `h${i}-${j}`));
      for (const {file} of files) store.blobs.set(file[1], Buffer.alloc(0));
      all.push(...files);
      const sending = await sender.send(inputsOf(all), NONE);
      await sending.upload();
      expect(sending.inputs.lists.length).toBeLessThanOrEqual(8);
      expect(sending.inputs.own.directories).toEqual([]);
      expect(laidOut(sending.inputs, store).directories[0]?.files).toHaveLength(all.length);
    }
  });

  it('lets a file that is made for the worker count before one on disk', async () => {
    const store = new MemoryStore();
    const sender = new InputSender(store);
    const files = Array.from({length: 100}, (_, i) => input('/d', `f${i}`));
    for (const {file} of files) store.blobs.set(file[1], Buffer.alloc(0));
    const made = [
      {path: '/d/f7', content: 'made'},
      {path: '/e/new', content: 'too'},
    ];
    const {inputs, upload} = await sender.send(inputsOf(files), {source: '', made});
    await upload();
    const tree = laidOut(inputs, store);
    const byPath = new Map(
      tree.directories.flatMap(({path, files: all}) => all.map(file => [`${path}/${file[0]}`, file[1]])),
    );
    expect(byPath.get('/d/f7')).toBe(digestOf('made'));
    expect(byPath.get('/e/new')).toBe(digestOf('too'));
    expect(Buffer.from(store.blobs.get(digestOf('made'))!).toString()).toBe('made');
  });

  it('sends no bytes but those that were named', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'llama-sender-'));
    onTestFinished(() => rmSync(directory, {recursive: true}));
    const store = new MemoryStore();
    const file = input(directory, 'a.h', 'one');
    const {upload} = await new InputSender(store).send(inputsOf([file]), NONE);
    await expect(upload()).rejects.toThrow(InputChanged);
    writeFileSync(file.path, 'two');
    await expect(upload()).rejects.toThrow(InputChanged);
    writeFileSync(file.path, 'one');
    await upload();
    expect([...store.blobs.keys()]).toEqual([digestOf('one')]);
  });
});
