/** zstd on other threads; compression at a level that is asked for, which what the package itself exports for it drops. */
import {createRequire} from 'node:module';

export interface Zstd {
  /** One frame. `level`: 1 to 22. */
  readonly compress: (bytes: Buffer, level: number) => Promise<Buffer>;
  /** Of one frame. @throws Error where it is none */
  readonly decompress: (bytes: Buffer) => Promise<Buffer>;
}

let loaded: Promise<Zstd> | undefined;

/** Loaded when it is used: it is native code. */
export function loadZstd(): Promise<Zstd> {
  loaded ??= load();
  return loaded;
}

/**
 * To find out which of its binaries it needs, the package has node make a report of the process, which takes 5 ms and
 * asks for the names of all hosts that it is connected to: so the one for Linux with glibc is tried first.
 */
async function load(): Promise<Zstd> {
  try {
    const own = createRequire(createRequire(import.meta.url).resolve('@mongodb-js/zstd/bindings.js'));
    return own('@mongodb-js/zstd-linux-x64-gnu') as Zstd;
  } catch {
    const bindings: unknown = await import('@mongodb-js/zstd/bindings.js');
    // Of a CommonJS module some loaders give the exports as names, others as the default alone.
    const {default: inner, ...names} = bindings as Partial<Zstd> & {default?: Zstd};
    return names.compress ? (names as Zstd) : inner!;
  }
}
