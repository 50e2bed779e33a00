/** `--preset`: the options of a build with what a preset of CMake's says added, as `cmake --build --preset` takes it. */
import {existsSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {FailureError} from '../failure.ts';
import {type BuildPreset, findBuildPreset, presetNames} from '../frontends/cmake/build-preset.ts';
import {PRESET_FILES, type PresetFiles, readPresetFiles} from '../frontends/cmake/preset-files.ts';
import {configurationsIn} from './configurations.ts';
import {nearest} from './edit-distance.ts';
import type {BuildOptions} from './options.ts';

/**
 * What the command line says comes first. The preset's variables are put into the environment of this process, which is
 * what all compilers and tools of the build see. Prereq: `options.preset`. @throws FailureError
 */
export function byPreset(options: BuildOptions, cwd: string): BuildOptions {
  const name = options.preset!;
  const files = readPresetFiles(cwd, process.env);
  if (!files) throw noFile(cwd);
  const preset = findBuildPreset(files, name, {sourceDir: cwd, environment: process.env});
  if (!preset) throw unknownPreset(name, files);
  const {binaryDir, configuration, targets, jobs, verbose, environment, passedOver} = preset;
  const shown = shownFrom(cwd, binaryDir);
  if (!existsSync(join(binaryDir, 'CMakeCache.txt'))) throw notConfigured(name, preset, shown);
  for (const [variable, value] of environment) process.env[variable] = value;
  if (passedOver.length > 0) {
    const fields = passedOver.join(' and ');
    process.stderr.write(
      `llama: warning: ${fields} of preset '${name}': for cmake --build alone, passed over\n`,
    );
  }
  // As CMake passes it over where a directory has one configuration only.
  const takesConfiguration = options.config === undefined && options.file === undefined;
  const hasConfigurations = takesConfiguration && configurationsIn(binaryDir).length > 0;
  return {
    ...options,
    words: [shown, ...(options.words.length > 0 ? options.words : targets)],
    config: hasConfigurations ? configuration : options.config,
    presetJobs: jobs,
    verbose: options.verbose || verbose,
  };
}

function shownFrom(cwd: string, directory: string): string {
  const path = relative(cwd, directory);
  return path === '' ? '.' : path.startsWith('..') ? directory : path;
}

function noFile(cwd: string): FailureError {
  const files = PRESET_FILES.join(' nor ');
  let above = dirname(cwd);
  while (above !== dirname(above) && !PRESET_FILES.some(file => existsSync(join(above, file)))) {
    above = dirname(above);
  }
  const isThere = PRESET_FILES.some(file => existsSync(join(above, file)));
  return new FailureError({
    reason: 'option-invalid',
    text: `--preset: neither ${files} is in '${cwd}'`,
    hint: isThere
      ? `there is one in '${above}': call llama there, as with cmake`
      : 'presets are read from the source directory: call llama there, as with cmake',
  });
}

function unknownPreset(name: string, files: PresetFiles): FailureError {
  const names = presetNames(files);
  const near = nearest(name, names);
  const meant = near.length === 0 ? '' : `, did you mean ${near.map(each => `'${each}'`).join(' or ')}?`;
  return new FailureError({
    reason: 'option-invalid',
    text: `--preset: there is no preset '${name}'${meant}`,
    hint: names.length === 0 ? 'the files have none that can be used' : `there is ${names.join(', ')}`,
  });
}

function notConfigured(name: string, {configurePreset}: BuildPreset, shown: string): FailureError {
  return new FailureError({
    reason: 'option-invalid',
    text: `--preset: the directory of preset '${name}', '${shown}', is not configured yet`,
    hint: `to do that: cmake --preset ${/^[\w.+-]+$/.test(configurePreset) ? configurePreset : `'${configurePreset}'`}`,
  });
}
