/**
 * Built-in search lists of gcc, kept on disk for the builds that follow: to ask for them takes a run of the compiler
 * before the first compile can start. They rest on the compiler, its flags and variables, and on which of the
 * directories built into it are there; `-v` names those that are not, too. Not those below places that variables name,
 * with which it is asked each time; nor what clang looks at, other compilers' folders for example.
 */
import {join} from 'node:path';
import {digestOf} from '../protocol/digest.ts';
import {type ListsRequest, listsKey, type SearchAnswer, type SearchLists} from './search-lists.ts';
import {snapshot} from './stat-snapshot.ts';
import {readRecord, writeRecord} from './toolchain-record.ts';

/** Raise it when what a record holds, or how it is found out, changes. */
const FORMAT = 1;
/** Flags that name no file: what another may name can change without a trace in the answer. */
const PLAIN_FLAG = /^-(?:std=[\w+:]+|ansi|nostdinc(?:\+\+)?|m32|m64|mx32|m16|pthread|fopenmp)$/;
/** Variables that name places of a compiler's parts. */
const PLACES = ['COMPILER_PATH', 'GCC_EXEC_PREFIX'];

interface Stored {
  readonly lists?: Partial<SearchLists> | undefined;
}

export class KeptSearchLists {
  readonly #cacheDir: string;

  /** `cacheDir`: as for identification. */
  constructor(cacheDir: string) {
    this.#cacheDir = cacheDir;
  }

  /** Undefined where it is not known, or not any more. */
  recall(request: ListsRequest): SearchLists | undefined {
    if (!mayKeep(request)) return undefined;
    const {quote, bracket} = readRecord<Stored>(this.#file(request))?.lists ?? {};
    return arePaths(quote) && arePaths(bracket) ? {quote, bracket} : undefined;
  }

  keep(request: ListsRequest, answer: SearchAnswer): void {
    const {quote, bracket, absent, repeated, isPlain} = answer;
    const directories = [...quote, ...bracket, ...repeated];
    if (!mayKeep(request) || !isPlain || ![...directories, ...absent].every(path => path.startsWith('/')))
      return;
    try {
      const rests = snapshot({files: directories, directories: [], absent});
      writeRecord<Stored>(this.#file(request), rests, {lists: {quote, bracket}});
    } catch {
      // Not remembered, then: the next build asks again.
    }
  }

  #file(request: ListsRequest): string {
    const key = digestOf(JSON.stringify([FORMAT, request.toolchain, listsKey(request)]));
    return join(this.#cacheDir, 'toolchains', `${key}.search.json`);
  }
}

function arePaths(list: unknown): list is readonly string[] {
  return Array.isArray(list) && list.every(path => typeof path === 'string');
}

function mayKeep({family, toolchain, env, baseFlags}: ListsRequest): boolean {
  return (
    family === 'gcc' &&
    toolchain !== undefined &&
    baseFlags.every(flag => PLAIN_FLAG.test(flag)) &&
    PLACES.every(name => env[name] === undefined)
  );
}
