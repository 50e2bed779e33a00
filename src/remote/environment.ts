/** The environment of a compile on a worker: the variables that can change what a compiler does, and no others. */
import type {EnvironmentChange} from '../toolchain/launcher.ts';

/** Besides these, `LC_*`. PATH and the locale are set by what was learnt of the toolchain. */
const TRAVELLING = [
  'LANG',
  'LANGUAGE',
  'CPATH',
  'C_INCLUDE_PATH',
  'CPLUS_INCLUDE_PATH',
  'OBJC_INCLUDE_PATH',
  'OBJCPLUS_INCLUDE_PATH',
  'GCC_EXEC_PREFIX',
  'COMPILER_PATH',
  'SOURCE_DATE_EPOCH',
  'TZ',
  'GCC_COLORS',
  'CCC_OVERRIDE_OPTIONS',
];

/** Whether a variable means something for a compile, or for which compiler it is. */
export function isOfCompiles(name: string): boolean {
  return name === 'PATH' || name === 'PWD' || name.startsWith('LC_') || TRAVELLING.includes(name);
}

/** The user's environment as the command would see it. */
export function changedEnvironment(
  env: NodeJS.ProcessEnv,
  changes: readonly EnvironmentChange[],
): NodeJS.ProcessEnv {
  if (changes.length === 0) return env;
  const changed = {...env};
  for (const {name, value} of changes) {
    if (value === undefined) delete changed[name];
    else changed[name] = value;
  }
  return changed;
}

/** In one order, so that equal environments give equal keys. Prereq: `env` is not changed between two questions. */
export function workerEnvironment(
  env: NodeJS.ProcessEnv,
  own: {pwd: string; path: string; locale: string},
): Record<string, string> {
  let travelling = chosen.get(env);
  if (travelling === undefined) {
    travelling = choose(env);
    chosen.set(env, travelling);
  }
  return {...travelling, LC_ALL: own.locale, PATH: own.path, PWD: own.pwd};
}

/** What travels of environments that were asked about: a build has few, and as many questions as compiles. */
const chosen = new WeakMap<NodeJS.ProcessEnv, Readonly<Record<string, string>>>();

function choose(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = [...TRAVELLING, ...Object.keys(env).filter(name => name.startsWith('LC_'))].sort();
  const result: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value !== undefined && name !== 'LC_ALL') result[name] = value;
  }
  return result;
}

/** The locale that a program gets on a worker, and the user's own where that is another one. */
export function localeFor(env: NodeJS.ProcessEnv): {there: 'C' | 'C.UTF-8'; other?: string} {
  const all = env.LC_ALL ?? '';
  const names = Object.keys(env).filter(name => name === 'LANG' || name.startsWith('LC_'));
  const set = all === '' ? names.map(name => env[name] ?? '') : [all];
  const other = set.find(value => !/^(?:|C|POSIX|C\.utf-?8)$/i.test(value));
  return {
    there: set.some(value => /utf/i.test(value)) ? 'C.UTF-8' : 'C',
    ...(other !== undefined && {other}),
  };
}
