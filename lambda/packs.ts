/**
 * Packs on the worker's disk, each as one file that holds its blobs one behind the other, with an index in memory. What
 * arrives is decompressed and written while the rest is on its way. It knows no network.
 */
import {closeSync, ftruncateSync, mkdirSync, openSync, readSync, rmSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {type Digest, digestOf} from '../src/protocol/digest.ts';
import {headLength, PACK_PREFIX_SIZE, type PackHead, parsePackHead} from '../src/protocol/pack.ts';
import {BlobError} from './blob-source.ts';

/** One zstd frame, on another thread. */
export type Decompress = (bytes: Buffer) => Promise<Uint8Array>;

export interface OpenPack {
  readonly list: Buffer;
  /** Bytes as they came, and the ms that they took to come and to be unpacked. */
  readonly received: number;
  readonly took: number;
}

interface Place {
  readonly offset: number;
  readonly size: number;
}

interface Held {
  readonly handle: number;
  readonly size: number;
  readonly list: Buffer;
  readonly places: ReadonlyMap<Digest, Place>;
}

/** Invariant: a blob that has a place has all its bytes on disk; whether they are right is found when it is read. */
export class Packs {
  readonly #directory: string;
  /** Bytes on disk; beyond them packs go, least recently used first. */
  readonly #limit: number;
  readonly #decompress: Decompress;
  readonly #held = new Map<Digest, Held>();

  /** `directory` is emptied first. */
  constructor(directory: string, {limit, decompress}: {limit: number; decompress: Decompress}) {
    rmSync(directory, {recursive: true, force: true});
    mkdirSync(directory, {recursive: true});
    this.#directory = directory;
    this.#limit = limit;
    this.#decompress = decompress;
  }

  /** The list of a pack that is here. */
  listOf(name: Digest): Buffer | undefined {
    const held = this.#held.get(name);
    if (!held) return undefined;
    this.#held.delete(name);
    this.#held.set(name, held);
    return held.list;
  }

  /** A blob of any pack that is here. @throws BlobError, naming the pack */
  get(digest: Digest): Buffer | undefined {
    const [name, place] = this.#find(digest) ?? [];
    if (name === undefined || !place) return undefined;
    const {handle} = this.#held.get(name)!;
    const bytes = Buffer.allocUnsafe(place.size);
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(handle, bytes, done, bytes.length - done, place.offset + done);
      if (read === 0) throw new BlobError('blob-corrupt', name, 'it is shorter than it says');
      done += read;
    }
    if (digestOf(bytes) !== digest) {
      // What came is not what was sent: the next one who needs the pack gets another copy.
      this.drop(name);
      throw new BlobError('blob-corrupt', name, `of ${digest}`);
    }
    return bytes;
  }

  /** Takes a pack in. @throws BlobError, naming the pack, where it is none */
  async add(name: Digest, chunks: AsyncIterable<Uint8Array>): Promise<OpenPack> {
    const began = performance.now();
    // No name on disk: it goes with the process, and nobody else looks for it.
    const path = join(this.#directory, name);
    const handle = openSync(path, 'w+');
    rmSync(path);
    const writes: Promise<void>[] = [];
    try {
      const reader = new ChunkReader(chunks, name);
      const head = await this.#readHead(reader, name);
      const list = Buffer.from(head.list);
      if (digestOf(list) !== name) throw new BlobError('blob-corrupt', name);
      const size = head.frames.reduce((sum, [, length]) => sum + length, 0);
      ftruncateSync(handle, size);
      let offset = 0;
      for (const [stored, length] of head.frames) {
        const frame = await reader.take(stored);
        const write = this.#unpack(frame, {handle, offset, length, name});
        // It is awaited below, perhaps long after it has failed.
        write.catch(() => {});
        writes.push(write);
        offset += length;
        // As many at once as there are threads for them, so that memory holds a few frames and not the whole.
        if (writes.length >= FRAMES_AT_ONCE) await writes[writes.length - FRAMES_AT_ONCE];
      }
      await Promise.all(writes);
      this.#hold(name, {handle, size, list, places: placesIn(head)});
      return {list, received: reader.received, took: performance.now() - began};
    } catch (error) {
      // A write that is under way must not meet another file by the same number.
      await Promise.allSettled(writes);
      closeSync(handle);
      throw error;
    }
  }

  /** Lets a pack go whose blobs are elsewhere by now. */
  drop(name: Digest): void {
    const held = this.#held.get(name);
    if (!held) return;
    this.#held.delete(name);
    closeSync(held.handle);
  }

  async #readHead(reader: ChunkReader, name: Digest): Promise<PackHead> {
    const length = headLength(await reader.take(PACK_PREFIX_SIZE));
    if (length === undefined) throw new BlobError('blob-corrupt', name, 'it is no pack');
    const stored = await reader.take(length);
    const head = parsePackHead(await this.#decompress(stored).catch(() => Buffer.alloc(0)));
    if (!head) throw new BlobError('blob-corrupt', name, 'its head cannot be read');
    // The name vouches for the list alone, and the list for what may be in the pack.
    const named = new Set(head.list.match(/\b[0-9a-f]{64}\b/g));
    if (!head.blobs.every(([digest]) => named.has(digest)))
      throw new BlobError('blob-corrupt', name, 'it holds what its list does not name');
    return head;
  }

  async #unpack(
    frame: Buffer,
    {handle, offset, length, name}: {handle: number; offset: number; length: number; name: Digest},
  ): Promise<void> {
    let bytes: Uint8Array;
    try {
      bytes = await this.#decompress(frame);
    } catch (error) {
      throw new BlobError('blob-corrupt', name, (error as Error).message);
    }
    if (bytes.length !== length) throw new BlobError('blob-corrupt', name, 'a frame is of another size');
    for (let done = 0; done < length; ) done += writeSync(handle, bytes, done, length - done, offset + done);
  }

  close(): void {
    for (const name of [...this.#held.keys()]) this.drop(name);
  }

  /** Several packs may have the same blob; that one of them goes takes nothing from the others. */
  #find(digest: Digest): [pack: Digest, Place] | undefined {
    for (const [name, {places}] of this.#held) {
      const place = places.get(digest);
      if (place) return [name, place];
    }
    return undefined;
  }

  #hold(name: Digest, held: Held): void {
    this.drop(name);
    this.#held.set(name, held);
    let total = 0;
    for (const {size} of this.#held.values()) total += size;
    for (const [oldest, {size}] of this.#held) {
      if (total <= this.#limit || oldest === name) break;
      this.drop(oldest);
      total -= size;
    }
  }
}

function placesIn({blobs}: PackHead): Map<Digest, Place> {
  const places = new Map<Digest, Place>();
  let offset = 0;
  for (const [digest, size] of blobs) {
    places.set(digest, {offset, size});
    offset += size;
  }
  return places;
}

/** libuv's threads. */
const FRAMES_AT_ONCE = 4;

/** Cuts a stream at lengths that are known one after the other. */
class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #name: Digest;
  #have: Uint8Array[] = [];
  #length = 0;
  received = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, name: Digest) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#name = name;
  }

  async take(length: number): Promise<Buffer> {
    while (this.#length < length) {
      const next = await this.#chunks.next();
      if (next.done) throw new BlobError('blob-corrupt', this.#name, 'it ends too early');
      this.#have.push(next.value);
      this.#length += next.value.length;
      this.received += next.value.length;
    }
    const [only] = this.#have;
    const all =
      only && this.#have.length === 1
        ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
        : Buffer.concat(this.#have);
    this.#have = [all.subarray(length)];
    this.#length = all.length - length;
    return all.subarray(0, length);
  }
}
