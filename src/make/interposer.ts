/**
 * Puts the stub in the compilers' place for all that one make starts. The words of a command never change, since some
 * builds store them: a preload library gives the stub what was meant for the compiler; where make or the shell cannot be
 * preloaded, links by the compilers' names stand first on PATH.
 */
import {execFile, spawnSync} from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {FailureError} from '../failure.ts';
import {digestOf} from '../protocol/digest.ts';
import {compilerName} from '../toolchain/compiler-name.ts';
import {findProgram, isProgram} from '../toolchain/find-program.ts';
import {LIBRARY_FLAGS} from '../toolchain/preload-library.ts';
import {isPreloadable} from './make-program.ts';

const run = promisify(execFile);

const STUB_FLAGS = ['-w', '-std=gnu11', '-O1', '-s'];
/** By which what follows is compiled, the first that there is. */
const COMPILERS = ['cc', 'gcc', 'clang'];

export interface InterposerOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Folder for what is compiled once. */
  readonly cacheDir: string;
  /** The make that will be started. */
  readonly make: string;
  /** Folder with the sources of stub and library, where they are not where they are installed. */
  readonly sources?: string;
}

export class Interposer {
  /** Of this make alone: socket, pipe, links. */
  readonly directory: string;
  /** How: by a preload library, or by names on PATH. */
  readonly way: 'preload' | 'path';
  /** For make. */
  readonly env: NodeJS.ProcessEnv;

  private constructor(directory: string, way: Interposer['way'], env: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.way = way;
    this.env = env;
  }

  /** @throws FailureError where the stub cannot be compiled */
  static async open({env, cacheDir, make, sources = ownSources()}: InterposerOptions): Promise<Interposer> {
    const {stub, library: cached} = await partsOf(env, {cacheDir, sourceDir: sources});
    const temporary = shortTemporary();
    removeAbandoned(temporary);
    const directory = realpathSync(mkdtempSync(join(temporary, PREFIX)));
    symlinkSync(String(process.pid), join(directory, OWNER));
    // A blank or a colon would end its name in the list.
    const library = /[\s:]/.test(cached) ? join(directory, 'exec-shim.so') : cached;
    if (library !== cached) symlinkSync(cached, library);
    const way = [make, '/bin/sh'].every(isPreloadable) && isBorne(library, env) ? 'preload' : 'path';
    symlinkSync(stub, join(directory, 'stub'));
    if (way === 'preload') {
      // The user's own come first: AddressSanitizer's bears none before it.
      const preload = [env.LD_PRELOAD, library].filter(Boolean).join(':');
      return new Interposer(directory, way, {
        ...env,
        LLAMA_MAKE: directory,
        LLAMA_MAKE_LIBRARY: library,
        LD_PRELOAD: preload,
      });
    }
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    for (const name of compilersOn(env.PATH ?? '')) symlinkSync(stub, join(bin, name));
    return new Interposer(directory, way, {...env, LLAMA_MAKE: directory, PATH: `${bin}:${env.PATH ?? ''}`});
  }

  get socket(): string {
    return join(this.directory, 'socket');
  }

  close(): void {
    rmSync(this.directory, {recursive: true, force: true});
  }
}

/** Whether programs start with the library: it may be of another system's C library, or lie where nothing may be run. */
function isBorne(library: string, env: NodeJS.ProcessEnv): boolean {
  const {status, stderr} = spawnSync('/bin/sh', ['-c', ':'], {env: {...env, LD_PRELOAD: library}});
  return status === 0 && stderr.length === 0;
}

const PREFIX = 'llama-make-';
/** A link to the number of the process that a directory belongs to. */
const OWNER = 'owner';

/** What was left by those that were killed. */
function removeAbandoned(temporary: string): void {
  for (const name of readdirSync(temporary).filter(each => each.startsWith(PREFIX))) {
    try {
      const owner = readlinkSync(join(temporary, name, OWNER));
      if (!existsSync(`/proc/${owner}`)) rmSync(join(temporary, name), {recursive: true, force: true});
    } catch {
      // Another user's, or one that is just being made.
    }
  }
}

/** A socket's path has room for some hundred bytes, and a user's TMPDIR may be long. */
function shortTemporary(): string {
  const own = tmpdir();
  return own.length <= 60 && !/[\s:]/.test(own) && existsSync(own) ? own : '/tmp';
}

/** Names of all compilers that PATH leads to. */
function compilersOn(path: string): Set<string> {
  const names = new Set<string>();
  for (const folder of path.split(':')) {
    let entries: string[] = [];
    try {
      entries = readdirSync(folder === '' ? '.' : folder);
    } catch {
      // PATH may name what is not there.
    }
    for (const name of entries)
      if (compilerName(name) !== undefined && isProgram(join(folder, name))) names.add(name);
  }
  return names;
}

/** Stub and preload library, by the user's own compiler, compiled when they are first needed. */
async function partsOf(
  env: NodeJS.ProcessEnv,
  {cacheDir, sourceDir}: {cacheDir: string; sourceDir: string},
): Promise<{stub: string; library: string}> {
  const sources = {stub: sourceOf(sourceDir, 'stub.c'), library: sourceOf(sourceDir, 'exec-shim.c')};
  const folder = join(cacheDir, 'make', digestOf(sources.stub.text + sources.library.text).slice(0, 16));
  const parts = {stub: join(folder, 'stub'), library: join(folder, 'exec-shim.so')};
  if (existsSync(parts.stub) && existsSync(parts.library)) return parts;
  const compiler = COMPILERS.map(name => findProgram(name, env.PATH ?? '', process.cwd())).find(Boolean);
  if (compiler === undefined) {
    throw new FailureError({
      reason: 'option-invalid',
      text: 'llama make needs a C compiler by the name of cc, gcc or clang on PATH',
      hint: 'install one (Debian: apt install gcc)',
    });
  }
  mkdirSync(folder, {recursive: true});
  const compile = async (
    target: string,
    flags: readonly string[],
    after: readonly string[],
    source: string,
  ) => {
    const made = `${target}.${process.pid}`;
    try {
      await run(compiler, [...flags, '-o', made, source, ...after], {env: {...env, LC_ALL: 'C'}});
      renameSync(made, target);
    } finally {
      rmSync(made, {force: true});
    }
  };
  try {
    await compile(parts.library, LIBRARY_FLAGS, ['-ldl'], sources.library.path);
    // A static one starts in half the time, but not every system has the C library for it.
    await compile(parts.stub, [...STUB_FLAGS, '-static'], [], sources.stub.path).catch(() =>
      compile(parts.stub, STUB_FLAGS, [], sources.stub.path),
    );
  } catch (error) {
    const {stderr = '', message} = error as Error & {stderr?: string};
    throw new FailureError({
      reason: 'option-invalid',
      text: `${compiler} cannot compile what llama make puts in the compilers' place: ${stderr.trim() || message}`,
      hint: 'llama make needs a compiler that makes programs for this machine',
    });
  }
  return parts;
}

function sourceOf(folder: string, name: string): {path: string; text: string} {
  const path = join(folder, name);
  return {path, text: readFileSync(path, 'utf8')};
}

/** Where the sources of stub and library are in this installation: beside us, or one level up from the bundle. */
function ownSources(): string {
  const places = ['./', '../src/make/'].map(place => fileURLToPath(new URL(place, import.meta.url)));
  const found = places.find(place => existsSync(join(place, 'stub.c')));
  if (found === undefined) throw new Error('src/make/stub.c is missing from the installation');
  return found;
}
