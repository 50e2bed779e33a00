import {execFileSync, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {FailureError} from '../../failure.ts';
import {failureText} from '../../ui/failure-text.ts';
import {findBuildPreset, presetNames} from './build-preset.ts';
import {readPresetFiles} from './preset-files.ts';

let source: string;

beforeEach(() => {
  source = realpathSync(mkdtempSync(join(tmpdir(), 'llama-presets-')));
});

afterEach(() => rmSync(source, {recursive: true}));

const ENVIRONMENT = {HOME: '/home/me', PARENT: 'above', PATH: process.env.PATH};

function write(name: string, content: object | string): void {
  const file = join(source, name);
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify({version: 6, ...content}));
}

function find(name: string) {
  const files = readPresetFiles(source, ENVIRONMENT);
  return files && findBuildPreset(files, name, {sourceDir: source, environment: ENVIRONMENT});
}

function refused(name: string): string {
  try {
    find(name);
  } catch (error) {
    if (error instanceof FailureError) return failureText(error.failure).replaceAll(`${source}/`, '');
    throw error;
  }
  throw new Error(`${name} was taken`);
}

/** Everything that can be said and inherited, with answers that only CMake itself knows for sure. */
function writeMany(): void {
  write('more/base.json', {
    configurePresets: [
      {
        name: 'base',
        hidden: true,
        generator: 'Ninja',
        binaryDir: `\${sourceDir}/b-\${presetName}-\${generator}-\${hostSystemName}\${dollar}\${sourceDirName}`,
        environment: {
          A: '1',
          B: '$env{A}2$penv{HOME}',
          PARENT: null,
          LITERAL: '$5 $ $$ a$env$',
          HERE: `\${fileDir}`,
        },
      },
    ],
  });
  write(
    'CMakePresets.json',
    JSON.stringify(
      {
        version: 6,
        include: ['more/base.json'],
        configurePresets: [
          {name: 'dev', inherits: ['base'], environment: {A: null, C: '$env{B}!', D: '$env{PARENT}'}},
          {
            name: 'other',
            inherits: 'base',
            binaryDir: 'relative/./../place',
            environment: {A: '9', D: '$penv{A}'},
          },
          {name: 'first', hidden: true, environment: {X: 'first', Y: 'first'}, binaryDir: 'first'},
          {
            name: 'second',
            hidden: true,
            environment: {X: 'second', Z: `\${presetName}\${pathListSep}`},
            generator: 'Ninja',
          },
          {name: 'two', inherits: ['first', 'second'], environment: {Y: 'own'}},
        ],
        buildPresets: [
          {
            name: 'parts',
            hidden: true,
            environment: {X: 'build', N: `\${presetName}`, A: 'build'},
            targets: ['part', `\${presetName}`],
          },
          {name: 'dev', configurePreset: 'dev', jobs: 3, configuration: 'Debug'},
          {name: 'fast', inherits: 'parts', configurePreset: 'two', environment: {Y: 'build'}, verbose: true},
          {name: 'plain', configurePreset: 'two', inheritConfigureEnvironment: false, targets: 'app'},
        ],
      },
      undefined,
      2,
    ).replace('{', '{ // "a comment"\n  /* of \n two */'),
  );
  write('CMakeUserPresets.json', {
    configurePresets: [{name: 'mine', inherits: 'two', binaryDir: `\${sourceParentDir}/mine`}],
  });
}

describe('a preset', () => {
  it('of a build names directory, configuration, targets, jobs and environment', () => {
    writeMany();
    expect(find('dev')).toEqual({
      configurePreset: 'dev',
      binaryDir: join(source, `b-dev-Ninja-Linux$${source.slice(source.lastIndexOf('/') + 1)}`),
      configuration: 'Debug',
      targets: [],
      jobs: 3,
      verbose: false,
      environment: new Map([
        ['B', '2/home/me'],
        ['LITERAL', '$5 $ $$ a$env$'],
        ['HERE', source],
        ['C', '2/home/me!'],
        ['D', 'above'],
      ]),
      passedOver: [],
    });
    expect(find('fast')).toMatchObject({targets: ['part', 'fast'], verbose: true});
    expect(find('plain')).toMatchObject({targets: ['app'], environment: new Map()});
  });

  it('of a configuration is one where no build preset has its name', () => {
    writeMany();
    expect(find('other')).toMatchObject({configurePreset: 'other', binaryDir: join(source, 'place')});
    expect(find('mine')).toMatchObject({binaryDir: join(dirname(source), 'mine'), targets: []});
  });

  it('that is hidden, or not there, is none', () => {
    writeMany();
    expect(find('base')).toBeUndefined();
    expect(find('parts')).toBeUndefined();
    expect(find('nobody')).toBeUndefined();
    const names = presetNames(readPresetFiles(source, ENVIRONMENT)!);
    expect(names).toEqual(['dev', 'fast', 'plain', 'other', 'two', 'mine']);
  });

  it('tells which of its fields mean cmake --build alone', () => {
    write('CMakePresets.json', {
      configurePresets: [{name: 'c', binaryDir: 'b'}],
      buildPresets: [{name: 'b', configurePreset: 'c', cleanFirst: true, nativeToolOptions: ['-k0']}],
    });
    expect(find('b')?.passedOver).toEqual(['cleanFirst', 'nativeToolOptions']);
  });

  it('needs a file', () => {
    expect(find('dev')).toBeUndefined();
  });
});

describe('a condition', () => {
  const enabled = [
    true,
    null,
    {type: 'const', value: true},
    {type: 'equals', lhs: `\${hostSystemName}`, rhs: 'Linux'},
    {type: 'notEquals', lhs: '$penv{PARENT}', rhs: ''},
    {type: 'inList', string: '$env{OWN}', list: ['a', 'b']},
    {type: 'notInList', string: 'c', list: []},
    {type: 'matches', string: `\${sourceDir}`, regex: '^/'},
    {type: 'notMatches', string: 'abc', regex: '^b'},
    {type: 'anyOf', conditions: [false, {type: 'not', condition: false}, {type: 'strange'}]},
    {type: 'allOf', conditions: [true, {type: 'const', value: true}]},
  ];

  it.each(enabled)('lets a preset be used: %j', condition => {
    write('CMakePresets.json', {
      configurePresets: [{name: 'c', binaryDir: 'b', environment: {OWN: 'b'}, condition}],
    });
    expect(find('c')).toBeDefined();
  });

  it.each([
    false,
    {type: 'not', condition: true},
    ...enabled
      .filter(each => typeof each === 'object' && each !== null)
      .map(condition => ({type: 'not', condition})),
  ])('disables one: %j', condition => {
    write('CMakePresets.json', {
      configurePresets: [{name: 'c', binaryDir: 'b', environment: {OWN: 'b'}, condition}],
    });
    expect(refused('c')).toBe("CMakePresets.json: preset 'c' is disabled by its condition");
  });

  it('is inherited, but for null', () => {
    write('CMakePresets.json', {
      configurePresets: [
        {name: 'off', binaryDir: 'b', condition: false},
        {name: 'also', inherits: 'off'},
        {name: 'on', inherits: 'off', condition: null},
        {name: 'below', inherits: ['on']},
      ],
    });
    expect(refused('also')).toContain('is disabled');
    expect(find('on')).toBeDefined();
    expect(find('below')).toBeDefined();
  });
});

describe('presets that cannot be used', () => {
  const one = (...configurePresets: object[]) => ({configurePresets});
  const build = (...buildPresets: object[]) => ({
    configurePresets: [{name: 'c', binaryDir: 'b'}],
    buildPresets,
  });
  it.each<[what: string, content: object | string, text: string]>([
    ['that are no JSON', '{"version": 3,\n "x": [1,]}', 'CMakePresets.json:2: no JSON from column 10 on'],
    [
      'without a version',
      '{"configurePresets": []}',
      "CMakePresets.json: 'version' is missing, or no whole number",
    ],
    ['in a list', '[]', 'CMakePresets.json: expected an object'],
    ['without a list', {configurePresets: {}}, "CMakePresets.json: 'configurePresets' is no list"],
    ['without a name', one({binaryDir: 'b'}), 'CMakePresets.json: a preset has no name'],
    ['that are there twice', one({name: 'x'}, {name: 'x'}), "preset 'x' is there twice"],
    ['without a directory', one({name: 'x'}), "CMakePresets.json: preset 'x' names no binaryDir"],
    ['whose directory is no text', one({name: 'x', binaryDir: 3}), "preset 'x' 'binaryDir' is no text"],
    ['with an unknown macro', one({name: 'x', binaryDir: `\${what}`}), `cannot expand 'binaryDir': \${what}`],
    ['with a vendor’s macro', one({name: 'x', binaryDir: '$vendor{a.b}'}), "cannot expand 'binaryDir'"],
    ['with an open macro', one({name: 'x', binaryDir: `\${sourceDir`}), "cannot expand 'binaryDir'"],
    [
      'that inherit from nobody',
      one({name: 'x', inherits: 'y'}),
      "preset 'x' inherits 'y', which is not there",
    ],
    [
      'that inherit from themselves',
      one({name: 'x', inherits: 'y'}, {name: 'y', inherits: ['x']}),
      'inherits itself: x -> y -> x',
    ],
    [
      'whose variables rest on themselves',
      one({name: 'x', binaryDir: '$env{A}', environment: {A: '$env{B}', B: '$env{A}'}}),
      'has a variable that rests on itself: A',
    ],
    [
      'with a variable that is no text',
      one({name: 'x', binaryDir: 'b', environment: {A: 1}}),
      'has an environment variable that is no text: A',
    ],
    [
      'of an unknown condition',
      one({name: 'x', condition: {type: 'odd'}}),
      'has a condition that is not understood',
    ],
    ['for no configuration', build({name: 'x'}), "preset 'x' names no configurePreset"],
    [
      'for an unknown configuration',
      build({name: 'x', configurePreset: 'd'}),
      "names the configurePreset 'd', which is not there",
    ],
    ['with odd jobs', build({name: 'x', configurePreset: 'c', jobs: 'all'}), "'jobs' is no whole number"],
    ['with odd targets', build({name: 'x', configurePreset: 'c', targets: [1]}), "'targets' is neither"],
    ['that include what is not there', {include: ['gone.json']}, "cannot read 'gone.json', which"],
    ['that include themselves', {include: ['CMakePresets.json']}, 'includes itself'],
  ])('%s are named with their fault', (_, content, text) => {
    write('CMakePresets.json', content);
    expect(refused('x')).toContain(text);
  });
});

function cmakeVersion(): number {
  const found = spawnSync('cmake', ['--version'], {encoding: 'utf8'}).stdout?.match(/version (\d+)\.(\d+)/);
  return found ? Number(found[1]) * 1000 + Number(found[2]) : 0;
}

describe.skipIf(cmakeVersion() < 3025)('cmake itself (needs 3.25)', () => {
  it.each(['dev', 'other', 'two', 'mine'])('gives configure preset %s the same environment', name => {
    writeMany();
    write('CMakeLists.txt', 'cmake_minimum_required(VERSION 3.20)\nproject(p NONE)\n');
    const said = execFileSync('cmake', ['--preset', name, '-N'], {
      cwd: source,
      env: ENVIRONMENT,
      encoding: 'utf8',
    });
    const theirs = [...said.matchAll(/^ {2}(\w+)="(.*)"$/gm)].map(([, variable, value]) => [variable, value]);
    expect(theirs.length).toBeGreaterThan(2);
    expect(Object.fromEntries(find(name)!.environment)).toEqual(Object.fromEntries(theirs));
  });

  it.each(['dev', 'fast', 'plain'])('builds build preset %s in the same directory', name => {
    writeMany();
    const said = spawnSync('cmake', ['--build', '--preset', name], {
      cwd: source,
      env: ENVIRONMENT,
      encoding: 'utf8',
    });
    expect(said.stderr).toBe(`Error: ${find(name)!.binaryDir} is not a directory\n`);
  });

  it.each(['dev', 'fast', 'plain'])('gives the build of build preset %s the same environment', name => {
    writeMany();
    const {binaryDir, environment} = find(name)!;
    mkdirSync(binaryDir, {recursive: true});
    // A build tool that tells its environment.
    const tool = join(source, 'tell');
    writeFileSync(tool, '#!/bin/sh\nenv -0\n', {mode: 0o755});
    writeFileSync(
      join(binaryDir, 'CMakeCache.txt'),
      `CMAKE_GENERATOR:INTERNAL=Unix Makefiles\nCMAKE_MAKE_PROGRAM:FILEPATH=${tool}\nCMAKE_PROJECT_NAME:STATIC=p\n`,
    );
    const said = spawnSync('cmake', ['--build', '--preset', name], {
      cwd: source,
      env: ENVIRONMENT,
      encoding: 'utf8',
    });
    const theirs = new Map(
      said.stdout.split('\0').map(line => [line.split('=')[0]!, line.slice(line.indexOf('=') + 1)]),
    );
    expect(theirs.get('HOME'), said.stderr).toBe('/home/me');
    for (const [variable, value] of environment)
      expect([variable, theirs.get(variable)]).toEqual([variable, value]);
  });
});
