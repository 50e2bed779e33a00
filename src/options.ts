/** The command line of each command -> options, or what is wrong with it. Reads no file. */
import {parseArgs} from 'node:util';
import {nearest} from './edit-distance.ts';
import {err, type OptionInvalid, ok, type Result} from './failure.ts';

export type Debug = 'explain' | 'local';

export interface BuildOptions {
  /** As the user gave them: a directory first, perhaps, then targets. */
  readonly words: readonly string[];
  readonly jobs: number | undefined;
  readonly localJobs: number | undefined;
  /** Failures before nothing more is started; 0 for never. */
  readonly keepGoing: number;
  readonly dryRun: boolean;
  readonly verbose: boolean;
  readonly debug: ReadonlySet<Debug>;
  readonly commands: string | undefined;
  readonly store: string | undefined;
  readonly cache: boolean;
  /** Share of compiles to compare with local ones, 0 to 1. */
  readonly verify: number;
  readonly summary: string | undefined;
  readonly progress: 'auto' | 'plain' | 'none';
}

export interface StoreOptions {
  readonly store: string | undefined;
}

interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
}

const BUILD_FLAGS = {
  jobs: {type: 'string', short: 'j'},
  'local-jobs': {type: 'string'},
  'keep-going': {type: 'string', short: 'k'},
  'dry-run': {type: 'boolean', short: 'n'},
  verbose: {type: 'boolean', short: 'v'},
  debug: {type: 'string', short: 'd', multiple: true},
  commands: {type: 'string'},
  store: {type: 'string'},
  'no-cache': {type: 'boolean'},
  verify: {type: 'string'},
  summary: {type: 'string'},
  progress: {type: 'string'},
  help: {type: 'boolean', short: 'h'},
} as const satisfies Record<string, Flag>;

const STORE_FLAGS = {
  store: {type: 'string'},
  cache: {type: 'boolean'},
  help: {type: 'boolean', short: 'h'},
} as const satisfies Record<string, Flag>;

export const BUILD_HELP = `llama build [DIR] [TARGET...]

Builds what ninja would build: compiles on workers, everything else by ninja; afterwards ninja has nothing to do.
DIR holds build.ninja or compile_commands.json; without it ./build is taken, else the current directory.

  -j N              compiles in flight at most           (default: what the cloud offers; embedded: the cores)
  --local-jobs N    local edges at once                  (default: the cores)
  -k N              stop after N failures, 0 = never     (default 1)
  -n                say what would be done, without doing it
  -v                whole commands
  -d explain        say why each edge has to run
  -d local          list what stays local, of all that the targets need, and why; with -n nothing is built
  --commands FILE   the graph is the output of 'ninja -t commands' in FILE (- = standard input)
  --store DIR       the embedded store                   (default: $XDG_CACHE_HOME/llama)
  --no-cache        use no earlier result, keep none
  --verify SHARE    compile this share (0 to 1, or 10%) again locally and compare
  --summary FILE    write figures of the build as JSON
  --progress MODE   auto, plain or none

Environment: LLAMA_STORE_LIMIT is what the store may take, in bytes or with K, M, G or T (default 10G).
Exit status: 0 built, 1 something failed, 2 wrong usage or unreadable input, 130 or 143 interrupted.`;

export const HELP = `llama: C and C++ builds on many workers at once

  llama build [DIR] [TARGET...]   build; 'llama build --help' tells the flags
  llama stats [--store DIR]       what the store holds
  llama clean --cache             remove the store
  llama --version

Environment: LLAMA_STORE_LIMIT is what the store may take, in bytes or with K, M, G or T (default 10G).`;

export const STATS_HELP = `llama stats [--store DIR]

Prints where the embedded store is, and how many blobs, results and bytes it holds.`;

export const CLEAN_HELP = `llama clean --cache [--store DIR]

Removes the embedded store: blobs, results, packed toolchains. The next build fills it again.`;

export type Parsed<T> = Result<T | 'help', OptionInvalid>;

export function parseBuildOptions(argv: readonly string[]): Parsed<BuildOptions> {
  const parsed = parse(argv, BUILD_FLAGS, 'llama build --help');
  if (!parsed.ok) return parsed;
  const {values, positionals} = parsed.value;
  if (values.help) return ok('help');
  const jobs = wholeNumber(values.jobs, '-j', 1);
  const localJobs = wholeNumber(values['local-jobs'], '--local-jobs', 1);
  const keepGoing = wholeNumber(values['keep-going'], '-k', 0);
  const verify = share(values.verify);
  const progress = oneOf(values.progress ?? 'auto', ['auto', 'plain', 'none'], '--progress');
  const debug = (values.debug ?? []).map(value => oneOf(value, ['explain', 'local'], '-d'));
  for (const checked of [jobs, localJobs, keepGoing, verify, progress, ...debug]) {
    if (!checked.ok) return checked;
  }
  return ok({
    words: positionals,
    jobs: valueIn(jobs),
    localJobs: valueIn(localJobs),
    keepGoing: valueIn(keepGoing) ?? 1,
    dryRun: values['dry-run'] ?? false,
    verbose: values.verbose ?? false,
    debug: new Set(debug.flatMap(value => (value.ok ? [value.value] : []))),
    commands: values.commands,
    store: values.store,
    cache: !values['no-cache'],
    verify: valueIn(verify) ?? 0,
    summary: values.summary,
    progress: valueIn(progress) ?? 'auto',
  });
}

export function parseStoreOptions(argv: readonly string[], command: 'stats' | 'clean'): Parsed<StoreOptions> {
  const parsed = parse(argv, STORE_FLAGS, `llama ${command} --help`);
  if (!parsed.ok) return parsed;
  const {values, positionals} = parsed.value;
  if (values.help) return ok('help');
  if (positionals.length > 0) {
    return invalid(`unexpected argument '${positionals[0]}'`, `see: llama ${command} --help`);
  }
  if (command === 'clean' && !values.cache) {
    return invalid('llama clean needs to be told what to remove', 'to remove the store: llama clean --cache');
  }
  return ok({store: values.store});
}

function parse<T extends Record<string, Flag>>(argv: readonly string[], flags: T, help: string) {
  try {
    const args = joinNegativeNumbers(argv, flags);
    return ok(parseArgs({args, options: flags, allowPositionals: true, strict: true}));
  } catch (error) {
    const {message} = error as Error;
    const valueless = /^Option '(-[^ ,']*)[^']*' argument (?:missing|is ambiguous)/.exec(message)?.[1];
    if (valueless !== undefined) return invalid(`${valueless} needs a value`, `see: ${help}`);
    const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
    if (unknown === undefined) return invalid(lowerFirst(message.split(/\. |\n/)[0]!), `see: ${help}`);
    const known = Object.entries(flags).flatMap(([name, flag]) =>
      flag.short === undefined ? [`--${name}`] : [`--${name}`, `-${flag.short}`],
    );
    // Any letter is near any other.
    const [best] = unknown.length === 2 ? [] : nearest(unknown, known, 2);
    const hint = best === undefined ? `see: ${help}` : `did you mean ${best}? see: ${help}`;
    return invalid(`unknown flag '${unknown}'`, hint);
  }
}

/** `-k -1` -> `-k-1`: parseArgs takes the number for a flag, and would not say what is wrong with it. */
function joinNegativeNumbers(argv: readonly string[], flags: Readonly<Record<string, Flag>>): string[] {
  const openings = new Map<string, string>();
  for (const [name, {type, short}] of Object.entries(flags)) {
    if (type === 'boolean') continue;
    openings.set(`--${name}`, `--${name}=`);
    if (short !== undefined) openings.set(`-${short}`, `-${short}`);
  }
  const joined: string[] = [];
  for (const word of argv) {
    const opening = joined.includes('--') ? undefined : openings.get(joined.at(-1) ?? '');
    if (opening === undefined || !/^-\d/.test(word)) joined.push(word);
    else joined.splice(-1, 1, `${opening}${word}`);
  }
  return joined;
}

function wholeNumber(
  text: string | undefined,
  flag: string,
  least: number,
): Result<number | undefined, OptionInvalid> {
  if (text === undefined) return ok(undefined);
  if (!/^\d+$/.test(text) || Number(text) < least) {
    return invalid(`${flag} takes a whole number of at least ${least}, not '${text}'`);
  }
  return ok(Number(text));
}

function share(text: string | undefined): Result<number | undefined, OptionInvalid> {
  if (text === undefined) return ok(undefined);
  const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text);
  const value = match ? Number(match[1]) / (match[2] === '%' ? 100 : 1) : Number.NaN;
  if (!(value >= 0 && value <= 1)) {
    return invalid(`--verify takes a share from 0 to 1 (or 0% to 100%), not '${text}'`);
  }
  return ok(value);
}

function oneOf<T extends string>(text: string, values: readonly T[], flag: string): Result<T, OptionInvalid> {
  const found = values.find(value => value === text);
  if (found !== undefined) return ok(found);
  return invalid(`${flag} takes ${values.join(' or ')}, not '${text}'`);
}

function valueIn<T>(result: Result<T, OptionInvalid>): T | undefined {
  return result.ok ? result.value : undefined;
}

function invalid(text: string, hint?: string): {readonly ok: false; readonly error: OptionInvalid} {
  return err({reason: 'option-invalid', text, ...(hint === undefined ? {} : {hint})});
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
