import {readFileSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {BuildRecords} from '../../graph/build-records.ts';
import {appendNamed, type NamedRecord} from '../../test/deps-texts.ts';
import {NINJAS, ninjaFolder} from '../../test/ninja-folder.ts';
import {parseDeps} from '../../test/ninja-records.ts';
import {adoptDepsLog, type DepsLog, parseDepsLog, readDepsLog} from './deps-log.ts';
import {loadManifest} from './manifest.ts';

const RECORDS: readonly NamedRecord[] = [
  {output: 'a.o', mtime: 1_788_222_333_444_555_666n, ins: ['a.c', 'dir/größe.h', 'x']},
  {output: 'dir/b.o', mtime: 5n, ins: []},
  {output: 'a.o', mtime: 7_000_000_000n, ins: ['x', 'abcd', 'abcde']},
];

/** A log's lists by name, the last of each output. */
function lists(log: DepsLog | string): Record<string, [mtime: bigint, ...ins: string[]]> {
  if (typeof log === 'string') throw new Error(log);
  const named = [...log.lists].map(([output, {mtime, ins}]) => [
    log.paths[output]!,
    [mtime, ...Array.from(ins, id => log.paths[id]!)],
  ]);
  return Object.fromEntries(named);
}

function encoded(version: 3 | 4, records: readonly NamedRecord[]): Buffer {
  const file = join(ninjaFolder().path, 'deps');
  expect(appendNamed(file, version, records)).toBe('appended');
  return readFileSync(file);
}

describe('a log', () => {
  it.each([3, 4] as const)('of version %i is read as it was written, in one go or in several', version => {
    const file = join(ninjaFolder().path, 'deps');
    expect(readDepsLog(file)).toBe('absent');
    for (const record of RECORDS) expect(appendNamed(file, version, [record])).toBe('appended');
    expect(readFileSync(file)).toEqual(encoded(version, RECORDS));
    const log = readDepsLog(file);
    expect(log).toMatchObject({version, validSize: statSync(file).size});
    expect(lists(log)).toEqual({
      'a.o': [7_000_000_000n, 'x', 'abcd', 'abcde'],
      'dir/b.o': [version === 4 ? 5n : 0n],
    });
  });

  it('has names that are not UTF-8 as their own bytes', () => {
    const records = [{output: 'a.o', mtime: 1n, ins: ['h\udce9.h', 'h\udce8.h', 'h\ufffd.h']}];
    const log = encoded(4, records);
    expect(log.includes(Buffer.from('h\xe9.h', 'latin1'))).toBe(true);
    expect(lists(parseDepsLog(log))).toEqual({'a.o': [1n, 'h\udce9.h', 'h\udce8.h', 'h\ufffd.h']});
    expect(parseDepsLog(log)).toMatchObject({validSize: log.length});
  });

  it('keeps its own version when more is added', () => {
    const file = join(ninjaFolder({deps: encoded(3, RECORDS)}).path, 'deps');
    appendNamed(file, 4, [{output: 'c.o', mtime: 9_000_000_000n, ins: ['x']}]);
    expect(readDepsLog(file)).toMatchObject({version: 3});
    expect(lists(readDepsLog(file))).toMatchObject({'c.o': [9_000_000_000n, 'x']});
  });

  it.each([
    ['a header of another program', Buffer.from('# ninjadepz\n\x04\0\0\0')],
    ['another version', Buffer.from('# ninjadeps\n\x05\0\0\0')],
    ['half a header', Buffer.from('# ninjadeps\n\x04')],
  ])('with %s is left alone', (_name, bytes) => {
    const file = join(ninjaFolder({deps: bytes}).path, 'deps');
    expect(readDepsLog(file)).toBe('unknown');
    expect(appendNamed(file, 4, RECORDS)).toBe('unknown-format');
    expect(readFileSync(file)).toEqual(bytes);
  });

  it('that is empty gets a header', () => {
    const file = join(ninjaFolder({deps: ''}).path, 'deps');
    expect(readDepsLog(file)).toBe('absent');
    appendNamed(file, 4, RECORDS);
    expect(readFileSync(file)).toEqual(encoded(4, RECORDS));
  });

  it('leaves out a list that is too long for ninja, and keeps its neighbours', () => {
    const ins = Array.from({length: 131_100}, (_, i) => `h${i % 50}`);
    const file = join(ninjaFolder().path, 'deps');
    const more = {output: 'b.o', mtime: 2n, ins: ['h1']};
    expect(appendNamed(file, 4, [{output: 'a.o', mtime: 1n, ins}, more])).toBe('appended');
    expect(lists(readDepsLog(file))).toEqual({'b.o': [2n, 'h1']});
  });
});

describe('a log that was cut off at any byte', () => {
  it('is good up to its last whole record, and is mended by what is added', () => {
    const whole = encoded(4, RECORDS);
    const folder = ninjaFolder();
    const file = join(folder.path, 'deps');
    const ends = new Set<number>();
    for (let cut = 16; cut <= whole.length; cut++) {
      writeFileSync(file, whole.subarray(0, cut));
      const log = readDepsLog(file) as DepsLog;
      expect(log.validSize).toBeLessThanOrEqual(cut);
      ends.add(log.validSize);
      expect(appendNamed(file, 4, RECORDS), `cut at ${cut}`).toBe('appended');
      expect(lists(readDepsLog(file))).toEqual(lists(parseDepsLog(whole)));
      expect(statSync(file).size).toBe((readDepsLog(file) as DepsLog).validSize);
    }
    // A header, seven paths and three lists.
    expect(ends.size).toBe(11);
  });
});

describe('a record that cannot be', () => {
  const path = (text: string, id: number): Buffer => {
    const padded = Math.ceil(text.length / 4) * 4;
    const record = Buffer.alloc(padded + 8);
    record.writeUInt32LE(padded + 4, 0);
    record.write(text, 4);
    record.writeInt32LE(~id, padded + 4);
    return record;
  };
  const list = (...words: number[]): Buffer => {
    const record = Buffer.alloc(4 + 4 * words.length);
    record.writeUInt32LE((0x80000000 | (4 * words.length)) >>> 0, 0);
    for (const [i, word] of words.entries()) record.writeInt32LE(word, 4 + 4 * i);
    return record;
  };
  const size = (word: number): Buffer => {
    const record = Buffer.alloc(8);
    record.writeUInt32LE(word >>> 0, 0);
    return record;
  };
  it.each<[string, Buffer]>([
    ['a path with a wrong number', path('c', 7)],
    ['a path for the second time', path('b', 2)],
    ['a path of no length', path('', 2)],
    ['an input that is not known', list(0, 1, 0, 5)],
    ['a negative input', list(0, 1, 0, -1)],
    ['an output that is not known', list(9, 1, 0, 1)],
    ['a list without a time', list(0, 1)],
    ['a size that is no multiple of four', size(0x80000000 | 6)],
    ['a size that is too great', size(0x80000000 | (1 << 19))],
    ['zeros', size(0)],
  ])('ends the log: %s', (_name, bad) => {
    const good = encoded(4, [{output: 'a', mtime: 1n, ins: ['b']}]);
    const tail = list(0, 2, 0);
    const log = parseDepsLog(Buffer.concat([good, bad, tail]));
    expect(log).toMatchObject({validSize: good.length, paths: ['a', 'b']});
    const file = join(ninjaFolder({deps: Buffer.concat([good, bad, tail])}).path, 'deps');
    expect(appendNamed(file, 4, RECORDS)).toBe('appended');
    expect(lists(readDepsLog(file))).toMatchObject({a: [1n, 'b'], 'dir/b.o': [5n]});
  });
});

const name = fc.stringMatching(/^[a-zé0-9 _.$'-]{1,12}$/).filter(text => !/^\.{1,2}$/.test(text));

it.each(NINJAS)('is read back by %s as it was written', ninja => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(5), fc.array(name, {maxLength: 6})), {minLength: 1, maxLength: 10}),
      drawn => {
        const outs = Array.from({length: 6}, (_, i) => `o${i}`);
        const manifest = `rule r\n  command = : > $out\n  deps = gcc\n  depfile = $out.d\n${outs.map(out => `build ${out}: r\n`).join('')}`;
        const folder = ninjaFolder({
          'build.ninja': manifest,
          ...Object.fromEntries(outs.map(out => [out, ''])),
        });
        const mtimeOf = (out: string) => statSync(join(folder.path, out), {bigint: true}).mtimeNs;
        const records = drawn.map(([out, ins]) => ({output: `o${out}`, mtime: mtimeOf(`o${out}`), ins}));
        const file = join(folder.path, '.ninja_deps');
        const half = records.length >> 1;
        appendNamed(file, 4, records.slice(0, half));
        appendNamed(file, 4, records.slice(half));
        const expected = Object.fromEntries(records.map(({output, ins}) => [output, ['VALID', ...ins]]));
        const shown = folder.ninja(['-t', 'deps'], ninja);
        expect(shown.stderr).toBe('');
        expect(parseDeps(shown.stdout)).toEqual(expected);
        expect(folder.ninja(['-t', 'recompact'], ninja).status).toBe(0);
        expect(parseDeps(folder.ninja(['-t', 'deps'], ninja).stdout)).toEqual(expected);
        expect(Object.keys(lists(readDepsLog(file))).sort()).toEqual(Object.keys(expected).sort());
      },
    ),
    {numRuns: 12, seed: 3},
  );
});

it('becomes records of the graph, whose nodes it adds to', () => {
  const folder = ninjaFolder({'build.ninja': 'rule r\n  command = x\nbuild a.o: r a.c\n'});
  const {graph} = loadManifest({directory: folder.path, file: 'build.ninja', hashKind: 'murmur'});
  const records = new BuildRecords(graph.nodeCount);
  adoptDepsLog(parseDepsLog(encoded(4, RECORDS)) as DepsLog, graph, records);
  const deps = (path: string) => {
    const ids = records.deps(graph.find(path)!);
    return ids && Array.from(ids, id => graph.path(id));
  };
  expect(deps('a.o')).toEqual(['x', 'abcd', 'abcde']);
  expect(deps('dir/b.o')).toEqual([]);
  expect(deps('a.c')).toBeUndefined();
  expect(records.depsMtime(graph.find('a.o')!)).toBe(7_000_000_000n);
  expect(graph.producer(graph.find('abcd')!)).toBe(-1);
});

it('is cut off where a file lost its end since', () => {
  const file = join(ninjaFolder({deps: encoded(4, RECORDS)}).path, 'deps');
  truncateSync(file, statSync(file).size - 2);
  expect(lists(readDepsLog(file))).toMatchObject({
    'a.o': [1_788_222_333_444_555_666n, 'a.c', 'dir/größe.h', 'x'],
  });
});
