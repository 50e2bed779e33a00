/**
 * What the worker knows of a store: bytes by digest. Where the bytes are kept, and how they got there, is the business
 * of an implementation.
 */
import type {Digest} from '../src/protocol/digest.ts';

export interface BlobSource {
  /** The blob's bytes, verified against the digest. Throws {@link BlobError}. */
  get(digest: Digest): Promise<Uint8Array>;
  /** Keeps bytes; to keep what is already there costs nothing and is no error. Throws {@link BlobError}. */
  put(digest: Digest, bytes: Uint8Array): Promise<void>;
  /**
   * Writes the blob into a new file, verified as by {@link get} and without a copy in memory where the store can.
   * The file's mode is the process's default. Throws {@link BlobError}, and the file system's own errors for `path`.
   */
  copyTo?(digest: Digest, path: string): Promise<void>;
  /**
   * A blob that names others (see `protocol/pack.ts`): those may come along, and then cost no request each. Default:
   * {@link get}. Throws {@link BlobError}.
   */
  getList?(digest: Digest): Promise<Uint8Array>;
  /** What came along with a list is not needed any more. */
  releaseList?(digest: Digest): void;
}

/** Why a blob could not be had or kept: it is not there, it is not what its name says, or the store itself failed. */
export class BlobError extends Error {
  readonly reason: 'blob-missing' | 'blob-corrupt' | 'store-failed';
  readonly digest: Digest;

  constructor(reason: BlobError['reason'], digest: Digest, detail = '') {
    super(`${reason} ${digest}${detail && `: ${detail}`}`);
    this.reason = reason;
    this.digest = digest;
  }
}
