/** Where client and worker look for things in a bucket: prefixes, each with its writer. */
export const BLOB_PREFIXES = {
  /** Blobs by digest, from clients. */
  store: 'store/',
  /** Packs by the digest of their lists, from clients. */
  packs: 'packs/',
  /** Blobs by digest, from workers. */
  out: 'out/',
} as const;
