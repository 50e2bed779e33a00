/**
 * The real projects: how their sources are had from Debian, prepared and configured. Knows nothing of llama.
 * `LLAMA_BENCH_SOURCES` may name a folder where unpacked sources already are; they are copied, never worked in.
 */
import {access, cp, mkdir, readdir, rename, rm, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {BuildAt} from './ninja.ts';
import {parseArguments, place, root, say, UsageError} from './place.ts';
import {must, run} from './process.ts';

export type BuildType = 'Release' | 'Debug';

export interface Project {
  readonly name: string;
  /** Debian's source package; for a project of this repository its folder. */
  readonly sourcePackage: string;
  /** The sources are in this repository. */
  readonly isOwn?: true;
  /** Taken only where it is asked for. */
  readonly byName?: true;
  /** What describes the build; CMake where nothing is said. */
  readonly generator?: 'meson';
  /** Packages that configuring and building need beside cmake, ninja and gcc. */
  readonly needs: readonly string[];
  /** Folder with the CMakeLists.txt or meson.build, inside the sources. */
  readonly subdirectory: string;
  /** Parts of the sources that are used, where the whole would be too much. */
  readonly parts?: readonly string[];
  readonly options: readonly string[];
  /** Commands whose output becomes a file of the sources that the package lacks: file -> argv. */
  readonly tables?: Readonly<Record<string, readonly string[]>>;
  /** A header, inside the CMake folder, that many others include. */
  readonly deepHeader: string;
  /** A source, inside the CMake folder, for one-file rebuilds. */
  readonly oneSource: string;
}

/** gcc's LTO objects differ from run to run unless every one has a seed of its own. */
const SEEDED =
  '-DCMAKE_CXX_COMPILE_OBJECT=<CMAKE_CXX_COMPILER> <DEFINES> <INCLUDES> <FLAGS> -frandom-seed=<OBJECT> -o <OBJECT> -c <SOURCE>';

export const projects: readonly Project[] = [
  {
    name: 'fmt',
    sourcePackage: 'fmtlib',
    needs: ['googletest'],
    subdirectory: '',
    options: ['-DFMT_TEST=ON', '-DFMT_WERROR=ON'],
    deepHeader: 'include/fmt/core.h',
    oneSource: 'src/os.cc',
  },
  {
    name: 're2',
    sourcePackage: 're2',
    needs: ['python3-six', 'unicode-data', 'perl'],
    subdirectory: '',
    options: ['-DRE2_BUILD_TESTING=ON'],
    tables: {
      're2/perl_groups.cc': ['perl', 're2/make_perl_groups.pl'],
      're2/unicode_casefold.cc': ['python3', 're2/make_unicode_casefold.py'],
      're2/unicode_groups.cc': ['python3', 're2/make_unicode_groups.py'],
    },
    deepHeader: 'util/utf.h',
    oneSource: 're2/dfa.cc',
  },
  {
    name: 'leveldb',
    sourcePackage: 'leveldb',
    needs: ['libsnappy-dev', 'libgtest-dev', 'libgmock-dev', 'libbenchmark-dev'],
    subdirectory: '',
    options: ['-DLEVELDB_BUILD_TESTS=ON'],
    deepHeader: 'util/coding.h',
    oneSource: 'util/coding.cc',
  },
  {
    name: 'ninja',
    sourcePackage: 'ninja-build',
    needs: [],
    subdirectory: '',
    options: ['-DBUILD_TESTING=ON', SEEDED],
    deepHeader: 'src/string_piece.h',
    oneSource: 'src/util.cc',
  },
  {
    name: 'cjson',
    sourcePackage: 'cjson',
    needs: [],
    subdirectory: '',
    options: ['-DENABLE_CJSON_UTILS=ON'],
    deepHeader: 'cJSON.h',
    oneSource: 'cJSON.c',
  },
  {
    name: 'llvm',
    byName: true,
    sourcePackage: 'llvm-toolchain-14',
    needs: ['python3'],
    subdirectory: 'llvm',
    parts: ['llvm', 'cmake', 'third-party'],
    options: [
      '-DLLVM_TARGETS_TO_BUILD=X86',
      '-DLLVM_INCLUDE_TESTS=OFF',
      '-DLLVM_INCLUDE_BENCHMARKS=OFF',
      '-DLLVM_INCLUDE_EXAMPLES=OFF',
      '-DLLVM_ENABLE_ZLIB=OFF',
      '-DLLVM_ENABLE_TERMINFO=OFF',
      '-DLLVM_ENABLE_LIBXML2=OFF',
    ],
    deepHeader: 'include/llvm/ADT/StringRef.h',
    oneSource: 'lib/Support/APInt.cpp',
  },
  {
    name: 'dav1d',
    byName: true,
    sourcePackage: 'dav1d',
    needs: ['meson', 'nasm'],
    subdirectory: '',
    generator: 'meson',
    options: ['-Denable_tests=true'],
    deepHeader: 'include/common/attributes.h',
    oneSource: 'src/obu.c',
  },
  {
    // Most Qt programs of Debian need more of Qt and of KDE than they show of automoc and autouic.
    name: 'qt',
    byName: true,
    sourcePackage: 'fixtures/qt-widgets',
    isOwn: true,
    needs: ['qtbase5-dev'],
    subdirectory: '',
    options: [],
    deepHeader: 'model.h',
    oneSource: 'window.cpp',
  },
];

export function project(name: string | undefined): Project {
  const found = projects.find(each => each.name === name);
  if (found === undefined)
    throw new UsageError(`no project '${name}'; there are ${projects.map(each => each.name).join(', ')}`);
  return found;
}

/** The folder with the project's CMakeLists.txt; gets, unpacks and prepares the sources the first time. */
export async function sources(of: Project): Promise<string> {
  const folder = place('sources', of.name);
  if (!(await exists(folder))) {
    await rm(`${folder}.part`, {recursive: true, force: true});
    await mkdir(place('sources'), {recursive: true});
    if (of.isOwn) await cp(join(root(), of.sourcePackage), `${folder}.part`, {recursive: true});
    else if (!(await copyUnpacked(of, `${folder}.part`))) await download(of, `${folder}.part`);
    await install(of);
    for (const [file, argv] of Object.entries(of.tables ?? {})) {
      const made = await must(argv, {cwd: `${folder}.part`});
      await writeFile(join(`${folder}.part`, file), made.stdout);
    }
    await rename(`${folder}.part`, folder);
  }
  return join(folder, of.subdirectory);
}

async function copyUnpacked(of: Project, folder: string): Promise<boolean> {
  const given = process.env.LLAMA_BENCH_SOURCES;
  if (given === undefined) return false;
  const name = (await readdir(given)).find(
    each => each.startsWith(`${of.sourcePackage}-`) && /-\d[^/]*$/.test(each),
  );
  if (name === undefined || !(await stat(join(given, name))).isDirectory()) return false;
  say(`     ${of.name}: sources copied from ${join(given, name)}`);
  for (const part of of.parts ?? ['']) {
    await cp(join(given, name, part), join(folder, part), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    });
  }
  return true;
}

async function download(of: Project, folder: string): Promise<void> {
  const description = await getPackage(of.sourcePackage);
  await must(['dpkg-source', '-x', '--no-check', '--no-copy', description, folder]);
}

/** Downloads a source package. Answers its .dsc. */
async function getPackage(sourcePackage: string): Promise<string> {
  await getSource(sourcePackage, []);
  const downloads = place('downloads');
  const description = (await readdir(downloads)).find(
    file => file.startsWith(`${sourcePackage}_`) && file.endsWith('.dsc'),
  );
  if (description === undefined) throw new Error(`no .dsc of ${sourcePackage} in ${downloads}`);
  return join(downloads, description);
}

/** The archive of a source package's authors alone, without what Debian changes; installs what building needs. */
export async function getArchive(sourcePackage: string, needs: readonly string[]): Promise<string> {
  await install({needs});
  await getSource(sourcePackage, ['--tar-only']);
  const downloads = place('downloads');
  const archive = (await readdir(downloads)).find(
    file => file.startsWith(`${sourcePackage}_`) && /\.orig\.tar\.\w+$/.test(file),
  );
  if (archive === undefined) throw new Error(`no archive of ${sourcePackage} in ${downloads}`);
  return join(downloads, archive);
}

async function getSource(sourcePackage: string, flags: readonly string[]): Promise<void> {
  say(`     ${sourcePackage}: getting Debian's sources and what they need`);
  const downloads = place('downloads');
  await mkdir(downloads, {recursive: true});
  const get = ['apt-get', 'source', '--download-only', ...flags, sourcePackage];
  if ((await run(get, {cwd: downloads})).code !== 0) {
    await enableSources();
    await must(['apt-get', 'update']);
    await must(get, {cwd: downloads});
  }
}

async function install({needs}: {readonly needs: readonly string[]}): Promise<void> {
  const missing = [];
  for (const name of needs) if ((await run(['dpkg', '-s', name])).code !== 0) missing.push(name);
  if (missing.length > 0) await must(['apt-get', 'install', '-y', '--no-install-recommends', ...missing]);
}

async function enableSources(): Promise<void> {
  const list = '/etc/apt/sources.list.d/debian.sources';
  if (await exists(list)) await must(['sed', '-i', 's/^Types: deb$/Types: deb deb-src/', list]);
}

/** A fresh copy of the sources for those who edit them; gives the folder with its CMakeLists.txt. */
export async function sourceCopy(of: Project, name: string): Promise<string> {
  await sources(of);
  const folder = place('edited', `${of.name}-${name}`);
  await rm(folder, {recursive: true, force: true});
  await mkdir(place('edited'), {recursive: true});
  await must(['cp', '-a', '--reflink=auto', place('sources', of.name), folder]);
  return join(folder, of.subdirectory);
}

export interface Configuration {
  readonly project: Project;
  readonly type: BuildType;
  /** Distinguishes build directories of one project and type, `-ccache` for example. */
  readonly suffix?: string;
  /** By CMake's Ninja Multi-Config, whose directory has a manifest for each type. */
  readonly isMulti?: boolean;
  readonly options?: readonly string[];
  /** Another copy of the project's sources, see {@link sourceCopy}. */
  readonly source?: string;
  /** The ninja that CMake is told to use; else the first on PATH. */
  readonly ninja?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export function buildDirectory(of: Configuration): string {
  return place('build', `${of.project.name}-${of.type}${of.suffix ?? ''}`);
}

/** Configures from nothing at the configuration's own path and gives that path. */
export async function configure(of: Configuration): Promise<string> {
  const source = of.source ?? (await sources(of.project));
  const directory = buildDirectory(of);
  await rm(directory, {recursive: true, force: true});
  await mkdir(directory, {recursive: true});
  if (of.project.generator === 'meson') {
    await must(
      [
        ...['meson', 'setup', directory, source, `--buildtype=${of.type.toLowerCase()}`],
        ...of.project.options,
        ...(of.options ?? []),
      ],
      // Without it Meson puts a ccache in front, where one is installed.
      {env: {CC: 'cc', CXX: 'c++', ...of.env}},
    );
    return directory;
  }
  await must(
    [
      ...[
        'cmake',
        '-G',
        of.isMulti ? 'Ninja Multi-Config' : 'Ninja',
        '-S',
        source,
        '-B',
        directory,
        `-DCMAKE_BUILD_TYPE=${of.type}`,
      ],
      ...(of.ninja === undefined ? [] : [`-DCMAKE_MAKE_PROGRAM=${of.ninja}`]),
      ...of.project.options,
      ...(of.options ?? []),
    ],
    of.env === undefined ? {} : {env: of.env},
  );
  return directory;
}

/** Where a configuration is built, and by which manifest. */
export function buildAt(of: Configuration, targets: readonly string[]): BuildAt {
  return {directory: buildDirectory(of), targets, ...(of.isMulti && {file: `build-${of.type}.ninja`})};
}

export function buildType(text: string | undefined): BuildType {
  if (text === undefined || text === 'Release' || text === 'Debug') return text ?? 'Release';
  throw new UsageError(`--type is Release or Debug, not '${text}'`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** `corpus [PROJECT...]`: gets and configures them. */
export async function main(argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv);
  for (const each of names.length === 0 ? projects : names.map(project)) {
    say(`${each.name}: ${await configure({project: each, type: buildType(flags.get('type'))})}`);
  }
  return 0;
}
