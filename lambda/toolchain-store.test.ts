import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type Digest, digestOf} from '../src/protocol/digest.ts';
import {ToolchainStore} from './toolchain-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-toolchains-'));
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

/** Toolchains of one program each, of so many bytes. */
function rig() {
  const blobs = new Map<Digest, Buffer>();
  let fetched = 0;
  const store = new ToolchainStore(folder, {
    get: async digest => {
      fetched++;
      return blobs.get(digest)!;
    },
    put: () => expect.unreachable(),
  });
  const make = (size: number, letter: string): Digest => {
    const program = Buffer.alloc(size, letter);
    const description = Buffer.from(
      JSON.stringify({
        tree: {directories: [{path: '/bin', files: [['cc', digestOf(program), 1e9, 1]]}], links: []},
        loader: '/bin/cc',
        preload: '/bin/cc',
        libraryPath: [],
        absent: [],
      }),
    );
    for (const bytes of [program, description]) blobs.set(digestOf(bytes), bytes);
    return digestOf(description);
  };
  return {store, make, fetched: () => fetched};
}

describe('toolchains on disk', () => {
  it('are fetched once', async () => {
    const {store, make, fetched} = rig();
    const digest = make(10, 'a');
    const {directory} = await store.get(digest);
    await store.get(digest);
    expect(readdirSync(join(directory, 'bin'))).toEqual(['cc']);
    expect(fetched()).toBe(2);
    const {count, bytes, ms} = store.takeUnpacked();
    expect([count, bytes > 10, ms > 0]).toEqual([1, true, true]);
    expect(store.takeUnpacked()).toEqual({count: 0, bytes: 0, ms: 0});
  });

  it('make room from the one that was used longest ago, but for the one in use', async () => {
    const {store, make} = rig();
    const [a, b, c] = [make(10_000, 'a'), make(10_000, 'b'), make(10_000, 'c')];
    for (const digest of [a, b, c, a]) await store.get(digest);
    expect(store.makeRoom(c, 100_000)).toEqual([]);
    expect(store.makeRoom(c, 25_000)).toEqual([b]);
    expect(store.makeRoom(c, 0)).toEqual([a]);
    expect(existsSync(join(folder, c))).toBe(true);
    expect(store.makeRoom(undefined, 0)).toEqual([c]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of an earlier worker go first, and what it left half-made goes at once', async () => {
    const {store, make} = rig();
    const [a, b] = [make(10_000, 'a'), make(10_000, 'b')];
    await store.get(a);
    const later = rig();
    for (const letter of ['a', 'b']) later.make(10_000, letter);
    mkdirSync(join(folder, `${b}.77.1`));
    await later.store.get(b);
    expect(later.store.makeRoom(b, 15_000)).toEqual([a]);
    expect(readdirSync(folder)).toEqual([b]);
  });
});
