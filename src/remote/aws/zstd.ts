/** Compression on other threads, at a level that is asked for: what the package itself exports for it drops the level. */

/** One zstd frame. `level`: 1 to 22. */
export type Compress = (bytes: Buffer, level: number) => Promise<Buffer>;

/** Loaded when it is used: it is native code. */
export async function loadCompress(): Promise<Compress> {
  const bindings: unknown = await import('@mongodb-js/zstd/bindings.js');
  // Of a CommonJS module some loaders give the exports as names, others as the default alone.
  const {compress, default: inner} = bindings as {compress?: Compress; default?: {compress: Compress}};
  return compress ?? inner!.compress;
}
