/** Blobs that came inside the request, before those of the store. Used by a workspace while it is laid out. */
import {type Digest, digestOf} from '../src/protocol/digest.ts';
import type {CarriedBlob} from '../src/protocol/invocation.ts';
import {BlobError, type BlobSource} from './blob-source.ts';

export class CarriedBlobs implements Pick<BlobSource, 'get'> {
  readonly #store: BlobSource;
  #carried = new Map<Digest, Uint8Array>();

  constructor(store: BlobSource) {
    this.#store = store;
  }

  /** Those of the next request take the place of the last one's. */
  carry(blobs: readonly CarriedBlob[]): void {
    this.#carried = new Map(blobs);
  }

  /** @throws BlobError */
  async get(digest: Digest): Promise<Uint8Array> {
    const bytes = this.#carried.get(digest);
    if (bytes === undefined) return this.#store.get(digest);
    if (digestOf(bytes) !== digest) throw new BlobError('blob-corrupt', digest, 'inside the request');
    return bytes;
  }
}
