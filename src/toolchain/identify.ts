/**
 * Which compiler a command line means, and the toolchain that stands for it. Everything is kept on disk under the stat
 * of every file that was packed, so that an unchanged compiler costs a few dozen stats, and a changed one behind the
 * same name is noticed. It knows nothing of command lines beyond their first word.
 */
import {realpathSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {err, ok, type Result} from '../failure.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import {
  ASSEMBLER_COMPLAINTS,
  ASSEMBLER_FLAGS,
  ASSEMBLER_PROBE,
  askAssembler,
  compilersBeside,
} from './assembler-probe.ts';
import {assemblerName} from './compiler-name.ts';
import {type Environment, partsEnvironment} from './compiler-run.ts';
import {askVersion, type CompilerVersion} from './compiler-version.ts';
import {isProgram} from './find-program.ts';
import {localeEnvironment, probeLocale, type WorkerLocale} from './locale-probe.ts';
import {checkStartable, packToolchain} from './pack.ts';
import {preloadLibrary, preloadSource} from './preload-library.ts';
import {refuse, type ToolchainRefusal} from './refusal.ts';
import {type Snapshot, snapshot} from './stat-snapshot.ts';
import {keepDescription, readRecord, writeRecord} from './toolchain-record.ts';

export interface ToolchainIdentity {
  /** Physical path of the compiler: what a worker starts. */
  readonly program: string;
  /** The compiler's path as found through PATH, links and all. */
  readonly found: string;
  /** argv[0] for the worker: as the command line has it, but the real compiler's path behind a masquerade. */
  readonly argv0: string;
  /** Name of the launcher that stood in the compiler's place (`/usr/lib/ccache/g++`). */
  readonly masquerade?: string;
  readonly kind: CompilerVersion['kind'];
  /** For people: `gcc 12.2`. */
  readonly version: string;
  /** Physical path of the dynamic loader. */
  readonly loader: string;
  /** PATH for the worker. */
  readonly path: string;
  /** LC_ALL for the worker, with which its messages are equal to those of the user's locale. */
  readonly locale: WorkerLocale;
  /** Digest of the toolchain's description, the JSON that a worker asks for. */
  readonly digest: Digest;
  /** Every blob of the toolchain, its description included, and where on this machine its bytes are. */
  readonly files: ReadonlyMap<Digest, string>;
}

export interface IdentifySettings {
  /** PATH of the build, and the directory against which its relative entries and a relative argv[0] count. */
  readonly path: string;
  readonly cwd: string;
  readonly env: Environment;
  /** Folder for what is remembered between builds. */
  readonly cacheDir: string;
}

/** Raise it when anything that a record holds, or how it is found out, changes. */
const FORMAT = 1;

interface Stored {
  readonly identity?: Omit<ToolchainIdentity, 'files' | 'argv0' | 'masquerade'> & {files: [Digest, string][]};
  readonly refusal?: ToolchainRefusal;
}

/** Below 2 ms when it is known and unchanged; about two seconds when it is not. Never guesses: it refuses by name. */
export async function identifyToolchain(
  argv0: string,
  settings: IdentifySettings,
): Promise<Result<ToolchainIdentity, ToolchainRefusal>> {
  const place = findCompiler(argv0, settings);
  if (place === undefined) return refuse('compiler-missing', argv0);
  const word = place.masquerade ? place.path : argv0;
  const known = recall(recordPath(place.path, settings)) ?? (await learn(place.path, word, settings));
  if (!known.ok) return known;
  return ok({...known.value, argv0: word, ...(place.masquerade && {masquerade: place.masquerade})});
}

/** What keeps a compiler from travelling as far as that shows without running it. */
export async function refusalAtSight(
  argv0: string,
  settings: IdentifySettings,
): Promise<ToolchainRefusal | undefined> {
  const place = findCompiler(argv0, settings);
  if (place === undefined) return {reason: 'compiler-missing', subject: argv0};
  const known = recall(recordPath(place.path, settings)) ?? (await checkStartable(place.path));
  return known.ok ? undefined : known.error;
}

const LAUNCHERS = new Set(['ccache', 'sccache', 'distcc', 'icecc']);

/** As the shell finds a program; launchers that stand in a compiler's place are stepped over, as they do themselves. */
function findCompiler(
  argv0: string,
  {path, cwd}: IdentifySettings,
): {path: string; masquerade?: string} | undefined {
  let masquerade: string | undefined;
  const candidates = argv0.includes('/') ? [resolve(cwd, argv0)] : [];
  for (const directory of path.split(':')) candidates.push(resolve(cwd, directory, basename(argv0)));
  for (const [index, candidate] of candidates.entries()) {
    // A spelt-out path is looked for along PATH only if a launcher was found in its place.
    if (index > 0 && argv0.includes('/') && masquerade === undefined) return undefined;
    if (!isProgram(candidate)) continue;
    const name = basename(realpathSync(candidate));
    if (!LAUNCHERS.has(name) || name === basename(argv0))
      return {path: candidate, ...(masquerade && {masquerade})};
    masquerade = name;
  }
  return undefined;
}

/** Named by all that decides what will be found, but not by what is found. */
function recordPath(program: string, {env, path, cacheDir}: IdentifySettings): string {
  const decides = {...partsEnvironment({...env, PATH: path}), ...localeEnvironment(env)};
  const entries = Object.entries(decides).sort(([one], [other]) => (one < other ? -1 : 1));
  const key = digestOf(JSON.stringify([FORMAT, digestOf(preloadSource().bytes), program, entries]));
  return join(cacheDir, 'toolchains', `${key}.json`);
}

function recall(
  file: string,
): Result<Omit<ToolchainIdentity, 'argv0' | 'masquerade'>, ToolchainRefusal> | undefined {
  const stored = readRecord<Stored>(file);
  if (stored === undefined) return undefined;
  if (stored.refusal) return err(stored.refusal);
  return stored.identity && ok({...stored.identity, files: new Map(stored.identity.files)});
}

/** What rests on the watched files alone. Other refusals may be over when the user has installed something. */
const LASTING: ReadonlySet<ToolchainRefusal['reason']> = new Set([
  'script-wrapper',
  'static-compiler',
  'unknown-format',
  'musl-toolchain',
  'old-loader',
  'unknown-compiler',
  'translated-diagnostics',
]);

async function learn(
  path: string,
  argv0: string,
  settings: IdentifySettings,
): Promise<Result<Omit<ToolchainIdentity, 'argv0' | 'masquerade'>, ToolchainRefusal>> {
  const {cacheDir} = settings;
  const env = {...settings.env, PATH: settings.path};
  const compiler = {path, argv0};
  const file = recordPath(path, settings);
  const before = snapshot({files: [path], directories: [], absent: []});
  const refused = (refusal: ToolchainRefusal, rests: Snapshot = before) => {
    if (LASTING.has(refusal.reason)) writeRecord<Stored>(file, rests, {refusal});
    return err(refusal);
  };
  const startable = await checkStartable(path);
  if (!startable.ok) return refused(startable.error);
  const assembler = assemblerName(argv0);
  const version = await (assembler ? askAssembler(compiler, {assembler, env}) : askVersion(compiler, env));
  if (!version.ok) return refused(version.error);
  // An assembler cannot make it, and fits what any compiler of this machine makes.
  const maker = assembler ? compilersBeside(settings.path, settings.cwd).find(isProgram) : path;
  if (maker === undefined) return refused({reason: 'no-preload-library', subject: path});
  const preload = await preloadLibrary({
    program: assembler ? {path: maker, argv0: maker} : compiler,
    env,
    cacheDir,
    compilerKey: JSON.stringify(assembler ? snapshot({files: [maker], directories: [], absent: []}) : before),
  });
  if (!preload.ok) return refused(preload.error);
  const packed = await packToolchain({
    program: compiler,
    env,
    preload: preload.value,
    ...(assembler && {probe: ASSEMBLER_PROBE}),
  });
  if (!packed.ok) return refused(packed.error);
  const locale = await (assembler
    ? probeLocale(compiler, env, {complaints: ASSEMBLER_COMPLAINTS, flags: ASSEMBLER_FLAGS})
    : probeLocale(compiler, env));
  if (locale === undefined)
    return refused({reason: 'translated-diagnostics', subject: path}, snapshot(packed.value.watched));

  const {toolchain, files, watched, programDirectories} = packed.value;
  const {digest, path: description} = keepDescription(toolchain, cacheDir);
  const identity = {
    program: realpathSync(path),
    found: path,
    kind: version.value.kind,
    version: version.value.text,
    loader: toolchain.loader,
    path: programDirectories.join(':') || dirname(path),
    locale,
    digest,
    files: [...files, [digest, description] as [Digest, string]],
  };
  const kept = {...watched, files: [...watched.files, preload.value, description]};
  writeRecord<Stored>(file, snapshot(kept), {identity});
  return ok({...identity, files: new Map(identity.files)});
}
