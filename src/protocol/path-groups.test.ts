import fc from 'fast-check';
import {expect, it} from 'vitest';
import {joinNames, namesOf, pathsOf} from './path-groups.ts';

it('the names of a group come out as they went in', () => {
  const name = fc.string({minLength: 1}).filter(text => !text.includes('/'));
  fc.assert(
    fc.property(fc.array(name), names => {
      expect(namesOf(joinNames(names))).toEqual(names);
    }),
  );
});

it('paths are told in order, also those of the root', () => {
  expect(
    pathsOf([
      ['/', 'a/b'],
      ['/c', ''],
      ['/d/e', 'f'],
    ]),
  ).toEqual(['/a', '/b', '/d/e/f']);
});
