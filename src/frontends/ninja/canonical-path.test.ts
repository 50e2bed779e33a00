import {posix} from 'node:path';
import fc from 'fast-check';
import {expect, it} from 'vitest';
import {ninjaFolder} from '../../test/ninja-folder.ts';
import {canonicalPath} from './canonical-path.ts';

// From ninja's util_test.cc, version 1.13, but for those of Windows.
it.each([
  ['', ''],
  ['foo.h', 'foo.h'],
  ['./foo.h', 'foo.h'],
  ['./foo/./bar.h', 'foo/bar.h'],
  ['./x/foo/../bar.h', 'x/bar.h'],
  ['./x/foo/../../bar.h', 'bar.h'],
  ['foo//bar', 'foo/bar'],
  ['foo//.//..///bar', 'bar'],
  ['./x/../foo/../../bar.h', '../bar.h'],
  ['foo/./.', 'foo'],
  ['foo/bar/..', 'foo'],
  ['foo/.hidden_bar', 'foo/.hidden_bar'],
  ['foo/..hidden', 'foo/..hidden'],
  ['.hidden/..', '.'],
  ['/foo', '/foo'],
  ['//foo', '/foo'],
  ['/', '/'],
  ['.', '.'],
  ['./.', '.'],
  ['foo/..', '.'],
  ['..', '..'],
  ['../', '..'],
  ['../foo', '../foo'],
  ['../foo/', '../foo'],
  ['../..', '../..'],
  ['../../', '../..'],
  ['./../', '..'],
  ['/..', '/..'],
  ['/../foo', '/../foo'],
  ['/foo/..', '/'],
  ['/foo/../../bar', '/../bar'],
  ['a/..b/../c', 'a/c'],
  ['foo/', 'foo'],
  ['...', '...'],
])('cleans %j to %j', (path, clean) => {
  expect(canonicalPath(path)).toBe(clean);
});

const pathText = fc
  .array(fc.constantFrom('.', '..', '', 'a', '.b', 'c.', '..d', 'é'), {minLength: 1, maxLength: 8})
  .map(parts => parts.join('/'));

it('cleans a clean path to itself, and names the file that the path names', () => {
  fc.assert(
    fc.property(pathText, path => {
      const clean = canonicalPath(path);
      expect(canonicalPath(clean)).toBe(clean);
      if (path !== '')
        expect(posix.resolve('/x/y/z/w/v/u/t/s', clean)).toBe(posix.resolve('/x/y/z/w/v/u/t/s', path));
    }),
  );
});

it('spells relative paths as a real ninja does', () => {
  const paths = fc.sample(
    pathText.filter(path => !path.startsWith('/') && path !== ''),
    {numRuns: 200, seed: 7},
  );
  const manifest = paths.map((path, i) => `build o${i}: phony ${path}\n`).join('');
  const folder = ninjaFolder({'build.ninja': manifest});
  const {stdout} = folder.ninja(['-t', 'query', ...paths.map((_, i) => `o${i}`)]);
  const spelt = [...stdout.matchAll(/^ {2}input: phony\n {4}(.*)$/gm)].map(match => match[1]);
  expect(spelt).toEqual(paths.map(canonicalPath));
});
