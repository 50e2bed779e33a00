import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type Digest, digestOf} from '../../protocol/digest.ts';
import {bundleProgram, startProgram} from '../../test/child-program.ts';
import {StoreError} from '../cloud.ts';
import {noCounts} from '../counts.ts';
import {DiskStore} from './disk-store.ts';

const BYTES = Buffer.from('what a header says');
const DIGEST = digestOf(BYTES);
const HOUR = 3600;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'llama-store-'));
});

afterEach(() => rmSync(directory, {recursive: true, force: true}));

function open(at = directory): DiskStore {
  return new DiskStore(at, noCounts());
}

function pathOf(digest: Digest): string {
  return join(directory, 'blobs', digest.slice(0, 2), digest.slice(2));
}

async function faultOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof StoreError)) throw new Error(`no fault of the store: ${error}`);
  return error;
}

/** Makes a file so old that its next use is worth a mark. */
function age(path: string): void {
  const old = Date.now() / 1000 - 2 * HOUR;
  utimesSync(path, old, old);
}

describe('a store on disk', () => {
  it('gives back what was put, also to another client, and counts it', async () => {
    const counts = noCounts();
    const store = new DiskStore(directory, counts);
    expect(await store.missing([DIGEST])).toEqual([DIGEST]);
    await store.put(DIGEST, BYTES);
    expect(await store.missing([DIGEST])).toEqual([]);
    expect(await store.get(DIGEST)).toEqual(BYTES);
    expect(counts).toMatchObject({head: 1, put: 1, get: 1, bytesUp: BYTES.length, bytesDown: BYTES.length});
    expect(await open().missing([DIGEST, digestOf('other')])).toEqual([digestOf('other')]);
    expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
  });

  it('holds an empty blob too', async () => {
    const store = open();
    await store.put(digestOf(''), new Uint8Array());
    expect(await store.get(digestOf(''))).toHaveLength(0);
  });

  it.each([
    ['damaged', (path: string) => writeFileSync(path, 'What a header says')],
    ['cut short', (path: string) => writeFileSync(path, 'what')],
    ['emptied', (path: string) => writeFileSync(path, '')],
  ])('finds a blob that was %s, removes it, and takes it again', async (_how, spoil) => {
    const store = open();
    await store.put(DIGEST, BYTES);
    spoil(pathOf(DIGEST));
    expect((await faultOf(store.get(DIGEST))).reason).toBe('blob-corrupt');
    expect(existsSync(pathOf(DIGEST))).toBe(false);
    expect(await store.missing([DIGEST])).toEqual([DIGEST]);
    await store.put(DIGEST, BYTES);
    expect(await store.get(DIGEST)).toEqual(BYTES);
  });

  it('looks again for a blob that somebody missed', async () => {
    const store = open();
    await store.put(DIGEST, BYTES);
    rmSync(pathOf(DIGEST));
    expect(await store.missing([DIGEST])).toEqual([]);
    store.forget([DIGEST]);
    expect(await store.missing([DIGEST])).toEqual([DIGEST]);
  });

  it('tells an absent blob from a store that cannot be read', async () => {
    const store = open();
    expect((await faultOf(store.get(DIGEST))).reason).toBe('blob-missing');
    mkdirSync(pathOf(DIGEST), {recursive: true});
    expect((await faultOf(store.get(DIGEST))).reason).toBe('store-failed');
  });

  it('goes on when the whole store is removed under it', async () => {
    const store = open();
    await store.put(DIGEST, BYTES);
    rmSync(directory, {recursive: true});
    expect((await faultOf(store.get(DIGEST))).reason).toBe('blob-missing');
    await store.put(DIGEST, BYTES);
    expect(await store.get(DIGEST)).toEqual(BYTES);
  });

  it('below a regular file names the fault, the same for every blob', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, 'precious');
    const store = open(join(file, 'store'));
    const faults = [];
    for (const text of ['one', 'two']) {
      const digest = digestOf(text);
      faults.push(await faultOf(store.put(digest, Buffer.from(text))));
      const missing = store.missing([digest]);
      if (process.version.startsWith('v20.')) faults.push(await faultOf(missing));
      // For `stat` of newer nodes what lies below a file is absent.
      else expect(await missing).toEqual([digest]);
      faults.push(await faultOf(store.get(digest)));
    }
    expect(faults.every(({reason}) => reason === 'store-failed')).toBe(true);
    expect(new Set(faults.map(({message}) => message)).size).toBe(2);
    for (const {message} of faults) expect(message).toContain(`${file}/store: ENOTDIR`);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  it('that cannot put a blob in place says so and leaves nothing behind', async () => {
    const store = open();
    mkdirSync(join(directory, 'tmp'));
    mkdirSync(join(directory, 'blobs', DIGEST.slice(0, 2)), {recursive: true});
    // A name that is taken stands for whatever else keeps a file from being put in place.
    mkdirSync(join(pathOf(DIGEST), 'taken'), {recursive: true});
    expect((await faultOf(store.put(DIGEST, BYTES))).message).toContain(directory);
    expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
  });
});

describe('the age of a blob', () => {
  it('is renewed when it is asked for, and when it is read', async () => {
    await open().put(DIGEST, BYTES);
    for (const use of [() => open().missing([DIGEST]), () => open().get(DIGEST)]) {
      age(pathOf(DIGEST));
      const before = statSync(pathOf(DIGEST)).mtimeMs;
      await use();
      expect(statSync(pathOf(DIGEST)).mtimeMs).toBeGreaterThan(before + HOUR * 1000);
    }
  });

  it('is left alone while the blob is young', async () => {
    const store = open();
    await store.put(DIGEST, BYTES);
    const young = Date.now() / 1000 - 60;
    utimesSync(pathOf(DIGEST), young, young);
    const before = statSync(pathOf(DIGEST)).mtimeMs;
    await open().missing([DIGEST]);
    await store.get(DIGEST);
    expect(statSync(pathOf(DIGEST)).mtimeMs).toBe(before);
  });
});

it('serves several processes that put the same blobs at once', async () => {
  const text = `
    import {DiskStore} from './disk-store.ts';
    import {digestOf} from '../../protocol/digest.ts';
    const store = new DiskStore(process.argv[2]!, {get: 0, put: 0, head: 0, bytesUp: 0, bytesDown: 0} as never);
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.alloc(5000 + i, i);
      await store.put(digestOf(bytes), bytes);
      if (!(await store.get(digestOf(bytes))).equals(bytes)) process.exit(1);
    }
  `;
  const outfile = join(directory, 'client.mjs');
  bundleProgram(text, {directory: import.meta.dirname, outfile});
  const clients = [1, 2, 3].map(() => startProgram(outfile, [directory]));
  expect(await Promise.all(clients.map(client => client.end))).toEqual([0, 0, 0]);
  const store = open();
  const blobs = Array.from({length: 200}, (_, i) => Buffer.alloc(5000 + i, i));
  expect(await store.missing(blobs.map(digestOf))).toEqual([]);
  for (const bytes of blobs) expect(await store.get(digestOf(bytes))).toEqual(bytes);
  expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
});
