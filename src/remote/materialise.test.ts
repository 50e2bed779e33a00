import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {Materialiser} from './materialise.ts';

let root: string;
let umask: number;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'llama-outputs-'));
  umask = process.umask(0o022);
});

afterEach(() => {
  process.umask(umask);
  rmSync(root, {recursive: true, force: true});
});

const BYTES = Buffer.from('an object');

function at(...parts: string[]): string {
  return join(root, ...parts);
}

describe('an output', () => {
  it.each([
    [0o022, false, 0o644],
    [0o022, true, 0o755],
    [0o027, false, 0o640],
    [0o077, true, 0o700],
    [0o002, false, 0o664],
  ])('under umask %o has the mode of a compiler’s own', (mask, isExecutable, mode) => {
    process.umask(mask);
    new Materialiser(at('tmp')).write(at('a.o'), BYTES, isExecutable);
    expect(statSync(at('a.o')).mode & 0o7777).toBe(mode);
  });

  it('gets its directories, and no temporary file stays', () => {
    new Materialiser(at('tmp')).write(at('deep', 'er', 'a.o'), BYTES, false);
    expect(readFileSync(at('deep', 'er', 'a.o'))).toEqual(BYTES);
    expect(readdirSync(at('tmp'))).toEqual([]);
  });

  it('replaces an older one whole, and no file that is linked to it', () => {
    writeFileSync(at('a.o'), 'an older and longer object', {mode: 0o600});
    linkSync(at('a.o'), at('linked'));
    new Materialiser(at('tmp')).write(at('a.o'), BYTES, false);
    expect(readFileSync(at('a.o'))).toEqual(BYTES);
    expect(statSync(at('a.o')).mode & 0o777).toBe(0o644);
    expect(readFileSync(at('linked'), 'utf8')).toBe('an older and longer object');
  });

  it('may be empty', () => {
    new Materialiser(at('tmp')).write(at('a.o'), new Uint8Array(), false);
    expect(readFileSync(at('a.o'))).toHaveLength(0);
  });

  it('comes even if the directories that were there are gone', () => {
    const materialiser = new Materialiser(at('tmp'));
    materialiser.write(at('out', 'a.o'), BYTES, false);
    rmSync(at('out'), {recursive: true});
    rmSync(at('tmp'), {recursive: true});
    materialiser.write(at('out', 'b.o'), BYTES, false);
    expect(readdirSync(at('out'))).toEqual(['b.o']);
  });

  it('that cannot be put in place is an error that names it, and leaves nothing', () => {
    mkdirSync(at('a.o', 'full'), {recursive: true});
    expect(() => new Materialiser(at('tmp')).write(at('a.o'), BYTES, false)).toThrow(/a\.o/);
    expect(readdirSync(at('tmp'))).toEqual([]);
    writeFileSync(at('file'), '');
    expect(() => new Materialiser(at('tmp')).write(at('file', 'a.o'), BYTES, false)).toThrow(at('file'));
  });

  it.skipIf(!isOtherFileSystem('/dev/shm'))(
    'on another file system (/dev/shm) is written beside its place',
    () => {
      const other = mkdtempSync('/dev/shm/llama-outputs-');
      try {
        process.umask(0o027);
        new Materialiser(at('tmp')).write(join(other, 'sub', 'a.o'), BYTES, true);
        expect(readFileSync(join(other, 'sub', 'a.o'))).toEqual(BYTES);
        expect(statSync(join(other, 'sub', 'a.o')).mode & 0o7777).toBe(0o750);
        expect(readdirSync(join(other, 'sub'))).toEqual(['a.o']);
        expect(readdirSync(at('tmp'))).toEqual([]);
        mkdirSync(join(other, 'taken', 'full'), {recursive: true});
        expect(() => new Materialiser(at('tmp')).write(join(other, 'taken'), BYTES, false)).toThrow();
        expect(readdirSync(other).sort()).toEqual(['sub', 'taken']);
      } finally {
        rmSync(other, {recursive: true});
      }
    },
  );
});

it('makes a directory for an output that somebody else writes', () => {
  new Materialiser(at('tmp')).ensureDirOf(at('x', 'y', 'a.o'));
  expect(statSync(at('x', 'y')).isDirectory()).toBe(true);
  expect(existsSync(at('tmp'))).toBe(false);
});

function isOtherFileSystem(path: string): boolean {
  return existsSync(path) && statSync(path).dev !== statSync(tmpdir()).dev && statfsSync(path).bfree > 0;
}
