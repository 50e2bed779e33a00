import {appendFileSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {ninjaFolder} from '../../test/ninja-folder.ts';
import {describeOutput, Journal, type JournalEntry, readJournal} from './journal.ts';

const ENTRIES: readonly JournalEntry<string>[] = [
  {
    outputs: [{file: 'a.o', mtime: 1_788_222_333_444_555_666n, size: 10, inode: 77}],
    hash: [0xffffffff, 1],
    mtime: 9n,
    start: 1,
    end: 5,
    deps: ['a.c', 'größe "x".h'],
  },
  {
    outputs: [
      {file: 'b', mtime: 2n, size: 0, inode: 78},
      {file: 'a.c', mtime: 0n, size: 0, inode: 0},
    ],
    hash: [0, 0],
    mtime: 3n,
    start: 0,
    end: 0,
  },
  {
    outputs: [{file: 'a.o', mtime: 4n, size: 1, inode: 2}],
    hash: [5, 6],
    mtime: 7n,
    start: 8,
    end: 9,
    deps: ['b'],
  },
];

function written(file: string): string {
  const journal = new Journal<string>(file, path => path);
  for (const entry of ENTRIES) journal.append(entry);
  journal.close();
  return readFileSync(file, 'utf8');
}

describe('a journal', () => {
  it('is read as it was written', () => {
    const file = join(ninjaFolder().path, 'journal');
    expect(readJournal(file)).toEqual([]);
    written(file);
    expect(readJournal(file)).toEqual(ENTRIES);
  });

  it('that a crash cut off at any byte holds all entries but the last', () => {
    const file = join(ninjaFolder().path, 'journal');
    const bytes = Buffer.from(written(file));
    let whole = 0;
    for (let cut = 0; cut <= bytes.length; cut++) {
      if (bytes[cut - 1] === 10) whole++;
      writeFileSync(file, bytes.subarray(0, cut));
      expect(readJournal(file), `cut at ${cut}`).toEqual(ENTRIES.slice(0, whole));
    }
    expect(whole).toBe(ENTRIES.length);
  });

  it.each([
    '\0\0\0\0\n',
    'null\n',
    '5\n',
    '{}\n',
    '{"p":[],"o":[[99,"1",1,1]],"h":[1,2],"m":"1","t":[1,2]}\n',
    '{"p":["x"],"o":[],"h":[1,2],"m":"no","t":[1,2]}\n',
  ])('ends at what was never written: %j', rubbish => {
    const file = join(ninjaFolder().path, 'journal');
    const [first = '', ...rest] = written(file).split('\n');
    writeFileSync(file, `${first}\n${rubbish}${rest.join('\n')}`);
    expect(readJournal(file)).toEqual(ENTRIES.slice(0, 1));
  });

  it('forgets all when it is cleared or opened again, its numbers of paths too', () => {
    const file = join(ninjaFolder().path, 'journal');
    const journal = new Journal<string>(file, path => path);
    for (const entry of ENTRIES) journal.append(entry);
    journal.clear();
    expect(statSync(file).size).toBe(0);
    journal.append(ENTRIES[2]!);
    expect(readJournal(file)).toEqual([ENTRIES[2]]);
    journal.close();
    appendFileSync(file, 'torn');
    const next = new Journal<string>(file, path => path);
    next.append(ENTRIES[0]!);
    next.close();
    expect(readJournal(file)).toEqual([ENTRIES[0]]);
  });
});

it('describes an output as it is, and one that was not made', () => {
  const folder = ninjaFolder({a: '12345'});
  const stat = statSync(join(folder.path, 'a'), {bigint: true});
  expect(describeOutput('x/a', join(folder.path, 'a'))).toEqual({
    file: 'x/a',
    mtime: stat.mtimeNs,
    size: 5,
    inode: Number(stat.ino),
  });
  expect(describeOutput('b', join(folder.path, 'b'))).toEqual({file: 'b', mtime: 0n, size: 0, inode: 0});
});
