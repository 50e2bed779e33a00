import {readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import fc from 'fast-check';
import {expect, it} from 'vitest';
import {appendNamed, emptyGraph, type NamedRecord} from '../../test/deps-texts.ts';
import {ninjaFolder} from '../../test/ninja-folder.ts';
import {DepsLogIndex} from './deps-log-index.ts';

const name = fc.constantFrom('a.h', 'b.h', 'dir/c.h', '/abs/d.h', 'h\udce9.h', 'e');
const record: fc.Arbitrary<NamedRecord> = fc.record({
  output: fc.constantFrom('1.o', '2.o', 'e'),
  mtime: fc.bigInt({min: 1n, max: 9_000_000_000n}),
  ins: fc.array(name, {maxLength: 5}),
});
/** What happens between two appends by the index: it is kept and taken up again, somebody else appends, the log is lost. */
const between = fc.constantFrom('nothing', 'kept', 'other', 'lost');

it('an append by an index writes what one without writes', () => {
  const folder = ninjaFolder();
  const [plain, indexed] = [join(folder.path, 'plain'), join(folder.path, 'indexed')];
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(record, {maxLength: 4}), between), {maxLength: 6}), steps => {
      for (const file of [plain, indexed]) rmSync(file, {force: true});
      const graph = emptyGraph();
      let index = new DepsLogIndex(graph);
      for (const [records, event] of steps) {
        expect(appendNamed(indexed, 4, records, {graph, index})).toBe('appended');
        expect(appendNamed(plain, 4, records)).toBe('appended');
        expect(readFileSync(indexed)).toEqual(readFileSync(plain));
        expect(index.end).toBe(readFileSync(indexed).length);
        if (event === 'kept') {
          const {kept, numbers} = index.pack()!;
          index = new DepsLogIndex(graph);
          index.restore(kept, numbers);
        }
        const foreign = [{output: 'other.o', mtime: 1n, ins: ['other.h', 'a.h']}];
        if (event === 'other') for (const file of [plain, indexed]) appendNamed(file, 4, foreign);
        if (event === 'lost') for (const file of [plain, indexed]) rmSync(file);
      }
    }),
  );
});

it('an append by an index does not read what is there', () => {
  const folder = ninjaFolder();
  const file = join(folder.path, 'deps');
  const graph = emptyGraph();
  const index = new DepsLogIndex(graph);
  appendNamed(file, 4, [{output: 'a.o', mtime: 1n, ins: ['a.h']}], {graph, index});
  const {kept} = index.pack()!;
  // By what it was told the next path is the hundredth.
  index.restore({...kept, count: 99}, new Int32Array(0));
  appendNamed(file, 4, [{output: 'b.o', mtime: 1n, ins: []}], {graph, index});
  expect(readFileSync(file).readInt32LE(kept.end + 8)).toBe(~99);
});
