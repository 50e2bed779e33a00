/** Packs, from the client's writer to the worker's reader. */

import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {decompress} from '@mongodb-js/zstd';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import {BlobError} from '../../../lambda/blob-source.ts';
import {Packs} from '../../../lambda/packs.ts';
import {type Digest, digestOf} from '../../protocol/digest.ts';
import {makePack} from './pack-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'llama-packs-'));
afterAll(() => rmSync(folder, {recursive: true}));
let folders = 0;

function openPacks(limit = 1 << 30): Packs {
  return new Packs(join(folder, String(folders++)), {limit, decompress});
}

async function packOf(
  blobs: readonly Buffer[],
  title = 'a list',
): Promise<{name: Digest; list: string; bytes: Buffer}> {
  const byDigest = new Map(blobs.map(blob => [digestOf(blob), blob]));
  const list = [title, ...byDigest.keys()].join('\n');
  const bytes = await makePack({
    list: Buffer.from(list),
    blobs: byDigest.keys(),
    read: digest => byDigest.get(digest)!,
    level: 3,
  });
  return {name: digestOf(list), list, bytes};
}

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Bytes that repeat now and then, as sources do. */
function text(length: number, seed: number): Buffer {
  return Buffer.from(Array.from({length}, (_, i) => (i * i * seed) % 251));
}

describe('a pack', () => {
  it('gives back its list and its blobs, however it is cut on the way', async () => {
    const sizes = fc.array(fc.oneof(fc.nat(2000), fc.constantFrom(0, 2 << 20, 5_000_000)), {maxLength: 12});
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({min: 1000, max: 300_000}), async (lengths, chunk) => {
        const blobs = lengths.map((length, i) => text(length, i + 1));
        const {name, list: wanted, bytes} = await packOf(blobs);
        const packs = openPacks();
        const {list, received} = await packs.add(name, inChunks(bytes, chunk));
        expect(list.toString()).toBe(wanted);
        expect(received).toBe(bytes.length);
        for (const blob of blobs) expect(packs.get(digestOf(blob))?.equals(blob)).toBe(true);
        packs.close();
      }),
      {numRuns: 15},
    );
  });

  it('that was damaged or cut off is refused, or serves nothing that is wrong', async () => {
    const blob = text(5000, 7);
    const {name, bytes} = await packOf([blob, text(100, 3)]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({min: 1, max: 255}),
        fc.boolean(),
        async (at, by, cut) => {
          const damaged = cut ? bytes.subarray(0, at) : Buffer.from(bytes);
          if (!cut) damaged[at]! ^= by;
          const packs = openPacks();
          try {
            await packs.add(name, inChunks(damaged, 512));
            expect(packs.get(digestOf(blob))?.equals(blob)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(BlobError);
            expect((error as BlobError).reason).toBe('blob-corrupt');
          }
          packs.close();
        },
      ),
      {numRuns: 60},
    );
  });

  it('by another name is refused', async () => {
    const {bytes} = await packOf([text(10, 1)]);
    await expect(openPacks().add(digestOf('another list'), inChunks(bytes, 100))).rejects.toThrow(
      'blob-corrupt',
    );
  });

  it('goes when others need its place, and takes its blobs along', async () => {
    const blobs = [text(60_000, 1), text(60_000, 2)];
    const packs = openPacks(100_000);
    const [one, two] = await Promise.all(blobs.map((blob, i) => packOf([blob], `list ${i}`)));
    await packs.add(one!.name, inChunks(one!.bytes, 1000));
    await packs.add(two!.name, inChunks(two!.bytes, 1000));
    expect(packs.listOf(one!.name)).toBeUndefined();
    expect(packs.get(digestOf(blobs[0]!))).toBeUndefined();
    expect(packs.get(digestOf(blobs[1]!))?.equals(blobs[1]!)).toBe(true);
  });

  it('is not made of what cannot be read', async () => {
    const read = () => {
      throw new Error('it was edited');
    };
    const made = makePack({list: Buffer.from('l'), blobs: [digestOf('x')], read, level: 3});
    await expect(made).rejects.toThrow('it was edited');
  });
});
