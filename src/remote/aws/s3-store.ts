/**
 * Blobs in a bucket. What is put is put once, whoever else puts it at the same time; S3 itself verifies that it is what
 * its name says. What a client puts and what a worker puts are apart: outputs are compressed, and verified by the client
 * that gets them.
 */
import {type Digest, digestOf} from '../../protocol/digest.ts';
import {BLOB_PREFIXES, outputKey} from '../../protocol/places.ts';
import {type PackContent, type Store, StoreError} from '../cloud.ts';
import type {CloudCounts} from '../counts.ts';
import type {Bucket} from './bucket.ts';
import {CloudError, type Controller} from './controller.ts';
import type {KnownObjects} from './known-objects.ts';
import {makePack} from './pack-writer.ts';
import {loadZstd} from './zstd.ts';

export interface S3StoreOptions {
  readonly bucket: Pick<Bucket, 'get' | 'head' | 'put'>;
  readonly controller: Controller;
  readonly known: KnownObjects;
  readonly counts: CloudCounts;
  readonly signal: AbortSignal;
}

/**
 * Of zstd. All are made while the first compiles wait for them: of g++ 3 makes 19.1 MB in 0.5 s of CPU, 9 makes 17.9 in
 * 1.5, 19 makes 16.0 in 25.
 */
const LEVELS = {passing: 3, lasting: 9} as const;
/** A connection that says nothing for so long is lost: in ms, and for each byte sent at 50 KB/s. */
const SILENCE = 30_000;
const SLOWEST = 50;

export class S3Store implements Store {
  /** Beyond it an answer and a cached result become too large. Such outputs live inside the cached result too. */
  readonly inlineLimit = 256 << 10;
  readonly #options: S3StoreOptions;
  /** Puts that are under way, so that nothing goes twice. */
  readonly #puts = new Map<string, Promise<void>>();
  /** Keys whose objects are to be replaced, not left as they are. */
  readonly #damaged = new Set<string>();
  readonly packs = {put: (name: Digest, content: () => PackContent) => this.#putPack(name, content)};

  constructor(options: S3StoreOptions) {
    this.#options = options;
  }

  async missing(digests: Iterable<Digest>): Promise<Digest[]> {
    return [...digests].filter(digest => !this.#options.known.has(`${BLOB_PREFIXES.store}${digest}`));
  }

  put(digest: Digest, bytes: Uint8Array): Promise<void> {
    return this.#once(`${BLOB_PREFIXES.store}${digest}`, async () => bytes);
  }

  forget(digests: readonly Digest[], reason: StoreError['reason']): void {
    for (const digest of digests) {
      for (const key of [`${BLOB_PREFIXES.store}${digest}`, `${BLOB_PREFIXES.packs}${digest}`]) {
        this.#options.known.forget(key);
        if (reason === 'blob-corrupt') this.#damaged.add(key);
      }
    }
  }

  async get(digest: Digest): Promise<Buffer> {
    const {bucket, controller, counts, signal: ended} = this.#options;
    const frame = await this.#guarded(() =>
      controller.run(
        signal => {
          counts.get++;
          return bucket.get(outputKey(digest), {signal, silence: SILENCE});
        },
        {signal: ended},
      ),
    );
    counts.bytesDown += frame.length;
    const {decompress} = await loadZstd();
    const bytes = await decompress(frame).catch(() => Buffer.alloc(0));
    if (digestOf(bytes) !== digest)
      throw new StoreError('blob-corrupt', `blob ${digest} is not what it says`);
    return bytes;
  }

  #putPack(name: Digest, content: () => PackContent): Promise<void> {
    return this.#once(`${BLOB_PREFIXES.packs}${name}`, async () => {
      const pack = content();
      const {isLasting} = pack;
      const key = `${BLOB_PREFIXES.packs}${name}`;
      if (isLasting && !this.#damaged.has(key) && (await this.#isThere(key))) return undefined;
      return makePack({...pack, level: isLasting ? LEVELS.lasting : LEVELS.passing});
    });
  }

  /** Whatever goes wrong here, the put that follows will tell. */
  async #isThere(key: string): Promise<boolean> {
    const {bucket, controller, counts, signal: ended} = this.#options;
    try {
      await controller.run(
        signal => {
          counts.head++;
          return bucket.head(key, {signal, silence: SILENCE});
        },
        {signal: ended},
      );
      return true;
    } catch (error) {
      if (error instanceof CloudError) return false;
      throw error;
    }
  }

  /** `make` answers undefined where the object was found to be there. */
  async #once(key: string, make: () => Promise<Uint8Array | undefined>): Promise<void> {
    if (this.#options.known.has(key)) return;
    let put = this.#puts.get(key);
    if (!put) {
      put = make().then(bytes => (bytes ? this.#put(key, bytes) : this.#options.known.note(key, 'met')));
      this.#puts.set(key, put);
      put.finally(() => this.#puts.delete(key)).catch(() => {});
    }
    return put;
  }

  async #put(key: string, bytes: Uint8Array): Promise<void> {
    const {bucket, controller, counts, known, signal: ended} = this.#options;
    const digest = digestOf(bytes);
    const silence = SILENCE + bytes.length / SLOWEST;
    const how = await this.#guarded(() =>
      controller.run(
        signal => {
          counts.put++;
          return bucket.put(key, bytes, {digest, keepsOther: !this.#damaged.has(key), signal, silence});
        },
        {signal: ended},
      ),
    );
    if (how === 'made') counts.bytesUp += bytes.length;
    this.#damaged.delete(key);
    known.note(key, how);
  }

  async #guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      throw new StoreError(
        error.reason === 'object-missing' ? 'blob-missing' : 'store-failed',
        error.message,
      );
    }
  }
}
