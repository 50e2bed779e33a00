/**
 * A pack: a blob that names others, with those others behind it, so that what is needed together is fetched at once.
 * It has the name of the blob that names the others (its *list*: a {@link FileList} or a `Toolchain`), which says what
 * is in it; how it is cut and compressed is nobody's business.
 *
 *     bytes 0 to 3   'LLP1'
 *     bytes 4 to 7   length of the head, little endian
 *     the head       a zstd frame of JSON, see PackHead
 *     the frames     zstd frames, of one stream: the blobs one behind the other
 *
 * Invariant: each blob in it has the digest that the head says; readers verify that. No I/O here.
 */
import type {Digest} from './digest.ts';

export interface PackHead {
  /** The list's own bytes, as text. */
  readonly list: string;
  /** In the order of the stream. */
  readonly blobs: readonly (readonly [digest: Digest, size: number])[];
  /** Length of each frame in the pack, and of what it decompresses to. */
  readonly frames: readonly (readonly [stored: number, size: number])[];
}

export const PACK_PREFIX_SIZE = 8;
const MAGIC = 'LLP1';
/** More than any head needs: 100,000 blobs make 8 MB of JSON before compression. */
const HEAD_LIMIT = 16 << 20;

export function packPrefix(headLength: number): Buffer {
  const prefix = Buffer.alloc(PACK_PREFIX_SIZE);
  prefix.write(MAGIC, 'latin1');
  prefix.writeUInt32LE(headLength, 4);
  return prefix;
}

/** Length of the head; undefined where the bytes begin no pack. */
export function headLength(prefix: Buffer): number | undefined {
  if (prefix.length < PACK_PREFIX_SIZE || prefix.toString('latin1', 0, 4) !== MAGIC) return undefined;
  const length = prefix.readUInt32LE(4);
  return length > HEAD_LIMIT ? undefined : length;
}

/** The head in these decompressed bytes; undefined where it is not as it must be. */
export function parsePackHead(bytes: Uint8Array): PackHead | undefined {
  let head: Partial<PackHead> | null;
  try {
    head = JSON.parse(new TextDecoder().decode(bytes)) as Partial<PackHead> | null;
  } catch {
    return undefined;
  }
  if (typeof head?.list !== 'string' || !arePairs(head.blobs) || !arePairs(head.frames)) return undefined;
  const {list, blobs, frames} = head as PackHead;
  const ofBlobs = blobs.reduce((sum, [, size]) => sum + size, 0);
  const ofFrames = frames.reduce((sum, [, size]) => sum + size, 0);
  return ofBlobs === ofFrames ? {list, blobs, frames} : undefined;
}

function arePairs(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      pair => Array.isArray(pair) && pair.length === 2 && Number.isSafeInteger(pair[1]) && pair[1] >= 0,
    )
  );
}
