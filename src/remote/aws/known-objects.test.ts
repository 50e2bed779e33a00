import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {KnownObjects} from './known-objects.ts';

const DAY = 86_400_000;
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-known-'));
  file = join(folder, 'bucket', 'known.json');
  vi.useFakeTimers({toFake: ['Date']});
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, {recursive: true});
});

describe('what a bucket has', () => {
  it('is known to the next build, for a time', () => {
    const known = new KnownObjects(file);
    known.note('made', 'made');
    known.note('met', 'met');
    known.save();
    expect(new KnownObjects(file).has('made')).toBe(true);
    expect(new KnownObjects(file).has('other')).toBe(false);
    vi.setSystemTime(Date.now() + 2 * DAY);
    // What was there before us may go before what we made.
    expect(new KnownObjects(file).has('met')).toBe(false);
    expect(new KnownObjects(file).has('made')).toBe(true);
    vi.setSystemTime(Date.now() + 4 * DAY);
    expect(new KnownObjects(file).has('made')).toBe(false);
  });

  it('is forgotten when a worker misses it', () => {
    const known = new KnownObjects(file);
    known.note('a', 'made');
    known.save();
    const next = new KnownObjects(file);
    next.forget('a');
    next.save();
    expect(new KnownObjects(file).has('a')).toBe(false);
  });

  it.each(['', '{', '{}', '[1, ["a"], ["b", "c"]]'])('is nothing where its file holds %s', text => {
    new KnownObjects(file).save();
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, text);
    expect(new KnownObjects(broken).has('a')).toBe(false);
  });

  it('leaves no other file behind, and none where nothing was learnt', () => {
    const known = new KnownObjects(file);
    known.save();
    expect(readdirSync(folder)).toEqual([]);
    known.note('a', 'met');
    known.save();
    expect(readdirSync(join(folder, 'bucket'))).toEqual(['known.json']);
  });
});
