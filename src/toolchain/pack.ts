/**
 * Packs a compiler: finds every file that it consists of by watching it compile and by asking its loader, never by
 * lists of paths, and describes them as a toolchain that runs anywhere. Headers are not part of it: they travel as
 * inputs of each compile.
 */
import {existsSync, realpathSync, statSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {ok, type Result} from '../failure.ts';
import type {Digest} from '../protocol/digest.ts';
import type {Toolchain} from '../protocol/invocation.ts';
import type {PathRecord} from '../protocol/path-record.ts';
import {CompilerBench, type Environment, partsEnvironment} from './compiler-run.ts';
import {isUsableLoader, librariesMissed, librariesOf, programFormat} from './loader.ts';
import {refuse, type ToolchainRefusal} from './refusal.ts';
import {TreeCollector} from './tree-collector.ts';

export interface PackedToolchain {
  readonly toolchain: Toolchain;
  /** Where on this machine the bytes of the tree's files are. */
  readonly files: ReadonlyMap<Digest, string>;
  /** What must still be as it was for the packing to hold, as paths were asked for. */
  readonly watched: Watched;
  /** Directories of the packed programs, as PATH spells them. */
  readonly programDirectories: readonly string[];
}

export interface Watched {
  readonly files: readonly string[];
  readonly directories: readonly string[];
  readonly absent: readonly string[];
}

export interface PackRequest {
  /** Path as found through PATH, and the name it is started by. */
  readonly program: {readonly path: string; readonly argv0: string};
  readonly env: Environment;
  /** The compiled preload library. */
  readonly preload: string;
  /** Default: what a compiler is given. */
  readonly probe?: Probe;
}

/** What a program is given to do while it is watched, each run as its arguments. */
export interface Probe {
  /** By name. */
  readonly sources: Readonly<Record<string, string>>;
  /** Sources whose headers it lists by `-M`: those are no part of it. */
  readonly listed: readonly string[];
  /** One of them has to succeed. */
  readonly plain: readonly (readonly string[])[];
  /** For each part that some flag brings in. A flag that it does not know costs one failing run. */
  readonly more: readonly (readonly string[])[];
}

/** Where the library is put in every tree: a place that no system uses. */
const PRELOAD_PATH = '/.llama/path-shim.so';

/** glibc reads its locales unseen by any library. Its newer versions have this one built in, older ones need it. */
const LOCALE = '/usr/lib/locale/C.utf8';

/** Whether a program can be started by its loader with a library in front; the loader as the program names it. */
export async function checkStartable(
  path: string,
): Promise<Result<{readonly loader: string}, ToolchainRefusal>> {
  const format = programFormat(path);
  if (format.kind === 'script') return refuse('script-wrapper', path);
  if (format.kind === 'static') return refuse('static-compiler', path);
  if (format.kind === 'other') return refuse('unknown-format', path);
  if (/\/ld-musl/.test(format.loader)) return refuse('musl-toolchain', format.loader);
  return (await isUsableLoader(format.loader))
    ? ok({loader: format.loader})
    : refuse('old-loader', format.loader);
}

/** Refuses by name what cannot be run elsewhere in this way. Compiles about ten tiny files. */
export async function packToolchain(
  request: PackRequest,
): Promise<Result<PackedToolchain, ToolchainRefusal>> {
  const {program, env, preload} = request;
  const startable = await checkStartable(program.path);
  if (!startable.ok) return startable;
  const {loader: namedLoader} = startable.value;
  const records = await watchCompiles(request);
  if (records === undefined) return refuse('probe-failed', program.path);
  const collector = new TreeCollector();
  const loader = collector.add(namedLoader) as string;
  collector.place(PRELOAD_PATH, preload);
  collector.addAll(LOCALE);
  const watched = {
    files: new Set([program.path, namedLoader]),
    directories: new Set<string>(),
    absent: new Set<string>(),
  };
  const libraryPath = new Set<string>();
  const programs = new Set([
    program.path,
    ...counterparts(program.path),
    ...records.filter(({kind}) => kind === 'X').map(({path}) => path),
  ]);
  for (const file of [...programs, preload]) {
    const closure = await closureOf(file, namedLoader, file === preload ? undefined : env);
    if (!closure.ok) return closure;
    for (const library of closure.value) {
      const physical = collector.add(library);
      if (physical === undefined) return refuse('loader-failed', file);
      libraryPath.add(realpathSync(dirname(library)));
      watched.files.add(library);
    }
    if (file !== preload) {
      collector.add(file);
      watched.files.add(file);
    }
  }
  for (const {kind, path} of records) {
    if (kind === 'A') watched.absent.add(path);
    else if (collector.add(path) === undefined) continue;
    // Of a directory that is listed the modification time counts, as of a file.
    else if (kind === 'S') watched.directories.add(path);
    else watched.files.add(path);
  }
  const pathDirectories = (env.PATH ?? '').split(':').filter(directory => directory.startsWith('/'));
  const inPath = new Set(pathDirectories);
  const programDirectories = [...new Set(pathDirectories)].filter(directory =>
    [...programs].some(file => dirname(file) === directory),
  );
  const tree = collector.tree();
  // What was looked for along PATH is this machine's business: the worker's PATH has the packed directories alone.
  const absent = [...watched.absent].filter(path => !inPath.has(dirname(path))).sort();
  return ok({
    toolchain: {tree, loader, libraryPath: [...libraryPath], preload: PRELOAD_PATH, absent},
    files: collector.sources(),
    watched: {files: [...watched.files], directories: [...watched.directories], absent: [...watched.absent]},
    programDirectories,
  });
}

/**
 * What a program is loaded with: loader, libraries, locale and the preload library, as a toolchain. The program itself is
 * for its user to send.
 */
export async function packRuntime({
  program,
  env,
  preload,
}: Omit<PackRequest, 'probe'>): Promise<Result<PackedToolchain, ToolchainRefusal>> {
  const startable = await checkStartable(program.path);
  if (!startable.ok) return startable;
  const {loader: named} = startable.value;
  const collector = new TreeCollector();
  const loader = collector.add(named) as string;
  collector.place(PRELOAD_PATH, preload);
  collector.addAll(LOCALE);
  const files = new Set([program.path, named]);
  const libraryPath = new Set<string>();
  for (const file of [program.path, preload]) {
    const closure = await closureOf(file, named, file === preload ? undefined : env);
    if (!closure.ok) return closure;
    for (const library of closure.value) {
      if (collector.add(library) === undefined) return refuse('loader-failed', file);
      files.add(library);
      libraryPath.add(realpathSync(dirname(library)));
    }
  }
  const missed = await librariesMissed(named, program.path, partsEnvironment(env));
  return ok({
    toolchain: {
      tree: collector.tree(),
      loader,
      libraryPath: [...libraryPath],
      preload: PRELOAD_PATH,
      absent: [],
    },
    files: collector.sources(),
    watched: {files: [...files], directories: [], absent: missed.filter(path => !existsSync(path))},
    programDirectories: [],
  });
}

/** The C driver's C++ twin and the other way round: packed together, so that one toolchain serves both languages. */
function counterparts(path: string): readonly string[] {
  const twins: Readonly<Record<string, string>> = {
    gcc: 'g++',
    'g++': 'gcc',
    cc: 'c++',
    'c++': 'cc',
    clang: 'clang++',
    'clang++': 'clang',
  };
  const name = basename(path).replace(
    /^(.*-)?(gcc|g\+\+|clang\+\+|clang|cc|c\+\+)(-[\d.]+)?$/,
    (_, before = '', word: string, after = '') => `${before}${twins[word]}${after}`,
  );
  const twin = join(dirname(path), name);
  const isThere = twin !== path && statSync(twin, {throwIfNoEntry: false})?.isFile();
  return isThere && programFormat(twin).kind === 'dynamic' ? [twin] : [];
}

/** The libraries of one program; refuses what the preload library could not start. `env` absent: a library itself. */
async function closureOf(
  file: string,
  loader: string,
  env: Environment | undefined,
): Promise<Result<readonly string[], ToolchainRefusal>> {
  if (env) {
    const format = programFormat(file);
    if (format.kind === 'script') return refuse('script-wrapper', file);
    if (format.kind !== 'dynamic' || realpathSync(format.loader) !== realpathSync(loader))
      return refuse('static-compiler', file);
  }
  const libraries = await librariesOf(loader, file, env && partsEnvironment(env));
  return libraries === undefined ? refuse('loader-failed', file) : ok(libraries);
}

const SOURCES = {
  'c.c': 'int puts(const char *);\nint f(int x) { return puts("c") + x; }\n',
  'cc.cc':
    'struct S { virtual ~S(); int x; };\nS::~S() {}\nint g(S *s) { try { return s->x; } catch (...) { return 1; } }\n',
  'cpp.S': '#define NAME h\n.globl NAME\nNAME: ret\n',
  'as.s': '.globl i\ni: ret\n',
};

const RUNS: readonly (readonly string[])[] = [
  ['-g', '-gsplit-dwarf', '-c', 'c.c'],
  ['-flto', '--coverage', '-c', 'c.c'],
  ['-fsanitize=address,undefined', '-c', 'c.c'],
  ['-fsanitize=thread', '-c', 'c.c'],
  ['-fsanitize=memory', '-c', 'c.c'],
  ['-fsanitize=dataflow', '-c', 'c.c'],
  ['-fsanitize=cfi', '-flto', '-fvisibility=hidden', '-c', 'c.c'],
  ['-fno-integrated-as', '-c', 'c.c'],
  ['-O2', '-g', '-fexceptions', '-c', 'cc.cc'],
  ['-stdlib=libc++', '-c', 'cc.cc'],
  ['-c', 'cpp.S'],
  ['-c', 'as.s'],
];

const COMPILER_PROBE: Probe = {
  sources: SOURCES,
  listed: ['c.c', 'cc.cc', 'cpp.S'],
  plain: [
    ['-c', 'c.c'],
    ['-c', 'cc.cc'],
  ],
  more: RUNS,
};

/** All that the compiler looked at outside of its folder, headers left out; undefined if it compiles nothing. */
async function watchCompiles({
  program,
  env,
  preload,
  probe = COMPILER_PROBE,
}: PackRequest): Promise<readonly PathRecord[] | undefined> {
  const bench = new CompilerBench(program, env);
  try {
    for (const [name, text] of Object.entries(probe.sources)) bench.write(name, text);
    const headers = new Set<string>();
    const all: PathRecord[] = [];
    let compiled = false;
    for (const source of probe.listed) {
      const end = await bench.run(['-M', source]);
      for (const word of end.stdout.split(/[\s\\]+/)) if (word.startsWith('/')) headers.add(word);
    }
    for (const args of probe.plain) {
      const end = await bench.watch(args, preload);
      compiled ||= end.status === 0;
      all.push(...end.records);
    }
    if (!compiled) return undefined;
    for (const args of probe.more) all.push(...(await bench.watch(args, preload)).records);
    return all.filter(
      ({kind, path}) => 'RXSAD'.includes(kind) && !isTransient(path, bench.directory, headers),
    );
  } finally {
    bench.close();
  }
}

/** A path of the run and not of the compiler: its folder, what is above that, its headers and their absent twins. */
function isTransient(path: string, directory: string, headers: ReadonlySet<string>): boolean {
  if (path === directory || path.startsWith(`${directory}/`) || headers.has(path)) return true;
  if (path !== '/' && directory.startsWith(`${path}/`)) return true;
  const name = path.slice(path.lastIndexOf('/')).replace(/\.gch$/, '');
  for (const header of headers) if (header.endsWith(name)) return true;
  return false;
}

/** Puts the toolchain's description under the folder of a cache. */
export function descriptionPath(cacheDir: string, digest: Digest): string {
  return join(cacheDir, 'toolchains', `${digest}.toolchain.json`);
}
