import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {lookAt} from '../engine/look.ts';
import {loadNinjaProject} from '../frontends/ninja/ninja-project.ts';
import {WatchedFiles} from './watched-files.ts';

let top: string;

beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'llama-watched-')));
  for (const name of ['lists.txt', 'src/a.c', 'include/part/h.h']) put(name);
});

afterEach(() => rmSync(top, {recursive: true}));

function put(name: string, text = ''): void {
  mkdirSync(dirname(join(top, name)), {recursive: true});
  writeFileSync(join(top, name), text);
}

/** Of a build in `build/` that compiles `src/a.c` with a command's flags. */
function watched(flags: string): WatchedFiles {
  const build = `build out: cc ${top}/src/a.c | ${top}/include/part/h.h ${top}/lists.txt\n`;
  put('build/build.ninja', `rule cc\n  command = cc ${flags} -c a.c\n${build}`);
  const directory = join(top, 'build');
  const load = {directory, manifest: 'build.ninja', environment: process.env, useSnapshot: false};
  return WatchedFiles.of(lookAt(loadNinjaProject(load), []), {more: [], before: undefined});
}

/** Relative to the top, those outside it left out. */
function directories(flags: string): string[] {
  return [...watched(flags).directories]
    .filter(directory => directory.startsWith(top))
    .map(directory => directory.slice(top.length + 1))
    .sort();
}

describe('directories to be watched', () => {
  it('hold what was read', () => {
    expect(directories('')).toEqual(['', 'include/part', 'src']);
  });

  it.each([
    ['-I../first', 'first'],
    ['-I ../first', 'first'],
    ['-isystem ../first', 'first'],
    ['-iquote"../a b"', 'a b'],
    ["-I'../a b'", 'a b'],
    ['-I../a\\ b', 'a b'],
  ])('are searched by %s, there or not', (flags, name) => {
    expect(directories(flags)).toEqual(['', name, 'include/part', 'src'].sort());
  });

  it('lie where a compiler would look for a header by the name of one that it reads', () => {
    put('first/part/deeper/x.h');
    put('first/other/x.h');
    put('src/part/part/x.h');
    expect(directories('-I../first')).toEqual(
      ['', 'first', 'first/part', 'include/part', 'src', 'src/part', 'src/part/part'].sort(),
    );
  });
});

describe('new files', () => {
  it.each([
    ['src/new.c', true],
    ['src/new.txt', false],
    ['include/new.h', true],
    ['fresh/deep/new.h', true],
    ['.git/new.h', false],
    ['fresh/CMakeFiles/new.c', false],
    ['build/new.c', false],
    ['build/fresh/new.c', false],
    ['../new.c', false],
  ])('%s: %s', (name, matters) => {
    expect(watched('').matters(join(top, name))).toBe(matters);
  });
});
