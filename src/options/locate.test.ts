import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {FailureError} from '../failure.ts';
import {forgetImported, keepImported} from './imported-list.ts';
import {locate} from './locate.ts';

let cwd: string;

beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'llama-locate-')));
});

afterEach(() => rmSync(cwd, {recursive: true}));

function describeBuild(directory: string, name = 'build.ninja'): void {
  mkdirSync(join(cwd, directory), {recursive: true});
  writeFileSync(join(cwd, directory, name), '');
}

function find(...words: string[]): ReturnType<typeof locate> {
  return locate(words, {cwd});
}

function missing(...words: string[]): unknown {
  return failureOf(() => find(...words));
}

function failureOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
}

describe('the directory of a build', () => {
  it('is ./build, or else the current one', () => {
    describeBuild('.');
    expect(find()).toEqual({
      directory: cwd,
      shown: '.',
      kind: 'ninja',
      description: 'build.ninja',
      targets: [],
    });
    describeBuild('build');
    expect(find('a.o')).toEqual({
      directory: join(cwd, 'build'),
      shown: 'build',
      kind: 'ninja',
      description: 'build.ninja',
      targets: ['a.o'],
    });
  });

  it('is one that a list was imported for, before all that lies anywhere', () => {
    describeBuild('build');
    keepImported(cwd, {file: join(cwd, 'other.json')});
    const imported = {
      directory: cwd,
      shown: '.',
      kind: 'compile-commands',
      description: join(cwd, 'other.json'),
      imported: join(cwd, 'other.json'),
    };
    expect(find('a.o')).toEqual({...imported, targets: ['a.o']});
    expect(find('build')).toMatchObject({shown: 'build', kind: 'ninja'});
    expect(locate([], {cwd, commands: 'list'})).not.toHaveProperty('imported');
    keepImported(cwd, {text: '[]'});
    expect(find()).toMatchObject({imported: join(cwd, '.llama/compile_commands.json')});
    expect([forgetImported(cwd), forgetImported(cwd)]).toEqual([true, false]);
    expect(find()).toMatchObject({shown: 'build', kind: 'ninja'});
  });

  it('is the first word if that is one', () => {
    describeBuild('build');
    describeBuild('out');
    expect(find('out', 'a.o', 'b.o')).toMatchObject({shown: 'out', targets: ['a.o', 'b.o']});
    expect(find(join(cwd, 'out')).directory).toBe(join(cwd, 'out'));
    expect(find('a.o', 'out')).toMatchObject({shown: 'build', targets: ['a.o', 'out']});
  });

  it('is a real path, shown as the user typed it', () => {
    describeBuild('out');
    symlinkSync('out', join(cwd, 'link'));
    expect(find('link/')).toMatchObject({directory: join(cwd, 'out'), shown: 'link/'});
  });

  it('holds a manifest rather than a list of commands', () => {
    describeBuild('out', 'compile_commands.json');
    expect(find('out').kind).toBe('compile-commands');
    describeBuild('out');
    expect(find('out').kind).toBe('ninja');
    expect(locate(['out'], {cwd, commands: 'list'}).kind).toBe('commands');
  });

  it('holds the manifest that is named', () => {
    describeBuild('build');
    describeBuild('out', 'other.ninja');
    mkdirSync(join(cwd, 'out/folder.ninja'));
    const named = (file: string, ...words: string[]) => locate(words, {cwd, file});
    expect(named('other.ninja', 'out', 'a.o')).toMatchObject({
      shown: 'out',
      description: 'other.ninja',
      targets: ['a.o'],
    });
    const absolute = join(cwd, 'out/other.ninja');
    expect(named(absolute, 'build')).toMatchObject({shown: 'build', description: absolute});
    describeBuild('.', 'here.ninja');
    expect(named('here.ninja')).toMatchObject({shown: '.', description: 'here.ninja'});
    expect(failureOf(() => named('none.ninja', 'out'))).toMatchObject({
      reason: 'option-invalid',
      text: "-f: there is no file 'none.ninja' in 'out'",
      hint: 'there is folder.ninja, other.ninja',
    });
    mkdirSync(join(cwd, 'empty'));
    expect(failureOf(() => named('none.ninja', 'empty'))).toMatchObject({
      reason: 'description-missing',
      lookedFor: ['none.ninja'],
    });
  });

  it('holds the configuration that is named', () => {
    const named = (config: string) => locate(['out'], {cwd, config});
    describeBuild('out');
    expect(failureOf(() => named('Debug'))).toMatchObject({
      text: "--config: 'out' holds one configuration only",
    });
    writeFileSync(join(cwd, 'out/CMakeCache.txt'), 'CMAKE_BUILD_TYPE:STRING=Release\n');
    expect(failureOf(() => named('Debug'))).toMatchObject({
      text: "--config: 'out' holds one configuration only, its CMAKE_BUILD_TYPE is 'Release'",
    });
    expect(named('release')).toMatchObject({kind: 'ninja', description: 'build.ninja'});
    for (const name of ['Debug', 'Release']) describeBuild('out', `build-${name}.ninja`);
    expect(named('Debug')).toMatchObject({kind: 'ninja', description: 'build-Debug.ninja'});
    expect(failureOf(() => named('debug'))).toMatchObject({
      text: "--config: 'out' has no configuration 'debug', it has Debug, Release",
      hint: 'did you mean Debug?',
    });
    expect(failureOf(() => named('../out/build-Debug'))).not.toHaveProperty('hint');
  });

  it('needs no description where the commands are given', () => {
    mkdirSync(join(cwd, 'out'));
    expect(locate(['out'], {cwd, commands: 'list'})).toMatchObject({
      directory: join(cwd, 'out'),
      kind: 'commands',
    });
    expect(locate([], {cwd, commands: 'list'}).directory).toBe(cwd);
  });

  it('is named together with what was looked for where there is none', () => {
    const lookedFor = ['build.ninja', 'compile_commands.json'];
    expect(missing()).toMatchObject({reason: 'description-missing', directories: ['build', '.'], lookedFor});
    mkdirSync(join(cwd, 'out'));
    expect(missing('out')).toMatchObject({directories: ['out'], lookedFor});
    expect(missing('some/where')).toMatchObject({directories: ['some/where'], word: 'some/where'});
    expect(missing('ot', 'b.o')).toMatchObject({directories: ['build', '.'], word: 'ot'});
    expect(missing('out')).not.toHaveProperty('word');
  });

  it('may lie one level below: its name is told, the usual one first', () => {
    for (const name of ['re2/build', 're2/a', 're2/b', 're2/c']) describeBuild(name);
    mkdirSync(join(cwd, 're2/src'));
    writeFileSync(join(cwd, 're2/Makefile'), '');
    expect(missing('re2')).toMatchObject({nearby: ['re2/build', 're2/a', 're2/b']});
    expect(locate(['re2/build'], {cwd}).shown).toBe('re2/build');
    describeBuild('debug');
    expect(missing()).toMatchObject({nearby: ['debug']});
  });

  it('may be configured for another tool, which is told with a name for another directory', () => {
    mkdirSync(join(cwd, 'build'));
    expect(missing()).not.toHaveProperty('configured');
    writeFileSync(join(cwd, 'build/Makefile'), '');
    expect(missing()).toMatchObject({configured: {directory: 'build', another: 'build-ninja'}});
    const cache =
      '# comment\nCMAKE_GENERATOR:INTERNAL=Unix Makefiles\nCMAKE_HOME_DIRECTORY:INTERNAL=/my src\n';
    writeFileSync(join(cwd, 'build/CMakeCache.txt'), cache);
    mkdirSync(join(cwd, 'build-ninja'));
    const configured = {
      directory: 'build',
      cmake: {generator: 'Unix Makefiles', source: '/my src'},
      another: 'build-ninja-2',
    };
    expect(missing()).toMatchObject({configured});
    expect(missing('build')).toMatchObject({configured});
  });

  it('can be made from a source that is there', () => {
    writeFileSync(join(cwd, 'CMakeLists.txt'), '');
    expect(missing()).toMatchObject({source: '.'});
    expect(missing()).not.toHaveProperty('nearby');
  });

  it('is no file, and nothing below one', () => {
    writeFileSync(join(cwd, 'file'), '');
    expect(missing('file/sub')).toMatchObject({reason: 'description-missing'});
    describeBuild('build');
    expect(find('file/sub')).toMatchObject({shown: 'build', targets: ['file/sub']});
    symlinkSync('circle', join(cwd, 'circle'));
    expect(find('circle')).toMatchObject({shown: 'build', targets: ['circle']});
  });
});
