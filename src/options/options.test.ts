import {describe, expect, it} from 'vitest';
import {
  BUILD_HELP,
  type BuildOptions,
  parseBuildOptions,
  parseStoreOptions,
  parseWatchOptions,
} from './options.ts';

function parsed(...argv: string[]): BuildOptions {
  const result = parseBuildOptions(argv);
  if (!result.ok || result.value === 'help') throw new Error(JSON.stringify(result));
  return result.value;
}

function refused(...argv: string[]): string {
  const result = parseBuildOptions(argv);
  if (result.ok) throw new Error(`${argv.join(' ')} was taken`);
  const {text, hint} = result.error;
  return hint === undefined ? text : `${text} | ${hint}`;
}

describe('llama build', () => {
  it('without flags does what ninja does', () => {
    expect(parsed()).toEqual({
      words: [],
      jobs: undefined,
      localJobs: undefined,
      keepGoing: 1,
      dryRun: false,
      verbose: false,
      debug: new Set(),
      commands: undefined,
      store: undefined,
      cache: true,
      verify: 0,
      summary: undefined,
      progress: 'auto',
      settings: {},
      fallback: true,
      remoteOnly: false,
      remoteRules: [],
      maxCost: undefined,
      cacheWrite: true,
    });
  });

  const flags: readonly (readonly [argv: string, part: Partial<BuildOptions>])[] = [
    ['dir a.o lib/all', {words: ['dir', 'a.o', 'lib/all']}],
    ['-- -odd', {words: ['-odd']}],
    ['-- -j -1', {words: ['-j', '-1']}],
    ['-', {words: ['-']}],
    ['--cloud aws --function f', {settings: {cloud: 'aws', function: 'f'}}],
    ['--region r --profile p', {settings: {region: 'r', profile: 'p'}}],
    ['--no-fallback', {fallback: false}],
    ['--fallback', {fallback: true}],
    ['--remote-only', {remoteOnly: true}],
    ['--max-cost 0.5', {maxCost: 0.5}],
    ['--max-cost $2', {maxCost: 2}],
    ['--no-cache-write', {cacheWrite: false}],
    ['--then make', {next: 'make'}],
    ['--remote-rule gen --remote-rule protoc', {remoteRules: ['gen', 'protoc']}],
    ['-j 4', {jobs: 4}],
    ['-j4', {jobs: 4}],
    ['--jobs 4', {jobs: 4}],
    ['--jobs=4', {jobs: 4}],
    ['-j 4 -j 8', {jobs: 8}],
    ['--local-jobs 3', {localJobs: 3}],
    ['-k 0', {keepGoing: 0}],
    ['-k3', {keepGoing: 3}],
    ['-n', {dryRun: true}],
    ['-v', {verbose: true}],
    ['-nv', {dryRun: true, verbose: true}],
    ['-nvj4 x', {dryRun: true, verbose: true, jobs: 4, words: ['x']}],
    ['-d explain -dlocal', {debug: new Set(['explain', 'local'] as const)}],
    ['--commands -', {commands: '-'}],
    ['--commands file', {commands: 'file'}],
    ['--store /s', {store: '/s'}],
    ['--no-cache', {cache: false}],
    ['--verify 0.25', {verify: 0.25}],
    ['--verify 10%', {verify: 0.1}],
    ['--verify 1', {verify: 1}],
    ['--verify .5', {verify: 0.5}],
    ['--summary s.json', {summary: 's.json'}],
    ['--progress plain', {progress: 'plain'}],
    ['out -f other.ninja', {words: ['out'], file: 'other.ninja'}],
    ['--config Debug all', {config: 'Debug', words: ['all']}],
    ['--preset dev -f x.ninja', {preset: 'dev', file: 'x.ninja'}],
    ['dir -j2 target', {words: ['dir', 'target'], jobs: 2}],
  ];

  it.each(flags)('takes %s', (argv, part) => {
    expect(parsed(...argv.split(' '))).toMatchObject(part);
  });

  it.each([
    ['-j 0', "-j takes a whole number of at least 1, not '0'"],
    ['-j x', "-j takes a whole number of at least 1, not 'x'"],
    ['-j 1.5', "not '1.5'"],
    ['-j4x', "not '4x'"],
    ['--jobs=-1', "not '-1'"],
    ['--local-jobs 0', "--local-jobs takes a whole number of at least 1, not '0'"],
    ['-k -', "-k takes a whole number of at least 0, not '-'"],
    ['-k -1', "-k takes a whole number of at least 0, not '-1'"],
    ['--jobs -2', "-j takes a whole number of at least 1, not '-2'"],
    ['--verify 1.1', "not '1.1'"],
    ['--verify 101%', "not '101%'"],
    ['--verify %', "not '%'"],
    ['--verify=', "not ''"],
    ['--verify 0x1', "not '0x1'"],
    ['--progress bar', "--progress takes auto or plain or none, not 'bar'"],
    ['-d stats', "-d takes explain or local, not 'stats'"],
    ['-d explain -d x', "not 'x'"],
    ['-j', '-j needs a value | see: llama build --help'],
    ['-j -k', '-j needs a value | see: llama build --help'],
    ['--summary', 'see: llama build --help'],
    ['--no-cache=yes', 'see: llama build --help'],
    ['-f x.ninja --config Debug', '-f and --config each name what is built'],
    ['--config Debug --commands -', '--commands and --config each name what is built'],
    ['--preset dev --commands list', '--preset and --commands each name what is built'],
  ])('refuses %s', (argv, text) => {
    expect(refused(...argv.split(' '))).toContain(text);
  });

  it.each([
    ['--verbos', "unknown flag '--verbos' | did you mean --verbose? see: llama build --help"],
    ['--job=4', "unknown flag '--job' | did you mean --jobs? see: llama build --help"],
    ['--keep-gong', "unknown flag '--keep-gong' | did you mean --keep-going? see: llama build --help"],
    ['--nocache', "unknown flag '--nocache' | did you mean --no-cache? see: llama build --help"],
    ['--frobnicate', "unknown flag '--frobnicate' | see: llama build --help"],
    ['-nx', "unknown flag '-x' | see: llama build --help"],
    ['-C', "unknown flag '-C' | see: llama build --help"],
  ])('names the nearest flag for %s', (argv, text) => {
    expect(refused(argv)).toContain(text);
  });

  it('is helped, whatever else is there', () => {
    expect(parseBuildOptions(['-j', 'x', '--help'])).toEqual({ok: true, value: 'help'});
    expect(parseBuildOptions(['-h'])).toEqual({ok: true, value: 'help'});
  });

  it('tells of every flag in its help', () => {
    for (const flag of '-f FILE,--config NAME,--preset NAME,-j N,--local-jobs N,-k N,-n,-v,-d explain,-d local,--commands FILE,--store DIR,--no-cache,--verify SHARE,--summary FILE,--progress MODE'.split(
      ',',
    )) {
      expect(BUILD_HELP).toContain(`  ${flag} `);
    }
    expect(BUILD_HELP).toContain('LLAMA_STORE_LIMIT');
  });
});

describe('llama stats and llama clean', () => {
  it('take a store', () => {
    expect(parseStoreOptions([], 'stats')).toEqual({ok: true, value: {store: undefined}});
    expect(parseStoreOptions(['--store', '/s'], 'stats')).toEqual({ok: true, value: {store: '/s'}});
    expect(parseStoreOptions(['--cache', '--store=/s'], 'clean')).toEqual({ok: true, value: {store: '/s'}});
    expect(parseStoreOptions(['--help'], 'clean')).toEqual({ok: true, value: 'help'});
  });

  it('clean removes nothing that was not named', () => {
    expect(parseStoreOptions([], 'clean')).toMatchObject({
      error: {
        text: expect.stringContaining('what to remove'),
        hint: expect.stringContaining('llama clean --cache'),
      },
    });
    expect(parseStoreOptions(['--cache', 'x'], 'clean')).toMatchObject({
      error: {text: "unexpected argument 'x'"},
    });
    expect(parseStoreOptions(['--cahce'], 'clean')).toMatchObject({
      error: {hint: expect.stringContaining('--cache')},
    });
  });
});

describe('--then', () => {
  it('needs a command', () => {
    expect(refused('--then', ' ')).toBe('--then needs a command | see: llama build --help');
    expect(refused('--then')).toMatch(/^--then needs a value/);
  });

  it('is not for a watch, which is told of its own flag', () => {
    const result = parseWatchOptions(['--then', 'make -j2']);
    expect(result).toMatchObject({
      ok: false,
      error: {
        text: '--then is for one build',
        hint: "after each build of a watch: llama watch --run 'make -j2'",
      },
    });
  });
});
