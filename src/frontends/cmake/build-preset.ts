/** What a preset of CMake's says of a build: directory, configuration, targets, environment. Written presets in, one value out. */
import {type} from 'node:os';
import {basename, dirname, resolve} from 'node:path';
import {FailureError} from '../../failure.ts';
import {holds} from './preset-condition.ts';
import type {PresetFiles, WrittenPreset} from './preset-files.ts';
import {expand} from './preset-macros.ts';

export interface BuildPreset {
  /** Name of the configure preset that makes the directory. */
  readonly configurePreset: string;
  /** Absolute path. */
  readonly binaryDir: string;
  readonly configuration: string | undefined;
  readonly targets: readonly string[];
  /** What may run at once; undefined where the preset leaves that open. */
  readonly jobs: number | undefined;
  readonly verbose: boolean;
  /** A variable that the preset says is `null` is not among them: CMake leaves it as it is. */
  readonly environment: ReadonlyMap<string, string>;
  /** Fields that mean `cmake --build` alone. */
  readonly passedOver: readonly string[];
}

export interface PresetPlace {
  readonly sourceDir: string;
  /** That the preset's own variables are added to. */
  readonly environment: NodeJS.ProcessEnv;
}

type Fields = Readonly<Record<string, unknown>>;

const NOT_INHERITED = new Set(['name', 'hidden', 'inherits', 'description', 'displayName']);

/**
 * The build preset by that name, else what the configure preset says of a build; undefined where there is none that may
 * be used by name. @throws FailureError for one that cannot be used
 */
export function findBuildPreset(
  files: PresetFiles,
  name: string,
  place: PresetPlace,
): BuildPreset | undefined {
  const build = visible(files.build, name);
  const configure = build ? undefined : visible(files.configure, name);
  const written = build ?? configure;
  if (!written) return undefined;
  const fields = build ? inherited(files.build, build) : {};
  const configureName = build ? textOf(fields, 'configurePreset', build) : name;
  if (configureName === undefined) throw fault(written, 'names no configurePreset');
  const configured = files.configure.get(configureName);
  if (!configured) throw fault(written, `names the configurePreset '${configureName}', which is not there`);
  const ofConfigure = inherited(files.configure, configured);
  const generator = textOf(ofConfigure, 'generator', configured);
  const ownVariables = new Map([
    ...(fields.inheritConfigureEnvironment === false ? [] : variables(ofConfigure, configured)),
    ...variables(fields, written),
  ]);
  const own = new Expander(written, {...place, generator, variables: ownVariables});
  const its = new Expander(configured, {
    ...place,
    generator,
    variables: new Map(variables(ofConfigure, configured)),
  });
  if (build) checkCondition(fields, build, own);
  else checkCondition(ofConfigure, configured, its);
  const binaryDir = textOf(ofConfigure, 'binaryDir', configured);
  if (binaryDir === undefined || binaryDir === '') throw fault(configured, 'names no binaryDir');
  return {
    configurePreset: configureName,
    binaryDir: resolve(place.sourceDir, its.expand(binaryDir, 'binaryDir')),
    configuration: textOf(fields, 'configuration', written),
    targets: targetsOf(fields, written).map(target => own.expand(target, 'targets')),
    jobs: jobsOf(fields, written),
    verbose: fields.verbose === true,
    environment: own.environment(),
    passedOver: [
      ...(fields.cleanFirst === true ? ['cleanFirst'] : []),
      ...(Array.isArray(fields.nativeToolOptions) && fields.nativeToolOptions.length > 0
        ? ['nativeToolOptions']
        : []),
    ],
  };
}

/** Names that may be asked for, those of build presets first. */
export function presetNames({build, configure}: PresetFiles): string[] {
  const shown = [...build.values(), ...configure.values()].filter(({fields}) => fields.hidden !== true);
  return [...new Set(shown.map(({name}) => name))];
}

function visible(presets: ReadonlyMap<string, WrittenPreset>, name: string): WrittenPreset | undefined {
  const preset = presets.get(name);
  return preset?.fields.hidden === true ? undefined : preset;
}

/** All fields of a preset: its own, then its parents', the first one's first. */
function inherited(
  presets: ReadonlyMap<string, WrittenPreset>,
  preset: WrittenPreset,
  below: readonly string[] = [],
): Fields {
  const {name, fields} = preset;
  if (below.includes(name)) throw fault(preset, `inherits itself: ${[...below, name].join(' -> ')}`);
  const parents = typeof fields.inherits === 'string' ? [fields.inherits] : (fields.inherits ?? []);
  if (!Array.isArray(parents)) throw fault(preset, "'inherits' is neither a name nor a list");
  const all: Record<string, unknown> = {...fields};
  const environments = [fields.environment];
  for (const parentName of parents) {
    const parent = presets.get(parentName);
    if (!parent) throw fault(preset, `inherits '${parentName}', which is not there`);
    const {environment, ...others} = inherited(presets, parent, [...below, name]);
    environments.push(environment);
    for (const [field, value] of Object.entries(others)) {
      if (!NOT_INHERITED.has(field) && !(field in all)) all[field] = value;
    }
  }
  // Only a preset that says so itself has none; who inherits from it is not told.
  if (all.condition === null) delete all.condition;
  const environment = Object.assign({}, ...environments.reverse());
  return {...all, environment};
}

function checkCondition({condition}: Fields, preset: WrittenPreset, {tryExpand}: Expander): void {
  if (condition === undefined) return;
  const isEnabled = holds(condition, tryExpand);
  if (isEnabled === undefined) throw fault(preset, 'has a condition that is not understood');
  if (!isEnabled) throw fault(preset, 'is disabled by its condition');
}

function variables({environment = {}}: Fields, preset: WrittenPreset): [string, string | null][] {
  return Object.entries(environment as object).map(([name, value]) => {
    if (value === null || typeof value === 'string') return [name, value];
    throw fault(preset, `has an environment variable that is no text: ${name}`);
  });
}

function targetsOf({targets = []}: Fields, preset: WrittenPreset): string[] {
  const all: unknown = typeof targets === 'string' ? [targets] : targets;
  if (Array.isArray(all) && all.every(target => typeof target === 'string')) return all;
  throw fault(preset, "'targets' is neither a text nor a list of texts");
}

function jobsOf({jobs}: Fields, preset: WrittenPreset): number | undefined {
  if (jobs === undefined || jobs === 0) return undefined;
  if (Number.isInteger(jobs) && (jobs as number) > 0) return jobs as number;
  throw fault(preset, "'jobs' is no whole number");
}

function textOf(fields: Fields, name: string, preset: WrittenPreset): string | undefined {
  const value = fields[name];
  if (value === undefined || typeof value === 'string') return value;
  throw fault(preset, `'${name}' is no text`);
}

/** The values of macros for one preset; whatever it has inherited counts as its own. */
class Expander {
  readonly #preset: WrittenPreset;
  readonly #place: PresetPlace;
  readonly #plain: ReadonlyMap<string, string>;
  readonly #variables: ReadonlyMap<string, string | null>;
  /** Variables whose value is being asked for. */
  readonly #asked = new Set<string>();

  constructor(
    preset: WrittenPreset,
    place: PresetPlace & {
      readonly generator: string | undefined;
      /** As written. */
      readonly variables: ReadonlyMap<string, string | null>;
    },
  ) {
    this.#preset = preset;
    this.#place = place;
    this.#variables = place.variables;
    this.#plain = new Map([
      ['sourceDir', place.sourceDir],
      ['sourceParentDir', dirname(place.sourceDir)],
      ['sourceDirName', basename(place.sourceDir)],
      ['presetName', preset.name],
      ['generator', place.generator ?? ''],
      ['hostSystemName', type()],
      ['fileDir', dirname(preset.file)],
      ['dollar', '$'],
      ['pathListSep', ':'],
    ]);
  }

  /** @throws FailureError for a macro that has no value */
  expand(text: string, field: string): string {
    const expanded = this.tryExpand(text);
    if (expanded === undefined) throw fault(this.#preset, `cannot expand '${field}': ${text}`);
    return expanded;
  }

  readonly tryExpand = (text: string): string | undefined =>
    expand(text, ({namespace, name}) => {
      if (namespace === '') return this.#plain.get(name);
      if (namespace === 'env') return this.#variable(name);
      return namespace === 'penv' ? this.#ofParent(name) : undefined;
    });

  environment(): Map<string, string> {
    const given = [...this.#variables].filter(([, value]) => value !== null);
    return new Map(given.map(([name]) => [name, this.#variable(name)]));
  }

  #variable(name: string): string {
    const value = this.#variables.get(name) ?? undefined;
    if (value === undefined) return this.#ofParent(name);
    if (this.#asked.has(name)) throw fault(this.#preset, `has a variable that rests on itself: ${name}`);
    this.#asked.add(name);
    try {
      return this.expand(value, `environment ${name}`);
    } finally {
      this.#asked.delete(name);
    }
  }

  #ofParent(name: string): string {
    return this.#place.environment[name] ?? '';
  }
}

function fault({name, file}: WrittenPreset, text: string): FailureError {
  return new FailureError({reason: 'option-invalid', text: `${file}: preset '${name}' ${text}`});
}
