/**
 * Takes off what stands in front of a compiler: caches, distributors, `env`, and CMake's own forms of them. Only forms
 * that give the compiler the very command that follows are taken off; the rest is a named reason to stay local.
 */
import {baseName, compilerName} from './compiler-name.ts';
import type {Local, LocalReason} from './local-reason.ts';

/** One change to the environment; undefined removes the variable. Later changes win. */
export interface EnvironmentChange {
  readonly name: string;
  readonly value: string | undefined;
}

export type Stripped =
  | {
      readonly ok: true;
      /** The words that remain, the program first. */
      readonly argv: readonly string[];
      readonly envChanges: readonly EnvironmentChange[];
      /** Base names of the launchers taken off, outermost first. */
      readonly launchers: readonly string[];
    }
  | {readonly ok: false; readonly local: Local};

/** Variables by name, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** `words` without the launchers in front. A first word that is no launcher is left alone. */
export function stripLaunchers(words: readonly string[], env: Environment): Stripped {
  const launchers: string[] = [];
  const envChanges: EnvironmentChange[] = [];
  let rest = words;
  for (;;) {
    const name = baseName(rest[0] ?? '');
    const read = LAUNCHERS[name];
    // A launcher without a compile behind it is a command of its own (`ccache -s`, `cmake -E copy`).
    const step = read?.(rest);
    if (step === undefined) break;
    if (!step.ok) return step;
    launchers.push(name);
    envChanges.push(...step.envChanges);
    rest = step.rest;
  }
  if (launchers.length === 0) return {ok: true, argv: words, envChanges, launchers};
  const fault = settingsFault(launchers, envChanges, env);
  if (fault !== undefined) return {ok: false, local: fault};
  return {ok: true, argv: rest, envChanges, launchers};
}

type Step =
  | {readonly ok: true; readonly rest: readonly string[]; readonly envChanges: readonly EnvironmentChange[]}
  | {readonly ok: false; readonly local: Local}
  | undefined;

type ReadLauncher = (words: readonly string[]) => Step;

const LAUNCHERS: Readonly<Record<string, ReadLauncher>> = {
  ccache: stripCcache,
  sccache: stripPlain,
  distcc: stripPlain,
  icecc: stripPlain,
  env: stripEnv,
  cmake: stripCmake,
  cmake3: stripCmake,
};

function go(rest: readonly string[], envChanges: readonly EnvironmentChange[] = []): Step {
  return rest.length === 0 ? undefined : {ok: true, rest, envChanges};
}

function stay(reason: LocalReason, detail: string): Step {
  return {ok: false, local: {reason, detail}};
}

/** Options of the launcher itself show that no compile follows: these launchers take none in front of one. */
function stripPlain(words: readonly string[]): Step {
  return words[1]?.startsWith('-') ? undefined : go(words.slice(1));
}

const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s;

/** `ccache [KEY=VALUE ...] COMPILER ...`, keys being those of its configuration file. */
function stripCcache(words: readonly string[]): Step {
  let at = 1;
  for (; ASSIGNMENT.test(words[at] ?? ''); at++) {
    const key = words[at]!.slice(0, words[at]!.indexOf('='));
    if (CCACHE_KEYS.has(key)) return stay('launcher-settings', words[at]!);
  }
  return words[at]?.startsWith('-') ? undefined : go(words.slice(at));
}

/** Settings by which ccache changes paths, the compiler, or the mode of the object. */
export const CCACHE_KEYS: ReadonlySet<string> = new Set([
  'base_dir',
  'prefix_command',
  'prefix_command_cpp',
  'compiler',
  'path',
  'umask',
]);

const CCACHE_VARIABLES = [
  'CCACHE_BASEDIR',
  'CCACHE_PREFIX',
  'CCACHE_PREFIX_CPP',
  'CCACHE_COMPILER',
  'CCACHE_CC',
  'CCACHE_PATH',
  'CCACHE_UMASK',
];

/** `env [-u NAME] [NAME=VALUE ...] COMMAND`. */
function stripEnv(words: readonly string[]): Step {
  const changes: EnvironmentChange[] = [];
  for (let at = 1; at < words.length; at++) {
    const word = words[at]!;
    const assignment = ASSIGNMENT.exec(word);
    if (assignment !== null) changes.push({name: assignment[1]!, value: assignment[2]!});
    else if (word === '-u' && words[at + 1] !== undefined)
      changes.push({name: words[++at]!, value: undefined});
    else if (word.startsWith('--unset=')) changes.push({name: word.slice(8), value: undefined});
    else if (word === '--') return go(words.slice(at + 1), changes);
    else if (word.startsWith('-') || word.includes('=')) return stay('launcher-options', word);
    else return go(words.slice(at), changes);
  }
  return undefined;
}

/** `cmake -E env ...` and `cmake -E __run_co_compile ... -- COMMAND`; any other `cmake` is a command of its own. */
function stripCmake(words: readonly string[]): Step {
  if (words[1] !== '-E') return undefined;
  if (words[2] === 'env') return stripCmakeEnv(words);
  return words[2] === '__run_co_compile' ? stripCoCompile(words) : undefined;
}

function stripCmakeEnv(words: readonly string[]): Step {
  const changes: EnvironmentChange[] = [];
  for (let at = 3; at < words.length; at++) {
    const word = words[at]!;
    const assignment = ASSIGNMENT.exec(word);
    if (assignment !== null) changes.push({name: assignment[1]!, value: assignment[2]!});
    else if (word.startsWith('--unset=')) changes.push({name: word.slice(8), value: undefined});
    else if (word === '--') return go(words.slice(at + 1), changes);
    // Among the rest is --modify, whose operations edit lists in variables.
    else if (word.startsWith('-') || word.includes('=')) return stay('launcher-options', word);
    else return go(words.slice(at), changes);
  }
  return undefined;
}

function stripCoCompile(words: readonly string[]): Step {
  const end = words.indexOf('--');
  if (end === -1) return stay('launcher-options', words[2]!);
  let launcher: string[] = [];
  for (const word of words.slice(3, end)) {
    const [, option, value] = /^--([a-z_]+)=(.*)$/s.exec(word) ?? [];
    if (option === 'source' || option === 'object' || value === '') continue;
    if (option === 'launcher' && value !== undefined) launcher = value.split(';');
    else return stay(option === undefined ? 'launcher-options' : 'lint-wrapper', word);
  }
  return go([...launcher, ...words.slice(end + 1)]);
}

function settingsFault(
  launchers: readonly string[],
  changes: readonly EnvironmentChange[],
  env: Environment,
): Local | undefined {
  for (const {name} of changes) {
    if (/^(PATH|LD_.*|GCONV_PATH|GLIBC_TUNABLES)$/.test(name))
      return {reason: 'environment-change', detail: name};
  }
  if (!launchers.includes('ccache')) return undefined;
  const effective: Record<string, string | undefined> = {...env};
  for (const {name, value} of changes) effective[name] = value;
  const set = CCACHE_VARIABLES.find(name => (effective[name] ?? '') !== '');
  return set === undefined ? undefined : {reason: 'launcher-settings', detail: set};
}

/** Whether a command whose first word is unknown looks like a compile behind a launcher we do not know. */
export function hidesCompile(words: readonly string[]): boolean {
  if (!words.includes('-c')) return false;
  return words.slice(1, 5).some(word => compilerName(word) !== undefined);
}
