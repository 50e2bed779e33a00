import {mkdirSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {ToldChanges} from '../test/told-changes.ts';
import {PolledDirectories} from './polled-directories.ts';

/** Each look at everything is told as a directory. */
let changes: ToldChanges;
let top: string;
let watches: PolledDirectories;

beforeEach(() => {
  changes = new ToldChanges();
  changes.growing = 'src/new';
  top = changes.top;
  const matters = (path: string) => path.endsWith('.h') || path.endsWith('/late');
  watches = new PolledDirectories({...changes.listener, matters}, 20);
});

afterEach(() => {
  watches.close();
  changes.close();
});

/** Sets it, and waits for the first look. */
async function set(directories: readonly string[], files: readonly string[] = []): Promise<void> {
  const before = changes.directories.length;
  watches.set(
    directories.map(name => join(top, name)),
    files.map(name => join(top, name)),
  );
  await changes.until(() => changes.directories.length > before);
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

const tells = (name: string) => changes.until(() => changes.names.includes(join(top, name)));

describe('polled directories', () => {
  it('tell of files that are written, that come by a rename, and that go', async () => {
    await set(['src/deep']);
    writeFileSync(join(top, 'src/deep/a.h'), 'more');
    await tells('src/deep/a.h');
    write('src/deep/new');
    renameSync(join(top, 'src/deep/new'), join(top, 'src/deep/b.h'));
    await tells('src/deep/b.h');
    changes.names = [];
    rmSync(join(top, 'src/deep/a.h'));
    await tells('src/deep/a.h');
    expect(changes.names).not.toContain(join(top, 'src/deep/new'));
  });

  it('begin anew for a file that did not matter, and not for what is covered', async () => {
    writeFileSync(join(top, 'src/deep/other'), '');
    await set(['src/deep'], ['src/deep/a.h']);
    expect(watches.set([join(top, 'src/deep')], [])).toEqual([]);
    expect(changes.directories.length).toBe(1);
    await set(['src/deep'], ['src/deep/a.h', 'src/deep/late']);
    writeFileSync(join(top, 'src/deep/late'), 'more');
    await tells('src/deep/late');
    expect(changes.names).not.toContain(join(top, 'src/deep/other'));
  });

  it('find a directory again that went away, and one that was not there', async () => {
    await set(['src/deep', 'src/later']);
    rmSync(join(top, 'src/deep'), {recursive: true});
    await changes.until(() => changes.directories.length === 2);
    mkdirSync(join(top, 'src/deep'));
    await changes.until(() => changes.directories.length === 3);
    write('src/deep/c.h');
    await tells('src/deep/c.h');
    mkdirSync(join(top, 'src/later'));
    await changes.until(() => changes.directories.length === 4);
    write('src/later/d.h');
    await tells('src/later/d.h');
  });

  it('grow by directories in which files may matter', async () => {
    await set(['src']);
    mkdirSync(join(top, 'src/new/below'), {recursive: true});
    writeFileSync(join(top, 'src/new/below/e.h'), '');
    await tells('src/new/below/e.h');
    await changes.until(() => changes.directories.length === 2);
    write('src/new/f.h');
    await tells('src/new/f.h');
  });

  it('grow by two that come at once', async () => {
    await set(['src']);
    mkdirSync(join(top, 'src/new'));
    mkdirSync(join(top, 'src/new2'));
    for (const name of ['src/new/g.h', 'src/new2/h.h']) {
      writeFileSync(join(top, name), '');
      await tells(name);
    }
  });

  it('tell of names that came while they began anew', async () => {
    await set(['src/deep']);
    mkdirSync(join(top, 'src/other'));
    const before = changes.directories.length;
    watches.set([join(top, 'src/deep'), join(top, 'src/other')], []);
    for (const name of ['src/deep/i.h', 'src/other/j.h']) writeFileSync(join(top, name), '');
    await changes.until(() => changes.directories.length > before);
    expect(changes.names).toEqual(
      expect.arrayContaining(['src/deep/i.h', 'src/other/j.h'].map(name => join(top, name))),
    );
  });
});
