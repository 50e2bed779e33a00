/**
 * `bear [lua] [redis] [re2]`: builds by a list of compiles that make then goes on from. The list is Bear's of what make
 * has run, or CMake's for Unix Makefiles. Held against make alone at the same path: every object, archive and program,
 * what make does right afterwards, and what it does when a header was touched.
 */
import {access, copyFile, mkdir, readFile, rename, rm, stat, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {buildDirectory, getArchive, project, sources} from './corpus.ts';
import {judge, touch} from './equal.ts';
import {build, type LlamaOptions, told} from './llama.ts';
import {parseArguments, place, say, UsageError} from './place.ts';
import {must} from './process.ts';
import {writeResult} from './results.ts';
import {differing, digests, filesBelow} from './snapshot.ts';

/** A build by make. */
interface Made {
  readonly name: string;
  /** Where make runs and the list lies. */
  readonly directory: string;
  readonly make: readonly string[];
  /** A header that several sources include. */
  readonly header: string;
  /** Makes the directory from nothing, with the list in it. */
  readonly prepare: () => Promise<void>;
}

interface Package {
  readonly sourcePackage: string;
  readonly make: readonly string[];
  readonly header: string;
  /** Bear leaves dependency flags out of what it lists; the Makefile has them. */
  readonly flags: readonly string[];
}

const packages: Readonly<Record<string, Package>> = {
  lua: {sourcePackage: 'lua5.4', make: ['make', 'linux'], header: 'src/lobject.h', flags: []},
  redis: {
    sourcePackage: 'redis',
    make: ['make', 'MALLOC=libc', 'V=1'],
    header: 'src/dict.h',
    flags: ['-MMD'],
  },
};

const NAMES = [...Object.keys(packages), 're2'];

function byBear(name: string, of: Package): Made {
  const directory = place('build', `bear-${name}`);
  const list = join(directory, 'compile_commands.json');
  const prepare = async () => {
    const from = place('sources', name);
    if (!(await exists(from))) {
      await rm(`${from}.part`, {recursive: true, force: true});
      await mkdir(`${from}.part`, {recursive: true});
      const archive = await getArchive(of.sourcePackage, ['bear']);
      await must(['tar', '-xf', archive, '-C', `${from}.part`, '--strip-components=1']);
      await rename(`${from}.part`, from);
    }
    await rm(directory, {recursive: true, force: true});
    await mkdir(place('build'), {recursive: true});
    await must(['cp', '-a', '--reflink=auto', from, directory]);
    const config = place('build', `bear-${name}.json`);
    const compilers = ['/usr/bin/cc', '/usr/bin/gcc'].map(executable => ({
      executable,
      flags_to_add: of.flags,
    }));
    await writeFile(config, JSON.stringify({compilation: {compilers_to_recognize: compilers}}));
    await must(['bear', '--config', config, '--', ...of.make], {cwd: directory});
    // What make runs afterwards must not write another list.
    await copyFile(list, `${list}.kept`);
    await must(['make', 'clean'], {cwd: directory});
    await copyFile(`${list}.kept`, list);
  };
  return {name, directory, make: of.make, header: join(directory, of.header), prepare};
}

async function byCmake(): Promise<Made> {
  const of = project('re2');
  const source = await sources(of);
  const directory = buildDirectory({project: of, type: 'Release', suffix: '-make'});
  const prepare = async () => {
    await rm(directory, {recursive: true, force: true});
    const flags = ['-DCMAKE_BUILD_TYPE=Release', '-DCMAKE_EXPORT_COMPILE_COMMANDS=ON', ...of.options];
    await must(['cmake', '-G', 'Unix Makefiles', '-S', source, '-B', directory, ...flags]);
  };
  return {name: 're2', directory, make: ['make'], header: join(source, of.deepHeader), prepare};
}

/** What a build by make is, and does next. */
interface State {
  readonly files: Readonly<Record<string, string>>;
  /** What make says when nothing was changed. */
  readonly idle: readonly string[];
  /** And when the header was touched; then the files again. */
  readonly touched: readonly string[];
  readonly filesAfter: Readonly<Record<string, string>>;
}

async function state({directory, make, header}: Made): Promise<State> {
  const files = await binaries(directory);
  const idle = await said(make, directory);
  const {atime, mtime} = await stat(header);
  try {
    await touch(header);
    const touched = await said(make, directory);
    return {files, idle, touched, filesAfter: await binaries(directory)};
  } finally {
    // Sources are shared, and the next build begins with them as they were.
    await utimes(header, atime, mtime);
  }
}

/** Lines in any order: make may run two at once. */
async function said(make: readonly string[], cwd: string): Promise<string[]> {
  const {stdout} = await must(make, {cwd});
  return stdout
    .split('\n')
    .map(line => line.replace(/^\[ *\d+%\] /, ''))
    .sort();
}

/** Digests of whatever a compiler, an archiver or a linker has made. */
async function binaries(directory: string): Promise<Record<string, string>> {
  const found: string[] = [];
  for (const file of await filesBelow(directory)) {
    if (file.startsWith('.llama/')) continue;
    const head = (await readFile(join(directory, file))).subarray(0, 8).toString('latin1');
    if (head.startsWith('\x7fELF') || head === '!<arch>\n') found.push(file);
  }
  return digests(directory, found);
}

async function compareBuilds(made: Made): Promise<boolean> {
  const {name, directory, make, prepare} = made;
  say(name);
  await prepare();
  await must(make, {cwd: directory});
  const wanted = await state(made);

  await prepare();
  const options: LlamaOptions = {
    store: place('store', `bear-${name}`),
    flags: ['--then', make.join(' ')],
  };
  await rm(options.store, {recursive: true, force: true});
  const cold = await build({directory, targets: []}, options);
  say(`     cold: ${told(cold.summary)}`);
  const compiled = cold.stdout.split('\n').filter(line => /Building CXX| -c /.test(line));
  const now = await state(made);
  const count = Object.keys(wanted.files).length;
  const fine = [
    judge({what: `${count} objects, archives and programs equal`, lines: changed(wanted.files, now.files)}),
    judge({what: 'make compiles nothing after llama', lines: compiled}),
    judge({what: 'make then does what it does after its own build', lines: differing(wanted.idle, now.idle)}),
    judge({
      what: `with a touched header make says the same ${wanted.touched.length} lines`,
      lines: differing(wanted.touched, now.touched),
    }),
    judge({what: 'and makes the same files', lines: changed(wanted.filesAfter, now.filesAfter)}),
    judge({
      what: 'the header touched more than nothing',
      lines: differing(wanted.idle, wanted.touched).length > 0 ? [] : ['make did the same without'],
    }),
  ];
  const equal = fine.every(Boolean);
  await writeResult(`bear-${name}`, {project: name, cold: cold.summary, equal});
  return equal;
}

function changed(
  wanted: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): string[] {
  const names = new Set([...Object.keys(wanted), ...Object.keys(found)]);
  return [...names].filter(name => wanted[name] !== found[name]).sort();
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export async function main(argv: readonly string[]): Promise<number> {
  const {names} = parseArguments(argv);
  const unknown = names.find(name => !NAMES.includes(name));
  if (unknown !== undefined) throw new UsageError(`no '${unknown}'; there are ${NAMES.join(', ')}`);
  // Redis puts the time of its build into itself.
  process.env.SOURCE_DATE_EPOCH = '1700000000';
  let fine = true;
  for (const name of names.length === 0 ? NAMES : names) {
    const of = packages[name];
    fine = (await compareBuilds(of === undefined ? await byCmake() : byBear(name, of))) && fine;
  }
  return fine ? 0 : 1;
}
