/**
 * `foreign-root [COMPILER...] [--type Release|Debug]`: the worker where its system is not the user's. The built function
 * runs in a root of Debian 11, read-only but for its scratch, unprivileged, with no way out but to its two
 * endpoints, and without any compiler; real projects in C and C++ that are built there have to be what the local build
 * makes, byte by byte.
 */
import {existsSync, realpathSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {runtimeNode, storeProgram} from '../src/test/cloud-servers.ts';
import {has} from '../src/test/tools.ts';
import {type BuildType, buildDirectory, buildType, type Configuration, configure, project} from './corpus.ts';
import {DEBIAN, debianRoot} from './debian-root.ts';
import {type ForeignPlace, openForeignPlace} from './foreign-place.ts';
import {build, type Summary} from './llama.ts';
import {check, parseArguments, place, root, say, UsageError} from './place.ts';
import {must} from './process.ts';
import {descendants, living} from './processes.ts';
import {writeResult} from './results.ts';
import {NOBODY} from './sandbox.ts';
import {compare, snapshot} from './snapshot.ts';
import type {Surroundings} from './surroundings.ts';

interface Compiler {
  readonly name: string;
  /** Program -> its package. */
  readonly programs: {readonly C: string; readonly CXX: string};
}

const COMPILERS: readonly Compiler[] = [
  {name: 'gcc-12', programs: {C: 'gcc-12', CXX: 'g++-12'}},
  {name: 'clang-14', programs: {C: 'clang-14', CXX: 'clang++-14'}},
  {name: 'clang-19', programs: {C: 'clang-19', CXX: 'clang++-19'}},
];

const PROJECTS = [
  {language: 'C', name: 'cjson'},
  {language: 'C++', name: 're2'},
] as const;

/** Environments of the function; as many compiles are under way at once. */
const WORKERS = 2;

interface CloudSummary extends Summary {
  readonly invocations: {readonly started: number; readonly retried: number};
}

interface Proof {
  readonly compiler: string;
  readonly project: string;
  readonly type: BuildType;
  readonly compiles: number;
  readonly answered: readonly number[];
  readonly local_ms: number;
  readonly remote_ms: number;
  readonly held: boolean;
}

export async function main(argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv);
  const compilers = names.length === 0 ? COMPILERS : names.map(compilerOf);
  const type = buildType(flags.get('type'));
  requirePrograms(compilers);
  const debian = await debianRoot();
  await must([process.execPath, join(root(), 'scripts', 'cloud-tools.mjs')]);
  if (!existsSync(runtimeNode)) throw new UsageError("the function's runtime cannot be installed: needs npm");
  if (!existsSync(storeProgram)) throw new UsageError('versitygw cannot be installed: needs go');
  const paths = pathsHere(compilers);
  const there = await openForeignPlace({debian, paths, workers: WORKERS});
  const interrupted = () => void endAll(there).finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const isForeign = there.workers.map((each, number) => isForeignTo(each, {number, paths, there}));
    const proofs: Proof[] = [];
    const builds = isForeign.every(Boolean)
      ? compilers.flatMap(compiler => PROJECTS.map(of => ({compiler, of})))
      : [];
    for (const {compiler, of} of builds) {
      try {
        proofs.push(await prove(compiler, {...of, type}, there));
      } catch (error) {
        check(false, `${compiler.name} ${of.language}, ${of.name} ${type}: ${(error as Error).message}`);
      }
    }
    const {errors} = there.endpoint;
    const right = proofs.filter(({held}) => held).length;
    const held = check(
      right > 0 && right === builds.length && errors.length === 0,
      `${right} of ${builds.length} builds; workers failed ${errors.length} times`,
    );
    if (!held) say([...errors, there.logs()].join('\n'));
    await writeResult(`foreign-root-${type}`, {workers: there.workers, proofs, errors});
    return held ? 0 : 1;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await there.stop();
  }
}

/** Also a build that is under way, of which only a terminal's interruption would tell. */
async function endAll(there: ForeignPlace): Promise<void> {
  for (const {pid} of descendants(await living(), process.pid)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It was quicker.
    }
  }
  await there.stop();
}

function compilerOf(name: string): Compiler {
  const found = COMPILERS.find(each => each.name === name);
  if (found) return found;
  throw new UsageError(`no compiler '${name}'; there are ${COMPILERS.map(each => each.name).join(', ')}`);
}

/** @throws UsageError that names what to install */
function requirePrograms(compilers: readonly Compiler[]): void {
  const packages: [program: string, name: string][] = [
    ['bwrap', 'bubblewrap'],
    ['debootstrap', 'debootstrap'],
  ];
  for (const {name, programs} of compilers) {
    packages.push([programs.C, name]);
    // Clang's packages have both, gcc's one each.
    packages.push([programs.CXX, programs.CXX.startsWith('clang') ? name : programs.CXX]);
  }
  const missing = new Set(packages.filter(([program]) => !has(program)).map(([, name]) => name));
  if (missing.size > 0) throw new UsageError(`not installed: ${[...missing].join(', ')} (apt-get install)`);
}

/** What a worker on this machine would see: the project, the compilers, their headers. */
function pathsHere(compilers: readonly Compiler[]): string[] {
  const programs = compilers.flatMap(({programs: {C, CXX}}) => [C, CXX, 'cc', 'c++', 'cmake', 'ninja']);
  const folders = (process.env.PATH ?? '').split(':');
  const files = programs.flatMap(name => folders.map(folder => join(folder, name))).filter(existsSync);
  const all = [root(), place(), '/usr/include/stdio.h', ...files, ...files.map(file => realpathSync(file))];
  return [...new Set(all)].filter(existsSync);
}

function isForeignTo(
  seen: Surroundings,
  {number, paths, there}: {number: number; paths: readonly string[]; there: ForeignPlace},
): boolean {
  const {debian, glibc, node, uid, capabilities, interfaces, writable, directories} = seen;
  const who = `worker ${number}`;
  const none = capabilities.length > 0 && capabilities.every(each => /^0+$/.test(each));
  return [
    check(
      DEBIAN.version.test(debian) && glibc === DEBIAN.glibc,
      `${who}: Debian ${debian}, glibc ${glibc}, node ${node}`,
    ),
    check(
      uid === NOBODY && none,
      `${who}: uid ${uid}, capabilities ${none ? 'none' : capabilities.join(' ')}`,
    ),
    check(
      writable.join() === '/tmp',
      `${who}: of ${directories} folders it can write to ${writable.join(', ') || 'none'}`,
    ),
    check(
      seen.visible.length === 0 && paths.length > 0,
      `${who}: of ${paths.length} paths to this machine's compilers and sources it sees ${seen.visible.join(', ') || 'none'}`,
    ),
    check(
      seen.reachable.length === 0 && there.addresses.length >= 2 && interfaces.join() === 'lo',
      `${who}: interfaces ${interfaces.join(', ')}; of ${there.addresses.join(', ')} it reaches ${seen.reachable.join(', ') || 'none'}`,
    ),
  ].every(Boolean);
}

async function prove(
  {name: compiler, programs}: Compiler,
  {language, name, type}: {language: string; name: string; type: BuildType},
  there: ForeignPlace,
): Promise<Proof> {
  const of: Configuration = {
    project: project(name),
    type,
    suffix: `-${compiler}`,
    options: [`-DCMAKE_C_COMPILER=${programs.C}`, `-DCMAKE_CXX_COMPILER=${programs.CXX}`],
  };
  const title = `${compiler} ${language}, ${name} ${type}`;
  await configure(of);
  const at = {directory: buildDirectory(of), targets: []};
  const local = await must(['ninja'], {cwd: at.directory});
  const wanted = await snapshot(at);
  await must(['ninja', '-t', 'clean'], {cwd: at.directory});
  await rm(join(at.directory, '.llama'), {recursive: true, force: true});

  const before = there.endpoint.counts;
  const flags = [...there.flags, '--remote-only', '--no-fallback'];
  const built = await build(at, {store: there.store, env: there.env, flags});
  const {compiles, edges, invocations} = built.summary as CloudSummary;
  const after = there.endpoint.counts;
  const invoked = after.invoked - before.invoked;
  const answered = after.answered.map((count, worker) => count - before.answered[worker]!);
  const differences = compare(wanted, await snapshot(at));
  const next = await must(['ninja', '-n'], {cwd: at.directory});

  const what = differences.slice(0, 4).map(({what}) => what);
  const different = differences.flatMap(({lines}) => lines);
  const sum = answered.reduce((one, other) => one + other, 0);
  const held = [
    check(different.length === 0, `${title}: as the local build made them: ${what.join(', ')}`),
    check(next.stdout.includes('no work to do'), `${title}: ninja has no work to do`),
    check(
      compiles.remote === edges.compiles && compiles.local + compiles.failed + compiles.cached === 0,
      `${title}: of ${edges.compiles} compiles ${compiles.remote} ran there, ${compiles.local} here`,
    ),
    check(
      sum === invoked && invoked === invocations.started && sum >= edges.compiles,
      `${title}: ${invoked} invocations, answered by the workers: ${answered.join(' + ')}`,
    ),
  ].every(Boolean);
  for (const line of different) say(`        ${line.slice(0, 300)}`);
  say(`     ${title}: ${seconds(local.wallMs)} s by ninja, ${seconds(built.wallMs)} s there`);
  return {
    ...{compiler, project: name, type, compiles: edges.compiles, answered, held},
    local_ms: local.wallMs,
    remote_ms: built.wallMs,
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
