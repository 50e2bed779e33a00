import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type Digest, digestOf} from '../../protocol/digest.ts';
import type {CachedResult} from '../cloud.ts';
import {noCounts} from '../counts.ts';
import {DiskResults} from './disk-results.ts';

const KEY = digestOf('some first key');

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'llama-results-'));
});

afterEach(() => rmSync(directory, {recursive: true, force: true}));

function open(at = directory): DiskResults {
  return new DiskResults(at, noCounts());
}

function fileOf(key: Digest): string {
  return join(directory, 'results', key.slice(0, 2), key.slice(2));
}

/** A result that rests on one header's state. */
function result(header: string, object = header): CachedResult {
  const bytes = {
    digest: digestOf(object),
    size: object.length,
    inline: Buffer.from(object),
  };
  const nothing = {digest: digestOf(''), size: 0, inline: Buffer.alloc(0)};
  return {
    inputs: {
      read: [['/src', 'a.h']],
      content: digestOf(header),
      found: [],
      absent: [],
      listed: [],
      places: [],
      twins: [],
    },
    outputs: [{...bytes, path: 'a.o', executable: false}],
    stdout: nothing,
    stderr: nothing,
  };
}

describe('results on disk', () => {
  it('are given back, the latest first, to other clients too', async () => {
    const results = open();
    expect(await results.lookup(KEY)).toEqual([]);
    await results.add(KEY, result('1'));
    await results.add(KEY, result('2'));
    expect(await open().lookup(KEY)).toEqual([result('2'), result('1')]);
    expect(await open().lookup(digestOf('another key'))).toEqual([]);
    expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
  });

  it('of the same inputs replace each other', async () => {
    const results = open();
    await results.add(KEY, result('1', 'old'));
    await results.add(KEY, result('2'));
    await results.add(KEY, result('1', 'new'));
    expect(await results.lookup(KEY)).toEqual([result('1', 'new'), result('2')]);
  });

  it('are bounded for one key', async () => {
    const results = open();
    for (let i = 0; i < 20; i++) await results.add(KEY, result(String(i)));
    const kept = await results.lookup(KEY);
    expect(kept).toHaveLength(8);
    expect(kept[0]).toEqual(result('19'));
    expect(kept[7]).toEqual(result('12'));
  });

  const faults: readonly (readonly [what: string, spoil: (text: string) => string])[] = [
    ['of which one letter changed', text => text.replace('"a.o"', '"b.o"')],
    ['of which one digit changed', text => text.replace(/("size":)1/, '$12')],
    ['that was cut short', text => text.slice(0, -10)],
    ['that is empty', () => ''],
    ['that is zeros', text => '\0'.repeat(text.length)],
    ['of another form', () => sealed({format: 99, results: [result('1')]})],
    ['that is null', () => sealed(null)],
  ];

  it.each(faults)('in a file %s are a miss, and are replaced', async (_what, spoil) => {
    const results = open();
    await results.add(KEY, result('1'));
    const text = readFileSync(fileOf(KEY), 'utf8');
    const spoilt = spoil(text);
    expect(spoilt).not.toBe(text);
    writeFileSync(fileOf(KEY), spoilt);
    expect(await results.lookup(KEY)).toEqual([]);
    await results.add(KEY, result('2'));
    expect(await results.lookup(KEY)).toEqual([result('2')]);
  });

  function sealed(value: unknown): string {
    const json = JSON.stringify(value);
    return `${digestOf(json)}\n${json}`;
  }

  it('that cannot be kept are no error, and leave nothing behind', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, 'precious');
    const results = open(join(file, 'store'));
    await results.add(KEY, result('1'));
    expect(await results.lookup(KEY)).toEqual([]);
    expect(readFileSync(file, 'utf8')).toBe('precious');
    mkdirSync(join(fileOf(KEY), 'taken'), {recursive: true});
    await open().add(KEY, result('1'));
    expect(await open().lookup(KEY)).toEqual([]);
    expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
    expect(existsSync(dirname(fileOf(KEY)))).toBe(true);
  });

  it('count as used when they are looked up', async () => {
    await open().add(KEY, result('1'));
    const old = Date.now() / 1000 - 7200;
    utimesSync(fileOf(KEY), old, old);
    await open().lookup(KEY);
    expect(statSync(fileOf(KEY)).mtimeMs).toBeGreaterThan((old + 3600) * 1000);
  });

  it('are counted as requests and bytes', async () => {
    const counts = noCounts();
    const results = new DiskResults(directory, counts);
    await results.add(KEY, result('1'));
    await results.lookup(KEY);
    const {size} = statSync(fileOf(KEY));
    expect(counts).toMatchObject({put: 1, get: 1, bytesUp: size, bytesDown: size});
  });
});
