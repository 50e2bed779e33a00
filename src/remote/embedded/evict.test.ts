import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {evict, storeContent} from './evict.ts';

let store: string;

beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'llama-evict-'));
});

afterEach(() => rmSync(store, {recursive: true, force: true}));

/** A file of 100 bytes that was used so many minutes ago. */
function add(path: string, minutes: number): void {
  mkdirSync(join(store, path, '..'), {recursive: true});
  writeFileSync(join(store, path), Buffer.alloc(100));
  const used = Date.now() / 1000 - 60 * minutes;
  utimesSync(join(store, path), used, used);
}

function left(): string[] {
  return ['blobs', 'results']
    .flatMap(kind => readdirSync(join(store, kind), {recursive: true}).map(name => `${kind}/${name}`))
    .filter(name => name.split('/').length === 3)
    .sort();
}

function addTen(): void {
  for (let i = 0; i < 5; i++) {
    add(`blobs/0${i}/aa`, 100 - 2 * i);
    add(`results/0${i}/bb`, 99 - 2 * i);
  }
}

describe('a store', () => {
  it('within its limit is left alone', () => {
    addTen();
    evict(store, {limit: 1000, added: 1000});
    expect(left()).toHaveLength(10);
  });

  it('beyond its limit loses what was used longest ago, blobs and results alike, down to four fifths', () => {
    addTen();
    evict(store, {limit: 900, added: 1000});
    expect(left()).toEqual([
      'blobs/02/aa',
      'blobs/03/aa',
      'blobs/04/aa',
      'results/01/bb',
      'results/02/bb',
      'results/03/bb',
      'results/04/bb',
    ]);
    expect(readFileSync(join(store, 'size'), 'utf8')).toBe('700');
  });

  it('is counted only when the estimate is beyond the limit, and the estimate adds up', () => {
    addTen();
    evict(store, {limit: 500, added: 300});
    evict(store, {limit: 500, added: 200});
    expect(left()).toHaveLength(10);
    evict(store, {limit: 500, added: 1});
    expect(left()).toHaveLength(4);
    expect(readFileSync(join(store, 'size'), 'utf8')).toBe('400');
  });

  it('whose estimate was too high is only counted anew', () => {
    addTen();
    writeFileSync(join(store, 'size'), '5000');
    evict(store, {limit: 1000, added: 0});
    expect(left()).toHaveLength(10);
    expect(readFileSync(join(store, 'size'), 'utf8')).toBe('1000');
  });

  it('with an estimate that is no number starts from nothing', () => {
    addTen();
    writeFileSync(join(store, 'size'), 'rubbish');
    evict(store, {limit: 1000, added: 7});
    expect(readFileSync(join(store, 'size'), 'utf8')).toBe('7');
  });

  it('loses temporary files that a killed client left, and no other client’s', () => {
    const gone = 2 ** 22 + 1; // Above the kernel's highest number of a process.
    add(`tmp/${process.pid}-0`, 61);
    add(`tmp/${process.pid}-1`, 1);
    add(`tmp/${gone}-0`, 1);
    add(`tmp/${gone}-1`, 0);
    evict(store, {limit: 1000, added: 0});
    expect(readdirSync(join(store, 'tmp')).sort()).toEqual([`${process.pid}-1`, `${gone}-1`].sort());
  });

  it('that is gone, or is no folder, is no error', () => {
    const file = join(store, 'file');
    writeFileSync(file, 'precious');
    evict(join(store, 'gone'), {limit: 1, added: 2});
    evict(join(file, 'store'), {limit: 1, added: 2});
    expect(existsSync(join(store, 'gone'))).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  it('is counted by kind for people', () => {
    addTen();
    add('blobs/ff/cc', 1);
    expect(storeContent(store)).toEqual({blobs: 6, results: 5, bytes: 1100});
    expect(storeContent(join(store, 'gone'))).toEqual({blobs: 0, results: 0, bytes: 0});
  });
});
