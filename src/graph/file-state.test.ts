import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {digestOf} from '../protocol/digest.ts';
import {plant} from '../test/scan-rig.ts';
import {FileState} from './file-state.ts';

/** A file that nobody has changed for long. */
const OLD = process.execPath.replace(/\/bin\/node$/, '/include/node/node.h');
const SETTLED = ['/usr/include/stdio.h', OLD, '/etc/passwd'].find(path => new FileState().digest(path)) ?? '';

function counting() {
  const calls: number[] = [];
  const noteOf = (bytes: Buffer) => {
    calls.push(bytes.length);
    return `${bytes.length}`;
  };
  return {calls, noteOf};
}

describe('FileState', () => {
  it('looks at names that are not UTF-8, and reads none of their files', () => {
    const root = plant({'a.h': ''});
    writeFileSync(Buffer.from(`${root}/h\xe9.h`, 'latin1'), 'text');
    const files = new FileState();
    expect(files.names(root)).toEqual(new Set(['a.h', 'h\udce9.h']));
    expect(files.stat(join(root, 'h\udce9.h'))).toMatchObject({kind: 'file', size: 4});
    expect(files.lstat(join(root, 'h\udce9.h'))).toMatchObject({kind: 'file', size: 4});
    expect(files.stat(join(root, 'h\ufffd.h'))).toBeUndefined();
    expect(files.digest(join(root, 'h\udce9.h'))).toBeUndefined();
  });

  it('gives one answer per epoch, whatever happens on disk', () => {
    const root = plant({file: 'one'});
    const files = new FileState();
    const path = join(root, 'file');
    const before = {
      digest: files.digest(path),
      names: files.names(root),
      none: files.stat(join(root, 'new')),
    };
    writeFileSync(path, 'two!');
    writeFileSync(join(root, 'new'), '');
    expect({
      digest: files.digest(path),
      names: files.names(root),
      none: files.stat(join(root, 'new')),
    }).toEqual(before);
    files.newEpoch();
    expect(files.digest(path)).toBe(digestOf('two!'));
    expect(files.names(root)).toEqual(new Set(['file', 'new']));
    expect(files.stat(join(root, 'new'))?.kind).toBe('file');
  });

  it('sees a change that kept size and mtime', () => {
    const root = plant({file: 'one'});
    const files = new FileState();
    const path = join(root, 'file');
    const then = new Date(1_000_000);
    utimesSync(path, then, then);
    expect(files.digest(path)).toBe(digestOf('one'));
    writeFileSync(path, 'two');
    utimesSync(path, then, then);
    files.newEpoch();
    expect(files.digest(path)).toBe(digestOf('two'));
  });

  it('reads a settled file once in all epochs, and hands out the same object', () => {
    const files = new FileState();
    const {calls, noteOf} = counting();
    const first = files.content(SETTLED, noteOf);
    files.newEpoch();
    expect(files.content(SETTLED, noteOf)).toBe(first);
    expect(files.digest(SETTLED)).toBe(digestOf(readFileSync(SETTLED)));
    expect(calls).toHaveLength(1);
  });

  it('reads a file that was young when it was read again in the next epoch', () => {
    const root = plant({file: 'one'});
    const files = new FileState();
    const {calls, noteOf} = counting();
    files.content(join(root, 'file'), noteOf);
    files.newEpoch();
    files.content(join(root, 'file'), noteOf);
    expect(calls).toEqual([3, 3]);
  });

  it('makes a note of a file whose digest it knew', () => {
    const root = plant({file: 'one'});
    const files = new FileState();
    files.digest(join(root, 'file'));
    expect(files.content(join(root, 'file'), () => 'noted')?.note).toBe('noted');
  });

  it('takes another note on the bytes that it is about, and on no others', () => {
    const root = plant({file: 'one'});
    const path = join(root, 'file');
    const files = new FileState();
    const one = files.content(path, () => 'noted')!;
    files.annotate(path, one, 'noted again');
    expect(files.content(path)).toBe(one);
    expect(one.note).toBe('noted again');
    writeFileSync(path, 'another');
    files.newEpoch();
    files.digest(path);
    files.annotate(path, one, 'of old');
    expect(files.content(path, () => 'new')?.note).toBe('new');
  });

  it('tells files from what is none', () => {
    const root = plant({'directory/file': '', link: '-> directory', dangling: '-> nowhere', loop: '-> loop'});
    execFileSync('mkfifo', [join(root, 'fifo')]);
    const files = new FileState();
    const at = (name: string) => join(root, name);
    expect(files.content(at('directory'))).toBeUndefined();
    expect(files.stat(at('link'))?.kind).toBe('directory');
    expect(files.lstat(at('link'))?.kind).toBe('link');
    expect(files.linkTarget(at('link'))).toBe('directory');
    expect(files.linkTarget(at('directory'))).toBeUndefined();
    expect(files.physical(at('link/../link/file'))).toBe(at('directory/file'));
    expect(files.stat(at('dangling'))).toBeUndefined();
    expect(files.stat(at('loop'))).toBeUndefined();
    expect(files.stat(at('directory/file/x'))).toBeUndefined();
    expect(files.content(at('fifo'))).toBeUndefined();
    expect(files.stat(at('fifo'))?.kind).toBe('other');
    expect(files.names(at('directory/file'))).toBeUndefined();
    expect(files.names(at('link'))).toEqual(new Set(['file']));
  });

  it('notices a directory that comes, goes and becomes a file', () => {
    const root = plant({});
    const files = new FileState();
    const path = join(root, 'd');
    const seen = [];
    for (const change of [
      () => {},
      () => mkdirSync(path),
      () => rmSync(path, {recursive: true}),
      () => writeFileSync(path, ''),
    ]) {
      change();
      files.newEpoch();
      seen.push([files.stat(path)?.kind, files.names(path)]);
    }
    expect(seen).toEqual([
      [undefined, undefined],
      ['directory', new Set()],
      [undefined, undefined],
      ['file', undefined],
    ]);
  });

  it('keeps a listing as it is while the names are the same', () => {
    const root = plant({a: '', b: ''});
    const files = new FileState();
    const before = files.names(root);
    rmSync(join(root, 'a'));
    symlinkSync('b', join(root, 'a'));
    files.newEpoch();
    expect(files.names(root)).toBe(before);
  });

  it('hashes what is too large to be held', () => {
    const root = plant({file: 'x'});
    const path = join(root, 'file');
    truncateSync(path, 9 << 20);
    expect(new FileState().digest(path)).toBe(digestOf(readFileSync(path)));
    expect(new FileState().content(path, bytes => `${bytes.length}`)?.note).toBe(`${9 << 20}`);
  });

  describe('with a memory', () => {
    it('does not read again what an earlier process read', () => {
      const memory = join(plant({}), 'below/memory');
      const first = new FileState();
      const content = first.content(SETTLED, () => 'noted');
      first.save(memory, 'v1');
      const second = new FileState();
      const {calls, noteOf} = counting();
      second.load(memory, 'v1');
      expect(second.content(SETTLED, noteOf)).toMatchObject({digest: content?.digest, note: 'noted'});
      expect(calls).toEqual([]);
    });

    it('forgets what was changed since, and never saves what is young', () => {
      const root = plant({young: 'young'});
      // However long it takes to look.
      const soon = new Date(Date.now() + 3_600_000);
      utimesSync(join(root, 'young'), soon, soon);
      const memory = join(root, 'memory');
      const first = new FileState();
      first.digest(join(root, 'young'));
      first.digest(SETTLED);
      first.save(memory, 'v1');
      expect(readFileSync(memory, 'utf8')).not.toContain('young');
      const saved = readFileSync(memory, 'utf8');
      writeFileSync(memory, saved.replace(SETTLED, join(root, 'young')));
      const second = new FileState();
      second.load(memory, 'v1');
      expect(second.digest(join(root, 'young'))).toBe(digestOf('young'));
    });

    it.each([
      ['of another version', (text: string) => text.replace('v1', 'v0')],
      ['that is torn', (text: string) => text.slice(0, -5)],
      ['of some other make', () => '{"schema": 1}'],
    ])('takes a memory %s for none', (_, spoil) => {
      const memory = join(plant({}), 'memory');
      const first = new FileState();
      first.content(SETTLED, () => 'noted');
      first.save(memory, 'v1');
      writeFileSync(memory, spoil(readFileSync(memory, 'utf8')));
      const second = new FileState();
      second.load(memory, 'v1');
      expect(second.content(SETTLED, () => 'anew')?.note).toBe('anew');
    });
  });
});
