/** CMakePresets.json, CMakeUserPresets.json and what they include -> the presets in them, as written (cmake-presets(7)). */
import {existsSync, readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {FailureError} from '../../failure.ts';
import {jsonFault, placeOf} from '../json-fault.ts';
import {expand} from './preset-macros.ts';

/** One preset, with the fields that its file gives it. */
export interface WrittenPreset {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Absolute path of its file. */
  readonly file: string;
}

/** By name. */
export interface PresetFiles {
  readonly configure: ReadonlyMap<string, WrittenPreset>;
  readonly build: ReadonlyMap<string, WrittenPreset>;
}

export const PRESET_FILES = ['CMakePresets.json', 'CMakeUserPresets.json'];

/** What CMake reads in a source directory; undefined where there is no such file. @throws FailureError with the place of a fault */
export function readPresetFiles(sourceDir: string, environment: NodeJS.ProcessEnv): PresetFiles | undefined {
  const reader = new Reader(environment);
  const files = PRESET_FILES.map(name => join(sourceDir, name)).filter(file => existsSync(file));
  for (const file of files) reader.read(file, []);
  return files.length === 0 ? undefined : reader;
}

class Reader implements PresetFiles {
  readonly configure = new Map<string, WrittenPreset>();
  readonly build = new Map<string, WrittenPreset>();
  readonly #environment: NodeJS.ProcessEnv;
  readonly #read = new Set<string>();

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /** `from`: the files that lead here by their includes. */
  read(file: string, from: readonly string[]): void {
    if (from.includes(file)) throw fault(file, `includes itself: ${[...from, file].join(' -> ')}`);
    if (this.#read.has(file)) return;
    this.#read.add(file);
    const root = parse(file, from.at(-1));
    if (!isObject(root)) throw fault(file, 'expected an object');
    if (!Number.isInteger(root.version)) throw fault(file, "'version' is missing, or no whole number");
    for (const name of list(root.include, file, 'include')) {
      if (typeof name !== 'string') throw fault(file, "'include' holds what is no text");
      const path = expand(name, macro => this.#parentVariable(macro));
      if (path === undefined) throw fault(file, `'include' holds an unknown macro: ${name}`);
      this.read(resolve(dirname(file), path), [...from, file]);
    }
    this.#add(this.configure, list(root.configurePresets, file, 'configurePresets'), file);
    this.#add(this.build, list(root.buildPresets, file, 'buildPresets'), file);
  }

  #add(presets: Map<string, WrittenPreset>, entries: readonly unknown[], file: string): void {
    for (const fields of entries) {
      const name = isObject(fields) ? fields.name : undefined;
      if (!isObject(fields) || typeof name !== 'string' || name === '')
        throw fault(file, 'a preset has no name');
      const other = presets.get(name);
      if (other) throw fault(file, `preset '${name}' is there twice, the other time in ${other.file}`);
      presets.set(name, {name, fields, file});
    }
  }

  #parentVariable({namespace, name}: {namespace: string; name: string}): string | undefined {
    return namespace === 'penv' ? (this.#environment[name] ?? '') : undefined;
  }
}

function parse(file: string, includedBy: string | undefined): unknown {
  let text: string;
  try {
    text = withoutComments(readFileSync(file, 'utf8'));
  } catch (error) {
    const by = includedBy === undefined ? '' : `, which ${includedBy} includes`;
    throw new FailureError({
      reason: 'option-invalid',
      text: `cannot read '${file}'${by}: ${(error as Error).message}`,
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    const place = placeOf(text, jsonFault(text));
    throw new FailureError({
      reason: 'manifest-invalid',
      file,
      ...place,
      text: `no JSON from column ${place.column} on`,
    });
  }
}

/** CMake takes comments as JavaScript has them. Blanks keep every place where it is. */
function withoutComments(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, found =>
    found.startsWith('"') ? found : found.replace(/[^\n]/g, ' '),
  );
}

function list(value: unknown, file: string, field: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw fault(file, `'${field}' is no list`);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fault(file: string, text: string): FailureError {
  return new FailureError({reason: 'option-invalid', text: `${file}: ${text}`});
}
