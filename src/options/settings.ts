/**
 * Which cloud, and what it is called: from flags, then the environment, then `llama.config.json` in the current folder
 * or one above it, then the user's own file. Each value knows where it came from.
 */
import {readFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {dirname, join} from 'node:path';
import {FailureError} from '../failure.ts';

/** Values of the files, all optional; the names are those of the files. */
export interface SettingValues {
  readonly cloud?: 'aws' | 'embedded';
  readonly stack?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly bucket?: string;
  readonly function?: string;
  /** MB of the function. */
  readonly memory?: number;
  /** Invocations at once. */
  readonly concurrency?: number;
}

/** What the files may hold besides. */
interface FileValues extends SettingValues {
  readonly remoteRules?: readonly string[];
}

export type SettingName = keyof SettingValues;

export interface Setting<Name extends SettingName = SettingName> {
  readonly value: NonNullable<SettingValues[Name]>;
  /** '--cloud', 'LLAMA_CLOUD', or a file's path. */
  readonly from: string;
}

export type Settings = {readonly [Name in SettingName]?: Setting<Name>};

const TYPES: Readonly<Record<SettingName, 'string' | 'number'>> = {
  cloud: 'string',
  stack: 'string',
  region: 'string',
  profile: 'string',
  bucket: 'string',
  function: 'string',
  memory: 'number',
  concurrency: 'number',
};

/** What the environment calls them. AWS's own names are those of its tools. */
const VARIABLES: Readonly<Partial<Record<SettingName, readonly string[]>>> = {
  cloud: ['LLAMA_CLOUD'],
  stack: ['LLAMA_STACK'],
  region: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
  profile: ['AWS_PROFILE'],
  bucket: ['LLAMA_BUCKET'],
  function: ['LLAMA_FUNCTION'],
};

const LIST = 'remoteRules';

export const PROJECT_FILE = 'llama.config.json';

/** `flags`: those of the command line, by the setting's name. @throws FailureError for a file that cannot be read */
export function readSettings(flags: SettingValues, cwd: string, env: NodeJS.ProcessEnv): Settings {
  const files = readFiles(cwd, env);
  const settings: Record<string, Setting> = {};
  for (const name of Object.keys(TYPES) as SettingName[]) {
    const flag = flags[name];
    const variable = VARIABLES[name]?.find(variable => (env[variable] ?? '') !== '');
    const file = files.find(({values}) => values[name] !== undefined);
    if (flag !== undefined) settings[name] = {value: flag, from: `--${name}`};
    else if (variable !== undefined) settings[name] = {value: env[variable]!, from: variable};
    else if (file) settings[name] = {value: file.values[name]!, from: file.file};
  }
  const {cloud} = settings;
  if (cloud && cloud.value !== 'aws' && cloud.value !== 'embedded')
    throw invalid(`${cloud.from}: cloud is aws or embedded, not '${cloud.value}'`);
  return settings as Settings;
}

/**
 * Rules of a build, or programs that their commands run, which may run on workers: those of the command line and of both
 * files. @throws FailureError for a file that cannot be read
 */
export function remoteRules(
  flags: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): ReadonlySet<string> {
  return new Set([...flags, ...readFiles(cwd, env).flatMap(({values}) => values.remoteRules ?? [])]);
}

function readFiles(cwd: string, env: NodeJS.ProcessEnv): {file: string; values: FileValues}[] {
  return [projectFile(cwd), userFile(env)].flatMap(file => {
    const values = file === undefined ? undefined : readValues(file);
    return values ? [{file: file!, values}] : [];
  });
}

/** The user's own file, which `llama bootstrap` writes. */
export function userFile(env: NodeJS.ProcessEnv): string {
  const base = env.XDG_CONFIG_HOME;
  return join(base?.startsWith('/') ? base : join(homedir(), '.config'), 'llama', 'config.json');
}

function projectFile(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const file = join(folder, PROJECT_FILE);
    if (exists(file)) return file;
    if (folder === dirname(folder)) return undefined;
  }
}

function exists(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

/** Undefined where there is no such file. */
function readValues(file: string): FileValues | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw invalid(`cannot read ${file}: ${(error as Error).message}`);
  }
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    throw invalid(`${file}: ${(error as Error).message}`);
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw invalid(`${file} has to hold a JSON object`);
  for (const [name, value] of Object.entries(values)) {
    const type = TYPES[name as SettingName];
    if (name === LIST) {
      if (!isListOfNames(value)) throw invalid(`${file}: '${name}' has to be a list of names`);
      continue;
    }
    if (type === undefined) {
      const known = [...Object.keys(TYPES), LIST].join(', ');
      throw invalid(`${file}: unknown setting '${name}'; there are ${known}`);
    }
    if (typeof value !== type) throw invalid(`${file}: '${name}' has to be a ${type}`);
  }
  return values as FileValues;
}

function isListOfNames(value: unknown): boolean {
  return Array.isArray(value) && value.every(name => typeof name === 'string' && name !== '');
}

function invalid(text: string): FailureError {
  return new FailureError({reason: 'option-invalid', text});
}
