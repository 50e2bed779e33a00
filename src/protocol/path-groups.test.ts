import fc from 'fast-check';
import {expect, it} from 'vitest';
import {joinNames, namesOf, pathsOf, shareNames, unshareNames} from './path-groups.ts';

it('the names of a group come out as they went in', () => {
  const name = fc.string({minLength: 1}).filter(text => !text.includes('/'));
  fc.assert(
    fc.property(fc.array(name), names => {
      expect(namesOf(joinNames(names))).toEqual(names);
    }),
  );
});

it('what many directories have is told once, and nothing is lost', () => {
  const text = fc.constantFrom('a', 'b', 'a/b', '');
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text)), groups => {
      const shared = shareNames(groups);
      expect(new Set(shared.map(([names]) => names)).size).toBe(shared.length);
      expect(unshareNames(shared).toSorted()).toEqual(groups.toSorted());
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
