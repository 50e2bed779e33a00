import {execFileSync} from 'node:child_process';
import {describe, expect, it} from 'vitest';
import type {Location} from '../options/locate.ts';
import {type BuildOptions, parseBuildOptions} from '../options/options.ts';
import {ownCommands} from './own-command.ts';

function commands(argv: readonly string[], shown: string, targets: readonly string[] = []) {
  return ownCommands(options(argv), {directory: '/d', shown, kind: 'ninja', targets} as Location);
}

function options(argv: readonly string[]): BuildOptions {
  const parsed = parseBuildOptions(argv);
  if (!parsed.ok || parsed.value === 'help') throw new Error(JSON.stringify(parsed));
  return parsed.value;
}

/** What a shell makes of a command line, without `llama build`. */
function pasted(line: string): string[] {
  const words = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${line}`], {encoding: 'utf8'});
  return words.split('\0').slice(2, -1);
}

describe('a command that is shown', () => {
  it('is as short as what was typed', () => {
    const {again, tellLocal, alone} = commands([], 'out');
    expect(again).toBe('llama build out');
    expect(tellLocal).toBe('llama build out -n -d local');
    expect(alone('a.o')).toBe('llama build out -v a.o');
  });

  it('keeps store, commands and targets', () => {
    const argv = ['--store', '/my store', '--commands', 'list.txt'];
    const {again, tellLocal, alone} = commands(argv, 'out', ['all', 'b c']);
    const place = ['--commands', 'list.txt', '--store', '/my store'];
    expect(pasted(again)).toEqual(['out', ...place, 'all', 'b c']);
    expect(pasted(tellLocal)).toEqual(['out', ...place, '-n', '-d', 'local', 'all', 'b c']);
    expect(pasted(alone('x/y z.o'))).toEqual(['out', ...place, '-v', 'x/y z.o']);
  });

  it('names a preset in place of the directory', () => {
    const {again, alone} = commands(['--preset', 'dev'], '/long/way/out', ['all']);
    expect(again).toBe('llama build --preset dev all');
    expect(alone('a.o')).toBe('llama build --preset dev -v a.o');
  });

  it.each([
    'a b',
    "it's",
    '"quoted"',
    '$HOME',
    'a;b&c|d',
    'source.c^',
    '~x',
    '*',
    'a\\b',
    '#x',
    'über',
    '-odd',
    `both ' and "!`,
    'x{a,b}',
  ])('gives the shell the very name %s', name => {
    for (const line of [commands([], name, [name]).again, commands([], 'out').alone(name)]) {
      const words = pasted(line);
      expect(words.at(-1)).toBe(name);
      expect(options(words).words.at(-1)).toBe(name);
    }
    expect(options(pasted(commands([], name, ['t']).again)).words).toEqual([name, 't']);
  });

  it('for the same build once more means the same options', () => {
    const line =
      '-j 4 --local-jobs 2 -k 0 -v --no-cache --verify 0.5 --summary s.json --progress plain --store=-s';
    for (const more of ['--commands -', '--file=-odd.ninja', '--config Debug']) {
      const argv = [...line.split(' '), ...more.split(' '), 'out', 't'];
      expect(options(pasted(commands(argv, 'out', ['t']).again))).toEqual(options(argv));
    }
  });
});
