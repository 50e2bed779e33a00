import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import {transformDepfile} from './transform-depfile.ts';

const directory = mkdtempSync(join(tmpdir(), 'llama-transform-'));
const places = {binary: '/b', currentBinary: '/b/sub'};

afterAll(() => rmSync(directory, {recursive: true}));

function byCMake(text: string): string {
  const [from, to] = [join(directory, 'from.d'), join(directory, 'to.d')];
  rmSync(to, {force: true});
  writeFileSync(from, text);
  const {binary, currentBinary} = places;
  const where = ['/s', '/s/sub', binary, currentBinary, from, to];
  execFileSync('cmake', ['-E', 'cmake_transform_depfile', 'Ninja', 'gccdepfile', ...where]);
  return readFileSync(to, 'utf8');
}

describe('a depfile for the build directory', () => {
  it.each([
    'a.h: /b/x.td ../y.td z.td /s/./t//u/../v.td\n',
    'a b: c \\\n  d \\\n\n',
    'a:\n',
    'a: b\na: c',
    'a : b\r\n',
    '',
  ])('is as CMake makes it of %j', text => {
    expect(transformDepfile(text, places)).toBe(byCMake(text));
  });

  it('is as CMake makes it of any rules with plain paths', () => {
    const part = fc.constantFrom('a', 'b.td', '..', '.', 'x+y', 'b', 'sub');
    const path = fc
      .tuple(fc.constantFrom('', '/', '/b/', '/b/sub/'), fc.array(part, {minLength: 1, maxLength: 4}))
      .map(([start, parts]) => start + parts.join('/'));
    const gap = fc.constantFrom(' ', '  ', ' \\\n  ');
    const rule = fc
      .tuple(path, gap, fc.array(path, {minLength: 1, maxLength: 4}))
      .map(([target, between, paths]) => `${target}:${between}${paths.join(between)}\n`);
    fc.assert(
      fc.property(fc.array(rule, {maxLength: 3}), rules => {
        expect(transformDepfile(rules.join(''), places)).toBe(byCMake(rules.join('')));
      }),
      {numRuns: 60},
    );
  });

  it.each(['a\\ b: c\n', 'a: $$x\n', '# a\n', 'a:b\n', 'a: "b"\n', 'a b\n', 'a: x:y\n'])(
    'is left to CMake for %j',
    text => expect(transformDepfile(text, places)).toBeUndefined(),
  );
});
