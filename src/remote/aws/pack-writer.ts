/** Makes packs, see `protocol/pack.ts`. Compression is on other threads. */
import type {Digest} from '../../protocol/digest.ts';
import {type PackHead, packPrefix} from '../../protocol/pack.ts';
import {loadZstd} from './zstd.ts';

/** Bytes of a frame before compression: what a reader holds in memory of it, several times. */
const FRAME_SIZE = 2 << 20;
/** Frames that are compressed at once; libuv has four threads. */
const AT_ONCE = 4;

export interface PackOptions {
  /** The list's bytes: text. */
  readonly list: Uint8Array;
  readonly blobs: Iterable<Digest>;
  /** A blob's bytes. What it throws, {@link makePack} throws. */
  readonly read: (digest: Digest) => Uint8Array;
  /** Of zstd, 1 to 22. */
  readonly level: number;
}

export async function makePack({list, blobs, read, level}: PackOptions): Promise<Buffer> {
  const {compress} = await loadZstd();
  const sizes: [Digest, number][] = [];
  const frames: Promise<Buffer>[] = [];
  const lengths: number[] = [];
  let chunks: Uint8Array[] = [];
  let length = 0;
  const flush = async () => {
    if (length === 0) return;
    const frame = compress(Buffer.concat(chunks), level);
    // It is awaited below, perhaps after another has failed.
    frame.catch(() => {});
    frames.push(frame);
    lengths.push(length);
    chunks = [];
    length = 0;
    if (frames.length >= AT_ONCE) await frames[frames.length - AT_ONCE];
  };
  for (const digest of blobs) {
    const bytes = read(digest);
    sizes.push([digest, bytes.length]);
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + FRAME_SIZE - length);
      chunks.push(part);
      length += part.length;
      from += part.length;
      if (length === FRAME_SIZE) await flush();
    }
  }
  await flush();
  const stored = await Promise.all(frames);
  const head: PackHead = {
    list: Buffer.from(list).toString(),
    blobs: sizes,
    frames: stored.map((frame, i) => [frame.length, lengths[i]!]),
  };
  const headFrame = await compress(Buffer.from(JSON.stringify(head)), level);
  return Buffer.concat([packPrefix(headFrame.length), headFrame, ...stored]);
}
