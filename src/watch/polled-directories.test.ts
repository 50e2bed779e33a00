import {mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {PolledDirectories} from './polled-directories.ts';

let top: string;
let watches: PolledDirectories;
let names: string[];
let looks: number;
let wake: () => void;

beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'llama-polled-')));
  mkdirSync(join(top, 'src/deep'), {recursive: true});
  writeFileSync(join(top, 'src/deep/a.h'), '');
  names = [];
  looks = 0;
  wake = () => {};
  const listener = {
    onName: (path: string) => {
      names.push(path);
      wake();
    },
    onDirectory: () => {
      looks++;
      wake();
    },
    isGrowth: (path: string) => path.startsWith(join(top, 'src/new')),
    matters: (path: string) => path.endsWith('.h') || path.endsWith('/late'),
  };
  watches = new PolledDirectories(listener, 20);
});

afterEach(() => {
  watches.close();
  rmSync(top, {recursive: true, force: true});
});

/** Events come when the system likes; a test that waits in vain is ended by its time limit. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>(resolve => {
      wake = resolve;
    });
  }
}

/** Sets it, and waits for the first look. */
async function set(directories: readonly string[], files: readonly string[] = []): Promise<void> {
  const before = looks;
  watches.set(
    directories.map(name => join(top, name)),
    files.map(name => join(top, name)),
  );
  await until(() => looks > before);
}

/** Writes a file so that the time of its directory is another one: whoever polls sees no more of it than that. */
function write(name: string): void {
  const path = join(top, name);
  const directory = dirname(path);
  const before = statSync(directory).mtimeMs;
  do {
    rmSync(path, {force: true});
    writeFileSync(path, 'text');
  } while (statSync(directory).mtimeMs === before);
}

const told = (name: string) => until(() => names.includes(join(top, name)));

describe('polled directories', () => {
  it('tell of files that are written, that come by a rename, and that go', async () => {
    await set(['src/deep']);
    writeFileSync(join(top, 'src/deep/a.h'), 'more');
    await told('src/deep/a.h');
    write('src/deep/new');
    renameSync(join(top, 'src/deep/new'), join(top, 'src/deep/b.h'));
    await told('src/deep/b.h');
    names = [];
    rmSync(join(top, 'src/deep/a.h'));
    await told('src/deep/a.h');
    expect(names).not.toContain(join(top, 'src/deep/new'));
  });

  it('begin anew for a file that did not matter, and not for what is covered', async () => {
    writeFileSync(join(top, 'src/deep/other'), '');
    await set(['src/deep'], ['src/deep/a.h']);
    expect(watches.set([join(top, 'src/deep')], [])).toEqual([]);
    expect(looks).toBe(1);
    await set(['src/deep'], ['src/deep/a.h', 'src/deep/late']);
    writeFileSync(join(top, 'src/deep/late'), 'more');
    await told('src/deep/late');
    expect(names).not.toContain(join(top, 'src/deep/other'));
  });

  it('find a directory again that went away, and one that was not there', async () => {
    await set(['src/deep', 'src/later']);
    rmSync(join(top, 'src/deep'), {recursive: true});
    await until(() => looks === 2);
    mkdirSync(join(top, 'src/deep'));
    await until(() => looks === 3);
    write('src/deep/c.h');
    await told('src/deep/c.h');
    mkdirSync(join(top, 'src/later'));
    await until(() => looks === 4);
    write('src/later/d.h');
    await told('src/later/d.h');
  });

  it('grow by directories in which files may matter', async () => {
    await set(['src']);
    mkdirSync(join(top, 'src/new/below'), {recursive: true});
    writeFileSync(join(top, 'src/new/below/e.h'), '');
    await told('src/new/below/e.h');
    await until(() => looks === 2);
    write('src/new/f.h');
    await told('src/new/f.h');
  });

  it('grow by two that come at once', async () => {
    await set(['src']);
    mkdirSync(join(top, 'src/new'));
    mkdirSync(join(top, 'src/new2'));
    for (const name of ['src/new/g.h', 'src/new2/h.h']) {
      writeFileSync(join(top, name), '');
      await told(name);
    }
  });

  it('tell of names that came while they began anew', async () => {
    await set(['src/deep']);
    mkdirSync(join(top, 'src/other'));
    const before = looks;
    watches.set([join(top, 'src/deep'), join(top, 'src/other')], []);
    for (const name of ['src/deep/i.h', 'src/other/j.h']) writeFileSync(join(top, name), '');
    await until(() => looks > before);
    expect(names).toEqual(
      expect.arrayContaining(['src/deep/i.h', 'src/other/j.h'].map(name => join(top, name))),
    );
  });
});
