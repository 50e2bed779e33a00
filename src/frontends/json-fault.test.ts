import fc from 'fast-check';
import {expect, it} from 'vitest';
import {jsonFault} from './json-fault.ts';

it.each([
  ['[x]', 1],
  ['[1 2]', 3],
  ['[1,]', 3],
  ['[{"a": 1,}]', 9],
  ['{"a" 1}', 5],
  ['{"a": "b', 6],
  ['["\\q"]', 1],
  ['[1', 2],
  ['', 0],
  ['{}}', 2],
  ['[01]', 1],
  ['[tru]', 1],
  ['[\n  {"a": 1}\n  {"b": 2}\n]', 15],
])('finds the fault of %j at %i', (text, offset) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(jsonFault(text)).toBe(offset);
});

it('reads whatever JSON.parse reads, to its end', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (text, cut) => {
      expect(jsonFault(text)).toBe(text.length);
      const part = text.slice(0, cut % (text.length + 1));
      expect(jsonFault(part)).toBeLessThanOrEqual(part.length);
    }),
  );
});
