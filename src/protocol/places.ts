/** Where client and worker look for things in a bucket: prefixes, each with its writer. */
import type {Digest} from './digest.ts';

export const BLOB_PREFIXES = {
  /** Blobs by digest, from clients. */
  store: 'store/',
  /** Packs by the digest of their lists, from clients. */
  packs: 'packs/',
  /** Outputs by digest, each as one zstd frame, from workers. */
  out: 'out/',
} as const;

/** An output's place. */
export function outputKey(digest: Digest): string {
  return `${BLOB_PREFIXES.out}${digest}.zst`;
}
