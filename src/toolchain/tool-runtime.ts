/**
 * What a program that is no compiler needs to run on a worker: its loader and libraries, packed as a toolchain. Kept on
 * disk under the stat of every file that was packed, since a tool may be made by the very build that uses it.
 */
import {closeSync, openSync, readFileSync, readSync, realpathSync} from 'node:fs';
import {basename, join, resolve} from 'node:path';
import {err, ok, type Result} from '../failure.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import {compilersBeside} from './assembler-probe.ts';
import {partsEnvironment} from './compiler-run.ts';
import {findProgram, isProgram} from './find-program.ts';
import type {IdentifySettings} from './identify.ts';
import {packRuntime} from './pack.ts';
import {preloadLibrary, preloadSource} from './preload-library.ts';
import {refuse, type ToolchainRefusal} from './refusal.ts';
import {snapshot} from './stat-snapshot.ts';
import type {ToolchainPart} from './toolchain-part.ts';
import {keepDescription, readRecord, writeRecord} from './toolchain-record.ts';

/** `files` and `digest` are those of the toolchain, to which the program itself does not belong. */
export interface ToolRuntime extends ToolchainPart {
  /** Physical path of what a worker starts: the program, or what runs it where it is a script. */
  readonly program: string;
  /** argv of the program by itself: more than one word where it is a script. */
  readonly argv: readonly string[];
  /** Paths that have to travel besides the toolchain, as they were found: the program, and the script. */
  readonly sent: readonly string[];
  /** Physical path of the dynamic loader, and the libraries that it loads, as it spells them. */
  readonly loader: string;
  readonly libraries: readonly string[];
  /** Whether it may ask for a locale, of which a worker has few. */
  readonly asksLocale: boolean;
}

/** Raise it when anything that a record holds changes. */
const FORMAT = 1;

interface Stored {
  readonly runtime: Pick<ToolRuntime, 'digest' | 'loader' | 'libraries' | 'asksLocale'> & {
    files: [Digest, string][];
  };
}

/** Some stats where it is known and unchanged. Refuses by name what cannot be run elsewhere in this way. */
export async function identifyTool(
  argv0: string,
  settings: IdentifySettings,
): Promise<Result<ToolRuntime, ToolchainRefusal>> {
  const place = placeOf(argv0, settings);
  if (place === undefined) return refuse('compiler-missing', argv0);
  const script = interpreterOf(place);
  if (script === undefined) return runtimeOf(place, {argv: [argv0], sent: [place]}, settings);
  const interpreter = placeOf(script.program, settings);
  if (interpreter === undefined) return refuse('compiler-missing', script.program);
  const argv = [script.program, ...script.args, argv0.includes('/') ? argv0 : place];
  return runtimeOf(interpreter, {argv, sent: [interpreter, place]}, settings);
}

function placeOf(argv0: string, {path, cwd}: IdentifySettings): string | undefined {
  const place = argv0.includes('/') ? resolve(cwd, argv0) : findProgram(argv0, path, cwd);
  return place !== undefined && isProgram(place) ? place : undefined;
}

/** What the first line of a script says, as the kernel reads it (execve(2)); `env` is stepped over. */
function interpreterOf(path: string): {program: string; args: readonly string[]} | undefined {
  const head = Buffer.alloc(256);
  const file = openSync(path, 'r');
  try {
    const line = head.toString('latin1', 0, readSync(file, head, 0, head.length, 0)).split('\n')[0]!;
    const [, program, argument] = /^#![ \t]*([^ \t]+)(?:[ \t]+(.*[^ \t]))?[ \t]*$/.exec(line) ?? [];
    if (program === undefined) return undefined;
    if (basename(program) === 'env' && argument !== undefined && /^[\w.+-]+$/.test(argument))
      return {program: argument, args: []};
    return {program, args: argument === undefined ? [] : [argument]};
  } finally {
    closeSync(file);
  }
}

async function runtimeOf(
  path: string,
  own: Pick<ToolRuntime, 'argv' | 'sent'>,
  settings: IdentifySettings,
): Promise<Result<ToolRuntime, ToolchainRefusal>> {
  const decides = {...partsEnvironment(settings.env), PATH: settings.path};
  const key = digestOf(JSON.stringify([FORMAT, digestOf(preloadSource().bytes), path, decides]));
  const record = join(settings.cacheDir, 'toolchains', `${key}.tool.json`);
  const known = readRecord<Stored>(record)?.runtime ?? (await learn(path, record, settings));
  if ('reason' in known) return err(known);
  return ok({...known, ...own, files: new Map(known.files), program: realpathSync(path)});
}

async function learn(
  path: string,
  record: string,
  {cwd, cacheDir, ...settings}: IdentifySettings,
): Promise<Stored['runtime'] | ToolchainRefusal> {
  const env = {...settings.env, PATH: settings.path};
  // Any compiler of this machine makes what fits all of its programs.
  const maker = compilersBeside(settings.path, cwd).find(isProgram);
  if (maker === undefined) return {reason: 'no-preload-library', subject: path};
  const preload = await preloadLibrary({
    program: {path: maker, argv0: maker},
    env,
    cacheDir,
    compilerKey: JSON.stringify(snapshot({files: [maker], directories: [], absent: []})),
  });
  if (!preload.ok) return preload.error;
  const packed = await packRuntime({program: {path, argv0: path}, env, preload: preload.value});
  if (!packed.ok) return packed.error;
  const {toolchain, files, watched} = packed.value;
  const own = watched.files.filter(file => !isOfSystem(file));
  const hidden = [path, ...own].find(goesUnseen);
  if (hidden !== undefined) return {reason: 'unseen-access', subject: hidden};
  const {digest, path: description} = keepDescription(toolchain, cacheDir);
  const runtime = {
    digest,
    loader: toolchain.loader,
    libraries: watched.files.filter(file => file !== path),
    asksLocale: [...new Set([path, ...own])].some(mayAskLocale),
    files: [...files, [digest, description] as [Digest, string]],
  };
  const rests = {...watched, files: [...watched.files, preload.value, description]};
  writeRecord<Stored>(record, snapshot(rests), {runtime});
  return runtime;
}

/** Whether a path belongs to what the system's packages bring, as far as its place tells. */
export function isOfSystem(path: string): boolean {
  return /^\/(?:usr|etc|bin|sbin|lib|lib32|lib64|libx32)\/(?!(?:local\/)?src\/)/.test(path);
}

/**
 * C's functions, and the constructors of C++'s `std::locale` that take a name. The C++ library itself names the former
 * whether or not a program asks for a locale, so that those of the system's libraries mean nothing.
 */
const ASKS_LOCALE = ['setlocale', 'newlocale', '_ZNSt6localeC1EPKc', '_ZNSt6localeC1ERKNSt'];

/**
 * Functions by which a program looks at files unseen by a library in front of glibc, and the mark of Go's programs, which
 * call the kernel themselves.
 */
const UNSEEN = [
  ...['ftw', 'ftw64', 'nftw', 'nftw64', 'fts_open', 'fts64_open', 'wordexp', 'execveat'].map(
    name => `\0${name}\0`,
  ),
  'Go buildinf:',
];

/** Of a program, or of a library that is not the system's. */
export function goesUnseen(path: string): boolean {
  const bytes = readFileSync(path);
  return UNSEEN.some(name => bytes.includes(name));
}

/** Of a program, or of a library that is not the system's. Libraries of the system say nothing. */
export function mayAskLocale(path: string): boolean {
  if (isOfSystem(path) && /\.so(?:\.|$)/.test(path)) return false;
  const bytes = readFileSync(path);
  return ASKS_LOCALE.some(name => bytes.includes(name));
}
