import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {digestOf} from '../src/protocol/digest.ts';
import {BlobError} from './blob-source.ts';
import {DiskStore} from './disk-store.ts';

let directory: string;
let store: DiskStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'llama-store-'));
  store = new DiskStore(join(directory, 'store'));
});
afterEach(() => rmSync(directory, {recursive: true, force: true}));

const bytes = Buffer.from('some bytes');
const digest = digestOf(bytes);

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    if (error instanceof BlobError) return error.reason;
    throw error;
  }
}

it('gives back what it was given, and leaves no temporary file', async () => {
  await store.put(digest, bytes);
  await store.put(digest, bytes);
  expect(Buffer.from(await store.get(digest))).toEqual(bytes);
  expect(store.pathOf(digest)).toBe(join(directory, 'store', 'blobs', digest.slice(0, 2), digest.slice(2)));
  expect(readdirSync(join(directory, 'store', 'tmp'))).toEqual([]);
});

it('copies a blob to a new file, and never over one', async () => {
  await store.put(digest, bytes);
  await store.copyTo(digest, join(directory, 'copy'));
  expect(readFileSync(join(directory, 'copy'))).toEqual(bytes);
  await expect(store.copyTo(digest, join(directory, 'copy'))).rejects.toThrow('EEXIST');
});

it('tells absent from spoilt, and deletes what is spoilt', async () => {
  expect(await reasonOf(store.get(digest))).toBe('blob-missing');
  expect(await reasonOf(store.copyTo(digest, join(directory, 'copy')))).toBe('blob-missing');
  for (const read of [() => store.get(digest), () => store.copyTo(digest, join(directory, 'copy'))]) {
    mkdirSync(dirname(store.pathOf(digest)), {recursive: true});
    writeFileSync(store.pathOf(digest), 'some bytez');
    expect(await reasonOf(read())).toBe('blob-corrupt');
    expect(existsSync(store.pathOf(digest))).toBe(false);
    expect(existsSync(join(directory, 'copy'))).toBe(false);
  }
});

it('says when it cannot keep a blob', async () => {
  writeFileSync(join(directory, 'store'), 'a file where the folder should be');
  expect(await reasonOf(store.put(digest, bytes))).toBe('store-failed');
});
