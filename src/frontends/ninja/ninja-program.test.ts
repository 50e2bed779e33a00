import {chmodSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {FailureError} from '../../failure.ts';
import {NINJAS, ninjaFolder} from '../../test/ninja-folder.ts';
import {buildLogVersion} from './build-log.ts';
import {readDepsLog} from './deps-log.ts';
import {
  depfileDialect,
  findNinja,
  isSupported,
  logVersions,
  ninjaVersion,
  supportedVersion,
} from './ninja-program.ts';

it.each([
  ['1.10.2', false, 5, 4],
  ['1.11.0', true, 5, 4],
  ['1.11.1.git.kitware.jobserver-1', true, 5, 4],
  ['1.12.1', true, 6, 4],
  ['1.13.0.git', true, 7, 4],
  ['1.14', true, 7, 4],
  ['2.0.0', true, 7, 4],
  ['1.8.2', false, 5, 3],
] as const)('knows what version %s writes', (version, supported, buildLog, depsLog) => {
  expect(isSupported(version)).toBe(supported);
  expect(logVersions(version)).toEqual({buildLog, depsLog});
  expect(depfileDialect(version)).toBe(buildLog === 7 ? 'ninja-1.13' : 'ninja-1.12');
});

it.each(NINJAS)('says of %s what it does', ninja => {
  const folder = ninjaFolder({
    'build.ninja': 'rule r\n  command = : > o; echo o: h > d\n  deps = gcc\n  depfile = d\nbuild o: r\n',
    h: '',
  });
  const program = ninja.startsWith('/') ? ninja : findNinja(folder.path, process.env.PATH ?? '');
  folder.ninja([], program);
  const versions = logVersions(ninjaVersion(program));
  expect(buildLogVersion(join(folder.path, '.ninja_log'))).toBe(versions.buildLog);
  expect(readDepsLog(join(folder.path, '.ninja_deps'))).toMatchObject({version: versions.depsLog});
});

describe('the ninja of a project', () => {
  function programs(...names: string[]) {
    const folder = ninjaFolder(Object.fromEntries(names.map(name => [name, '#!/bin/sh\n'])));
    for (const name of names) chmodSync(join(folder.path, name), 0o755);
    return folder;
  }

  it('is the one that CMake was given, as long as it is there', () => {
    const folder = programs('own/ninja', 'bin/ninja');
    const path = `/nowhere:${folder.path}/bin`;
    folder.write({'CMakeCache.txt': `A=b\nCMAKE_MAKE_PROGRAM:FILEPATH=${folder.path}/own/ninja\n`});
    expect(findNinja(folder.path, path)).toBe(`${folder.path}/own/ninja`);
    folder.write({'CMakeCache.txt': 'CMAKE_MAKE_PROGRAM:FILEPATH=/gone/ninja\n'});
    expect(findNinja(folder.path, path)).toBe(`${folder.path}/bin/ninja`);
  });

  it('is the first program of that name on the PATH, by either name', () => {
    const folder = programs('a/ninja-build', 'c/ninja');
    folder.write({'b/ninja': 'no program'});
    mkdirSync(join(folder.path, 'd/ninja'), {recursive: true});
    const at = (...names: string[]) =>
      findNinja(folder.path, names.map(name => `${folder.path}/${name}`).join(':'));
    expect(at('d', 'b', 'a', 'c')).toBe(`${folder.path}/c/ninja`);
    expect(at('d', 'b', 'a')).toBe(`${folder.path}/a/ninja-build`);
    expect(() => at('d', 'b')).toThrow(FailureError);
  });

  it('has to be a ninja, and one that CMake was given is named with where it is from', () => {
    const folder = programs('bin/make', 'bin/ninja');
    const say = (...lines: string[]) => `#!/bin/sh\n${lines.map(line => `echo '${line}'\n`).join('')}`;
    folder.write({
      'bin/make': say('GNU Make 4.3', 'Built for x86_64', 'License GPLv3+'),
      'bin/ninja': say('1.10.2'),
    });
    const failure = (name: string, more: object) =>
      expect(() => supportedVersion(`${folder.path}/bin/${name}`, folder.path)).toThrow(
        expect.objectContaining({failure: expect.objectContaining(more)}),
      );
    failure('ninja', {
      reason: 'tool-missing',
      tool: 'ninja 1.11 or later',
      neededFor: `this build: ${folder.path}/bin/ninja is '1.10.2'`,
    });
    folder.write({'CMakeCache.txt': `CMAKE_MAKE_PROGRAM:FILEPATH=${folder.path}/bin/make\n`});
    failure('make', {
      reason: 'option-invalid',
      text: `'${folder.path}/bin/make' is 'GNU Make 4.3', not ninja 1.11 or later: it is CMAKE_MAKE_PROGRAM in '${folder.path}/CMakeCache.txt'`,
      hint: `to name another: cmake -DCMAKE_MAKE_PROGRAM=/PATH/TO/ninja '${folder.path}'`,
    });
    folder.write({'bin/make': say('1.11.1.git', 'more')});
    expect(supportedVersion(`${folder.path}/bin/make`, folder.path)).toBe('1.11.1.git');
  });

  it('has to run', () => {
    expect(() => ninjaVersion('/nowhere/ninja')).toThrow(FailureError);
  });
});
