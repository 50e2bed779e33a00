/**
 * Where a compiler looks for `#include`d files: the directories built into it, asked for once per compiler, language
 * and set of flags that move them, joined with the user's own by the compilers' documented rules. It opens no header.
 */
import type {Result} from '../failure.ts';
import {ok} from '../failure.ts';
import type {FileState} from '../graph/file-state.ts';
import type {KeptSearchLists} from './kept-search-lists.ts';
import {
  askSearchLists,
  DIRECTORY_VARIABLES,
  type ListsRequest,
  listsKey,
  type SearchLists,
  type SearchPathUnknown,
} from './search-lists.ts';

/** What one command line says about searching; relative directories are relative to its `cwd`. */
export interface SearchRequest extends ListsRequest {
  /** Arguments of `-iquote`, `-I`, `-isystem` and `-idirafter`, each list in the order of the command line. */
  readonly quote: readonly string[];
  readonly angle: readonly string[];
  readonly system: readonly string[];
  readonly after: readonly string[];
  /** Arguments of `--embed-dir`. */
  readonly embed: readonly string[];
  /** Directories given to the assembler alone. */
  readonly assembler?: readonly string[];
}

/** Directories in search order as they are written, before what is absent or repeated is taken out. */
export interface SearchPath {
  readonly family: 'gcc' | 'clang';
  readonly cwd: string;
  readonly quote: readonly string[];
  readonly angle: readonly string[];
  /** The user's system directories, the built-in ones, and those to be searched last. */
  readonly system: readonly string[];
  readonly embed: readonly string[];
  /** Where the assembler looks after the working directory. */
  readonly assembler: readonly string[];
}

/** One directory of a search list: `prefix + name` is the path that the compiler opens. */
export interface ChainDirectory {
  /** Absolute, not cleaned, ending in a slash. */
  readonly prefix: string;
  readonly isSystem: boolean;
}

export interface SearchChains {
  /** Searched for `"name"` after the directory of the file that includes it. */
  readonly quote: readonly ChainDirectory[];
  /** Searched for `<name>`. */
  readonly bracket: readonly ChainDirectory[];
}

/** Invariant: equal requests give the identical {@link SearchPath}, so that it can be a key. */
export class SearchPaths {
  readonly #kept: KeptSearchLists | undefined;
  readonly #builtIn = new Map<string, Promise<Result<SearchLists, SearchPathUnknown>>>();
  readonly #known = new Map<string, Result<SearchPath, SearchPathUnknown>>();

  /** `kept`: answers that earlier processes got. */
  constructor(kept?: KeptSearchLists) {
    this.#kept = kept;
  }

  /** Runs the compiler at most once per distinct base. A failure is remembered like an answer. */
  async find(request: SearchRequest): Promise<Result<SearchPath, SearchPathUnknown>> {
    const base = listsKey(request);
    const key = `${base}\0${userKey(request)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    let asking = this.#builtIn.get(base);
    if (asking === undefined) {
      asking =
        request.language === 'assembler'
          ? Promise.resolve(ok({quote: [], bracket: []}))
          : this.#builtInLists(request);
      this.#builtIn.set(base, asking);
    }
    const builtIn = await asking;
    const earlier = this.#known.get(key);
    if (earlier !== undefined) return earlier;
    const result = builtIn.ok ? ok(join(request, builtIn.value)) : builtIn;
    this.#known.set(key, result);
    return result;
  }

  async #builtInLists(request: SearchRequest): Promise<Result<SearchLists, SearchPathUnknown>> {
    const kept = this.#kept?.recall(request);
    if (kept !== undefined) return ok(kept);
    const answer = await askSearchLists(request);
    if (answer.ok) this.#kept?.keep(request, answer.value);
    return answer;
  }
}

/**
 * The lists as the compiler would print them with `-v`, by what exists on disk now. Directories that do not exist
 * stay in: nothing is found in them, and they may come into being later.
 */
export function chainsOf(path: SearchPath, files: FileState): SearchChains {
  const entry = (isSystem: boolean) => (directory: string) => chainEntry(path, directory, isSystem, files);
  const quote = path.quote.map(entry(false));
  const angle = path.angle.map(entry(false));
  const system = path.system.map(entry(true));
  const chains = path.family === 'gcc' ? joinAsGcc(quote, angle, system) : joinAsClang(quote, angle, system);
  return {quote: chains.quote.map(bare), bracket: chains.bracket.map(bare)};
}

/** `prefix` for names in `directory`, the way compilers put the two together. */
export function prefixOf(cwd: string, directory: string): string {
  const absolute = directory.startsWith('/')
    ? directory
    : cwd.endsWith('/')
      ? cwd + directory
      : `${cwd}/${directory}`;
  return absolute.endsWith('/') ? absolute : `${absolute}/`;
}

interface Entry extends ChainDirectory {
  /** Device and inode; undefined where there is no directory. */
  readonly identity: string | undefined;
}

function chainEntry(path: SearchPath, directory: string, isSystem: boolean, files: FileState): Entry {
  const prefix = prefixOf(path.cwd, directory);
  const facts = files.stat(prefix);
  if (facts?.kind !== 'directory') return {prefix, isSystem, identity: undefined};
  const identity = `${facts.dev}:${facts.ino}`;
  if (!isSystem || path.family !== 'gcc') return {prefix, isSystem, identity};
  // GCC opens a system header by its canonical path when that is the shorter one.
  const physical = `${files.physical(prefix) ?? ''}/`;
  const isShorter =
    physical.length > 1 && physical.length < directory.length + (directory.endsWith('/') ? 0 : 1);
  return {prefix: isShorter ? physical : prefix, isSystem, identity};
}

function bare({prefix, isSystem}: Entry): ChainDirectory {
  return {prefix, isSystem};
}

/** GCC: first of each kind stays, but one of the user's that is also a system directory goes; quote is apart. */
function joinAsGcc(quote: readonly Entry[], angle: readonly Entry[], system: readonly Entry[]) {
  const systems = withoutRepeats(system);
  const isSystem = identitiesOf(systems);
  const users = (entries: readonly Entry[]) =>
    withoutRepeats(entries).filter(({identity}) => identity === undefined || !isSystem.has(identity));
  const bracket = [...users(angle), ...systems];
  return {quote: [...users(quote), ...bracket], bracket};
}

/** Clang: the same between user and system directories, but quote directories are only compared to each other. */
function joinAsClang(quote: readonly Entry[], angle: readonly Entry[], system: readonly Entry[]) {
  const systems = withoutRepeats(system);
  const isSystem = identitiesOf(systems);
  const users = withoutRepeats(angle).filter(
    ({identity}) => identity === undefined || !isSystem.has(identity),
  );
  const bracket = [...users, ...systems];
  return {quote: [...withoutRepeats(quote), ...bracket], bracket};
}

function withoutRepeats(entries: readonly Entry[]): Entry[] {
  const seen = new Set<string>();
  return entries.filter(({identity, prefix}) => {
    const key = identity ?? prefix;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function identitiesOf(entries: readonly Entry[]): ReadonlySet<string> {
  return new Set(entries.flatMap(({identity}) => identity ?? []));
}

function join(request: SearchRequest, builtIn: SearchLists): SearchPath {
  const {family, cwd, embed} = request;
  const angle = [...request.angle, ...directoriesIn(request.env.CPATH)];
  const variable = languageVariable(request.language);
  return {
    family,
    cwd,
    embed,
    quote: [...request.quote, ...builtIn.quote],
    angle,
    system: [
      ...request.system,
      ...directoriesIn(request.env[variable]),
      ...builtIn.bracket,
      ...request.after,
    ],
    // GCC hands -I on to the assembler, Clang's own takes it too; -isystem and the like reach neither.
    assembler: [...(request.assembler ?? []), ...request.angle],
  };
}

/** A list in a variable; an empty element means the working directory. */
function directoriesIn(list: string | undefined): string[] {
  if (list === undefined || list === '') return [];
  return list.split(':').map(directory => (directory === '' ? '.' : directory));
}

function languageVariable(language: string): (typeof DIRECTORY_VARIABLES)[number] {
  if (language.startsWith('objective-c++')) return 'OBJCPLUS_INCLUDE_PATH';
  if (language.startsWith('objective-c')) return 'OBJC_INCLUDE_PATH';
  return language.startsWith('c++') ? 'CPLUS_INCLUDE_PATH' : 'C_INCLUDE_PATH';
}

function userKey(request: SearchRequest): string {
  const {family, cwd, env, quote, angle, system, after, embed, assembler = []} = request;
  const variables = DIRECTORY_VARIABLES.map(name => env[name] ?? '');
  const lists = [variables, quote, angle, system, after, embed, assembler];
  return [family, cwd, ...lists.map(list => list.join('\0'))].join('\x01');
}
