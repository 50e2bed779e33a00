/** The command line of each command -> options, or what is wrong with it. Reads no file. */
import type {parseArgs} from 'node:util';
import {type OptionInvalid, ok, type Result} from '../failure.ts';
import {
  dollars,
  type Flag,
  invalid,
  oneOf,
  type Parsed,
  parse,
  seconds,
  settingsOf,
  share,
  valueIn,
  wholeNumber,
} from './flags.ts';
import type {SettingValues} from './settings.ts';

export type Debug = 'explain' | 'local';

export interface BuildOptions {
  /** A preset of CMake's that says what to build, and where. */
  readonly preset: string | undefined;
  /** A manifest in place of `build.ninja`, relative to the directory. */
  readonly file: string | undefined;
  /** One of several configurations of a directory. */
  readonly config: string | undefined;
  /** As the user gave them: a directory first, perhaps, then targets. */
  readonly words: readonly string[];
  readonly jobs: number | undefined;
  /** What this machine may run at once by a preset; the flags come first. */
  readonly presetJobs?: number | undefined;
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
  /** Of the cloud, see `settings.ts`. */
  readonly settings: SettingValues;
  /** Whether what the cloud fails runs here instead. */
  readonly fallback: boolean;
  readonly remoteOnly: boolean;
  /** US dollars. */
  readonly maxCost: number | undefined;
  /** Whether results of this build are kept for others. */
  readonly cacheWrite: boolean;
  /** For a shell in the directory, after a build without failures. */
  readonly next: string | undefined;
  /** Rules, or programs that their commands run, which may run on workers too; see also `settings.ts`. */
  readonly remoteRules: readonly string[];
}

export interface WatchOptions extends BuildOptions {
  /** For a shell, after each build without failures. */
  readonly run: string | undefined;
  /** Whether the screen is cleared before each build. */
  readonly clear: boolean;
  /** Events on standard output instead of lines for people. */
  readonly json: boolean;
  /** Seconds between two looks at the same file, where the system's events do not tell. */
  readonly poll: number | undefined;
}

export interface StoreOptions {
  readonly store: string | undefined;
}

const BUILD_FLAGS = {
  file: {type: 'string', short: 'f'},
  config: {type: 'string'},
  preset: {type: 'string'},
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
  // biome-ignore lint/suspicious/noThenProperty: the flag's name; nobody awaits a table of flags.
  then: {type: 'string'},
  'no-cache-write': {type: 'boolean'},
  'remote-rule': {type: 'string', multiple: true},
  fallback: {type: 'boolean'},
  'no-fallback': {type: 'boolean'},
  'remote-only': {type: 'boolean'},
  'max-cost': {type: 'string'},
  cloud: {type: 'string'},
  function: {type: 'string'},
  region: {type: 'string'},
  profile: {type: 'string'},
  help: {type: 'boolean', short: 'h'},
} as const satisfies Record<string, Flag>;

const WATCH_FLAGS = {
  ...BUILD_FLAGS,
  run: {type: 'string'},
  clear: {type: 'boolean'},
  json: {type: 'boolean'},
  poll: {type: 'string'},
} as const satisfies Record<string, Flag>;

const STORE_FLAGS = {
  store: {type: 'string'},
  cache: {type: 'boolean'},
  help: {type: 'boolean', short: 'h'},
} as const satisfies Record<string, Flag>;

export const BUILD_HELP = `llama build [DIR] [TARGET...]

Builds what ninja would build: compiles on workers, everything else by ninja; afterwards ninja has nothing to do.
DIR holds build.ninja or compile_commands.json; without it ./build is taken, else the current directory.

  -f FILE           the manifest in DIR, as ninja's -f   (default: build.ninja)
  --config NAME     one of the configurations of CMake's Ninja Multi-Config
  --preset NAME     directory, configuration, targets and environment by CMakePresets.json, as cmake --build --preset
  -j N              compiles in flight at most           (default: what the cloud offers; embedded: the cores)
  --local-jobs N    local edges at once                  (default: the cores)
  -k N              stop after N failures, 0 = never     (default 1)
  -n                say what would be done, without doing it
  -v                whole commands
  -d explain        say why each edge has to run
  -d local          list what stays local, of all that the targets need, and why; with -n nothing is built
  --then COMMAND    after a build without failures, start COMMAND in DIR: what follows the compiles of a
                    compile_commands.json, such as --then 'make -j2'; found by itself where CMake wrote the Makefile
  --remote-rule NAME  run commands of this rule, or of this program, on workers too: a code generator that reads and
                    writes what its rule declares, and nothing else (or "remoteRules": [NAME] in llama.config.json)
  --commands FILE   the graph is the output of 'ninja -t commands' in FILE (- = standard input)
  --store DIR       the embedded store                   (default: $XDG_CACHE_HOME/llama)
  --no-cache        use no earlier result, keep none
  --verify SHARE    compile this share (0 to 1, or 10%) again locally and compare
  --summary FILE    write figures of the build as JSON
  --progress MODE   auto, plain or none
  --cloud CLOUD     aws or embedded                      (default: what llama bootstrap has made, else embedded)
  --function NAME, --region R, --profile P               of aws, instead of what bootstrap wrote down
  --no-fallback     what the cloud itself fails is a failure, instead of running here
  --remote-only     also the few compiles that this machine's cores could take at once
  --max-cost USD    from there on everything runs here
  --no-cache-write  keep no results for others

Environment: LLAMA_STORE_LIMIT is what the store may take, in bytes or with K, M, G or T (default 10G).
Exit status: 0 built, 1 something failed, 2 wrong usage or unreadable input, 130 or 143 interrupted.`;

export const WATCH_HELP = `llama watch [DIR] [TARGET...]

Builds as llama build does, and again whenever a file changes that the build rests on.

  --run COMMAND     start COMMAND after each build without failures, ending the one before
  --clear           clear the screen before each build
  --json            tell each event as a line of JSON on standard output
  --poll SECONDS    look for changes this often, as network file systems need it that tell of none
  -k N              stop a build after N failures, 0 = never (default 0)

All other flags are those of llama build, but for -n, which means one build; --summary tells of the build that ended last.
Keys: r builds now, e shows the next failure, q quits.
Exit status: 0 by q, 2 wrong usage or unreadable input, 130 or 143 interrupted.`;

export const HELP = `llama: C and C++ builds on many workers at once

  llama build [DIR] [TARGET...]   build; 'llama build --help' tells the flags
  llama watch [DIR] [TARGET...]   build, and again whenever a file changes; 'llama watch --help' tells the flags
  llama make [ARG...]             run make, compiles on workers; 'llama make --help' tells the flags
  llama import FILE|DIR|-         what a compile_commands.json gives; then build by it
  llama bootstrap                 make what builds on AWS need; 'llama bootstrap --help' tells the flags
  llama doctor [--fix]            look at all that can be wrong, with what mends it
  llama status                    which cloud, what it holds, what it has cost
  llama stats [--store DIR]       what the store holds
  llama clean --cache             remove the store
  llama --version

Environment: LLAMA_STORE_LIMIT is what the store may take, in bytes or with K, M, G or T (default 10G).`;

export const STATS_HELP = `llama stats [--store DIR]

Prints where the embedded store is, and how many blobs, results and bytes it holds.`;

export const CLEAN_HELP = `llama clean --cache [--store DIR]

Removes the embedded store: blobs, results, packed toolchains. The next build fills it again.`;

export function parseBuildOptions(argv: readonly string[]): Parsed<BuildOptions> {
  const parsed = parse(argv, BUILD_FLAGS, 'llama build --help');
  if (!parsed.ok) return parsed;
  const {values, positionals} = parsed.value;
  if (values.help) return ok('help');
  return buildOptions(values, positionals, {keepGoing: 1});
}

export function parseWatchOptions(argv: readonly string[]): Parsed<WatchOptions> {
  const parsed = parse(argv, WATCH_FLAGS, 'llama watch --help');
  if (!parsed.ok) return parsed;
  const {values, positionals} = parsed.value;
  if (values.help) return ok('help');
  if (values['dry-run']) return invalid('-n is for one build', 'for one build: llama build -n');
  if (values.commands === '-') {
    return invalid('--commands - can be read once only', 'write the commands to a file, and name that');
  }
  if (values.then !== undefined) {
    return invalid(
      '--then is for one build',
      `after each build of a watch: llama watch --run '${values.then}'`,
    );
  }
  if (values.run?.trim() === '') return invalid('--run needs a command', 'see: llama watch --help');
  const built = buildOptions(values, positionals, {keepGoing: 0});
  if (!built.ok) return built;
  const poll = seconds(values.poll, '--poll');
  if (!poll.ok) return poll;
  const {run, clear = false, json = false} = values;
  return ok({...built.value, run, clear, json, poll: poll.value});
}

type BuildValues = ReturnType<typeof parseArgs<{options: typeof BUILD_FLAGS}>>['values'];

function buildOptions(
  values: BuildValues,
  words: readonly string[],
  defaults: {readonly keepGoing: number},
): Result<BuildOptions, OptionInvalid> {
  const jobs = wholeNumber(values.jobs, '-j', 1);
  const localJobs = wholeNumber(values['local-jobs'], '--local-jobs', 1);
  const keepGoing = wholeNumber(values['keep-going'], '-k', 0);
  const verify = share(values.verify);
  const progress = oneOf(values.progress ?? 'auto', ['auto', 'plain', 'none'], '--progress');
  const maxCost = dollars(values['max-cost']);
  const cloud = oneOf(values.cloud, ['aws', 'embedded'], '--cloud');
  const debug = (values.debug ?? []).map(value => oneOf(value, ['explain', 'local'], '-d'));
  for (const checked of [jobs, localJobs, keepGoing, verify, progress, cloud, maxCost, ...debug]) {
    if (!checked.ok) return checked;
  }
  if (values['remote-rule']?.some(name => name.trim() === '')) {
    return invalid('--remote-rule needs the name of a rule or of a program', 'see: llama build --help');
  }
  if (values.then?.trim() === '') return invalid('--then needs a command', 'see: llama build --help');
  const [one, other] = [
    ...(values.commands === undefined ? [] : ['--commands']),
    ...(values.file === undefined ? [] : ['-f']),
    ...(values.config === undefined ? [] : ['--config']),
  ];
  if (other !== undefined)
    return invalid(`${one} and ${other} each name what is built`, `leave one of them out`);
  if (values.preset !== undefined && values.commands !== undefined) {
    return invalid('--preset and --commands each name what is built', 'leave one of them out');
  }
  return ok({
    words,
    preset: values.preset,
    file: values.file,
    config: values.config,
    jobs: valueIn(jobs),
    localJobs: valueIn(localJobs),
    keepGoing: valueIn(keepGoing) ?? defaults.keepGoing,
    dryRun: values['dry-run'] ?? false,
    verbose: values.verbose ?? false,
    debug: new Set(debug.flatMap(value => valueIn(value) ?? [])),
    commands: values.commands,
    store: values.store,
    cache: !values['no-cache'],
    verify: valueIn(verify) ?? 0,
    summary: values.summary,
    progress: valueIn(progress) ?? 'auto',
    fallback: !values['no-fallback'],
    remoteOnly: values['remote-only'] ?? false,
    maxCost: valueIn(maxCost),
    cacheWrite: !values['no-cache-write'],
    next: values.then,
    remoteRules: values['remote-rule'] ?? [],
    settings: settingsOf({
      cloud: valueIn(cloud),
      function: values.function,
      region: values.region,
      profile: values.profile,
    }),
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
