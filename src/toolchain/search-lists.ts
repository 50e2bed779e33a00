/** The directories built into a compiler, where it looks for `#include`d files: asked for by running it. */
import {spawn} from 'node:child_process';
import type {Result} from '../failure.ts';
import {err, ok} from '../failure.ts';
import type {Digest} from '../protocol/digest.ts';
import {partsEnvironment} from './compiler-run.ts';

/** All that the built-in directories rest on. */
export interface ListsRequest {
  /** The program as it can be started: a path, or a name for `PATH`. */
  readonly compiler: string;
  readonly family: 'gcc' | 'clang';
  /** Of its contents; where it is absent, no answer is kept for other processes. */
  readonly toolchain?: Digest | undefined;
  /** As `-x` takes it: `c`, `c++`, `assembler-with-cpp`, `assembler`, `objective-c`, ... */
  readonly language: string;
  /** Absolute; relative directories are relative to it. */
  readonly cwd: string;
  /** The whole environment of the compile here. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Flags that may change the built-in directories (`--sysroot`, `-nostdinc`, `-B`, `-m32`, `-stdlib`, `-target`, ...),
   * in order; all search flags where some give directories in a way that only the compiler understands.
   */
  readonly baseFlags: readonly string[];
}

/** The directories built into a compiler. */
export interface SearchLists {
  readonly quote: readonly string[];
  readonly bracket: readonly string[];
}

/** What `-v` prints of them. */
export interface SearchAnswer extends SearchLists {
  /** Directories that would be searched if they were there. */
  readonly absent: readonly string[];
  readonly repeated: readonly string[];
  /** Whether it rests on nothing else: no file of specs, no directory with which something was wrong. */
  readonly isPlain: boolean;
}

/** The compiler did not name its directories. */
export interface SearchPathUnknown {
  readonly reason: 'search-path-unknown';
  readonly text: string;
}

/** Variables that name the user's directories. */
export const DIRECTORY_VARIABLES = [
  'CPATH',
  'C_INCLUDE_PATH',
  'CPLUS_INCLUDE_PATH',
  'OBJC_INCLUDE_PATH',
  'OBJCPLUS_INCLUDE_PATH',
] as const;
/** Variables by which a driver may find other built-in directories. */
const MOVING_VARIABLES = [
  'PATH',
  'GCC_EXEC_PREFIX',
  'COMPILER_PATH',
  'CCC_OVERRIDE_OPTIONS',
  'SYSROOT',
  'SDKROOT',
];

/** Requests with equal keys have equal answers, as long as the disk is as it was. */
export function listsKey({compiler, language, cwd, env, baseFlags}: ListsRequest): string {
  const moving = MOVING_VARIABLES.map(name => env[name] ?? '');
  // A compiler or a flag that is a relative path means another directory in another place.
  const place = [compiler, ...baseFlags].some(isRelativePath) ? cwd : '';
  return [compiler, language, place, ...moving, ...baseFlags].join('\0');
}

function isRelativePath(word: string): boolean {
  return !word.startsWith('/') && !/^-.*[=A-Za-z]\//.test(word) && word.includes('/');
}

/**
 * Of any compiler but an assembler. gcc is asked with the variables by which it finds its own parts, as it will be on a
 * worker: some builds of it listen to others (`GCC_ROOT`, `LIBRARY_PATH`, specs with `getenv`), which no worker has.
 */
export function askSearchLists(request: ListsRequest): Promise<Result<SearchAnswer, SearchPathUnknown>> {
  const known = request.family === 'gcc' ? partsEnvironment(request.env) : request.env;
  const env: NodeJS.ProcessEnv = {...known, LC_ALL: 'C', LANGUAGE: ''};
  for (const name of DIRECTORY_VARIABLES) delete env[name];
  const args = [...request.baseFlags, '-E', '-v', '-x', request.language, '/dev/null'];
  return new Promise(resolve => {
    const child = spawn(request.compiler, args, {cwd: request.cwd, env, stdio: ['ignore', 'ignore', 'pipe']});
    const chunks: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', error => resolve(err({reason: 'search-path-unknown', text: error.message})));
    child.on('close', () => resolve(parseSearchLists(Buffer.concat(chunks).toString('utf8'))));
  });
}

const ABSENT = /^ignoring nonexistent directory "(.*)"$/;
const REPEATED = /^ignoring duplicate directory "(.*)"$/;
/** As GCC's driver says of a file of specs, and all of its parts of what is wrong. */
const FURTHER = /^Reading specs from |: (?:warning|error|fatal error): /;

/** Reads what `-v` prints before and between `search starts here:` and `End of search list.` */
export function parseSearchLists(text: string): Result<SearchAnswer, SearchPathUnknown> {
  const quote: string[] = [];
  const bracket: string[] = [];
  const absent: string[] = [];
  const repeated: string[] = [];
  let isPlain = true;
  let list: string[] | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('#include "..."')) list = quote;
    else if (line.startsWith('#include <...>')) list = bracket;
    else if (line.startsWith('End of search list')) return ok({quote, bracket, absent, repeated, isPlain});
    else if (list !== undefined) {
      if (line.startsWith(' ')) list.push(line.slice(1));
    } else {
      const [, missing] = ABSENT.exec(line) ?? [];
      const [, twin] = REPEATED.exec(line) ?? [];
      if (missing !== undefined) absent.push(missing);
      if (twin !== undefined) repeated.push(twin);
      if (FURTHER.test(line)) isPlain = false;
    }
  }
  return err({reason: 'search-path-unknown', text: text.trimEnd().split('\n').at(-1) ?? ''});
}
