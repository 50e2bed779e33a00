/** zstd on other threads; compression at a level that is asked for, which what the package itself exports for it drops. */

export interface Zstd {
  /** One frame. `level`: 1 to 22. */
  readonly compress: (bytes: Buffer, level: number) => Promise<Buffer>;
  /** Of one frame. @throws Error where it is none */
  readonly decompress: (bytes: Buffer) => Promise<Buffer>;
}

/** Loaded when it is used: it is native code. */
export async function loadZstd(): Promise<Zstd> {
  const bindings: unknown = await import('@mongodb-js/zstd/bindings.js');
  // Of a CommonJS module some loaders give the exports as names, others as the default alone.
  const {default: inner, ...names} = bindings as Partial<Zstd> & {default?: Zstd};
  return names.compress ? (names as Zstd) : inner!;
}
