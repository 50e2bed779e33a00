import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {IdSet} from './id-set.ts';

const ids = fc.uniqueArray(fc.nat(300), {maxLength: 40});
const sorted = (members: Iterable<number>) => [...members].sort((a, b) => a - b);

function setOf(members: readonly number[], room?: number): IdSet {
  const set = new IdSet(room);
  for (const id of members) set.add(id);
  return set;
}

describe('IdSet', () => {
  it('does what a set of numbers does', () => {
    fc.assert(
      fc.property(ids, ids, ids, fc.nat(300), (some, others, gone, room) => {
        const set = setOf(some, room);
        const other = setOf(others);
        expect(set.members()).toEqual(sorted(some));
        expect(set.without(other)).toEqual(sorted(some.filter(id => !others.includes(id))));
        expect(set.alsoIn(other)).toEqual(sorted(some.filter(id => others.includes(id))));
        expect(set.addAll(other)).toBe(others.some(id => !some.includes(id)));
        for (const id of gone) set.delete(id);
        const left = [...new Set([...some, ...others])].filter(id => !gone.includes(id));
        expect(set.members()).toEqual(sorted(left));
        for (let id = 0; id <= 301; id++) expect(set.has(id)).toBe(left.includes(id));
        set.clear();
        expect(set.members()).toEqual([]);
      }),
    );
  });
});
