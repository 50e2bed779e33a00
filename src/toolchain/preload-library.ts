/**
 * The preload library, compiled by the user's own compiler, so that it fits that compiler's C library; kept in the
 * cache folder. It knows nothing of what the library does.
 */
import {existsSync, mkdirSync, readFileSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {ok, type Result} from '../failure.ts';
import {digestOf} from '../protocol/digest.ts';
import {CompilerBench, type Environment} from './compiler-run.ts';
import {refuse, type ToolchainRefusal} from './refusal.ts';

/** By which a library is compiled that is to be preloaded. No `-w` may be left out: a warning of some future compiler must not reach the user. */
export const LIBRARY_FLAGS = [
  '-w',
  '-std=gnu11',
  '-O1',
  '-shared',
  '-fPIC',
  '-fvisibility=hidden',
  '-fno-delete-null-pointer-checks',
];
const LINK_FLAGS = ['-Wl,--build-id=none', '-Wl,--as-needed', '-s', '-ldl'];

/** Digest of the library's source: another source makes another library. */
export function preloadSource(): {readonly path: string; readonly bytes: Buffer} {
  // One level up from the bundle, two from here.
  for (const place of ['../lambda/path-shim.c', '../../lambda/path-shim.c']) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(path)) return {path, bytes: readFileSync(path)};
  }
  throw new Error('lambda/path-shim.c is missing from the installation');
}

let count = 0;

export interface PreloadRequest {
  readonly program: {readonly path: string; readonly argv0: string};
  readonly env: Environment;
  readonly cacheDir: string;
  /** Names the compiler's state: another one compiles anew. */
  readonly compilerKey: string;
}

/** Path of the library, compiled if it is not there. */
export async function preloadLibrary(request: PreloadRequest): Promise<Result<string, ToolchainRefusal>> {
  const {program, env, cacheDir, compilerKey} = request;
  const source = preloadSource();
  const folder = join(cacheDir, 'preload');
  const path = join(folder, `${digestOf(`${compilerKey}\0${digestOf(source.bytes)}`).slice(0, 32)}.so`);
  if (existsSync(path)) return ok(path);
  const bench = new CompilerBench(program, env);
  try {
    bench.write('path-shim.c', source.bytes.toString());
    // Several programs may be looked into at once.
    const made = `${path}.${process.pid}-${count++}`;
    mkdirSync(folder, {recursive: true});
    const end = await bench.run([
      ...LIBRARY_FLAGS,
      '-o',
      made,
      '-x',
      'c',
      'path-shim.c',
      '-x',
      'none',
      ...LINK_FLAGS,
    ]);
    if (end.status !== 0 || !existsSync(made)) {
      rmSync(made, {force: true});
      return refuse('no-preload-library', program.path);
    }
    renameSync(made, path);
    return ok(path);
  } finally {
    bench.close();
  }
}
