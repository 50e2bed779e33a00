import {mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {DirectoryWatches} from './directory-watches.ts';

let top: string;
let watches: DirectoryWatches;
let names: string[];
let directories: string[];
let growing: string;
let wake: () => void;

beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'llama-watches-')));
  mkdirSync(join(top, 'src/deep'), {recursive: true});
  writeFileSync(join(top, 'src/deep/a.h'), '');
  names = [];
  directories = [];
  growing = 'nowhere';
  wake = () => {};
  watches = new DirectoryWatches({
    onName: path => {
      names.push(path);
      wake();
    },
    onDirectory: directory => {
      directories.push(directory);
      wake();
    },
    isGrowth: path => path.startsWith(join(top, growing)),
  });
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

describe('watched directories', () => {
  it('tell of files that are written, and of those that come by a rename', async () => {
    watches.set([join(top, 'src/deep')]);
    writeFileSync(join(top, 'src/deep/a.h'), 'more');
    await until(() => names.includes(join(top, 'src/deep/a.h')));
    writeFileSync(join(top, 'src/deep/new'), '');
    renameSync(join(top, 'src/deep/new'), join(top, 'src/deep/b.h'));
    await until(() => names.includes(join(top, 'src/deep/b.h')));
  });

  it('are one for each directory and one for each above it, and say which are new', () => {
    const deep = join(top, 'src/deep');
    const above: string[] = [];
    for (let at = deep; at !== '/'; at = dirname(at)) above.push(at);
    expect(watches.set([deep]).sort()).toEqual(above.sort());
    expect(watches.size).toBe(above.length);
    expect(watches.set([deep, join(top, 'src')])).toEqual([]);
    expect(watches.set([join(top, 'src')])).toEqual([]);
    expect(watches.size).toBe(above.length - 1);
    watches.set([]);
    expect(watches.size).toBe(0);
  });

  it('that are removed and made again are told of both times, and watched again', async () => {
    const deep = join(top, 'src/deep');
    watches.set([deep]);
    rmSync(deep, {recursive: true});
    await until(() => directories.includes(deep));
    directories = [];
    mkdirSync(deep);
    await until(() => directories.includes(deep));
    writeFileSync(join(deep, 'c.h'), '');
    await until(() => names.includes(join(deep, 'c.h')));
  });

  it('are watched anew where another one takes the place of a directory above', async () => {
    const deep = join(top, 'src/deep');
    watches.set([deep]);
    mkdirSync(join(top, 'other/deep'), {recursive: true});
    renameSync(join(top, 'src'), join(top, 'old'));
    renameSync(join(top, 'other'), join(top, 'src'));
    await until(() => directories.includes(deep));
    writeFileSync(join(deep, 'd.h'), '');
    await until(() => names.includes(join(deep, 'd.h')));
  });

  it('come back with all that lies below them', async () => {
    const deep = join(top, 'src/deep');
    watches.set([deep]);
    rmSync(join(top, 'src'), {recursive: true});
    await until(() => directories.includes(deep) && directories.includes(join(top, 'src')));
    directories = [];
    mkdirSync(deep, {recursive: true});
    await until(() => directories.includes(deep));
    writeFileSync(join(deep, 'f.h'), '');
    await until(() => names.includes(join(deep, 'f.h')));
  });

  it('that came back unseen are watched with the next call', () => {
    const late = join(top, 'late');
    watches.set([late]);
    mkdirSync(late);
    writeFileSync(join(late, 'e.h'), '');
    expect(watches.set([late])).toEqual([late]);
    expect(names).toContain(join(late, 'e.h'));
  });

  it('may be missing at first', async () => {
    const late = join(top, 'late');
    watches.set([late]);
    expect(watches.set([late])).toEqual([]);
    mkdirSync(late);
    await until(() => directories.includes(late));
    writeFileSync(join(late, 'e.h'), '');
    await until(() => names.includes(join(late, 'e.h')));
  });

  it('that come back tell of all that came with them', async () => {
    const deep = join(top, 'src/deep');
    watches.set([deep]);
    renameSync(deep, join(top, 'aside'));
    await until(() => directories.includes(deep));
    renameSync(join(top, 'aside'), deep);
    await until(() => names.includes(join(deep, 'a.h')));
  });

  it('grow where they may: what comes into being below them is watched, and what came with it told', async () => {
    growing = 'src/';
    watches.set([join(top, 'src')]);
    const size = watches.size;
    mkdirSync(join(top, 'moved/below'), {recursive: true});
    writeFileSync(join(top, 'moved/below/old.h'), '');
    renameSync(join(top, 'moved'), join(top, 'src/new'));
    await until(() => names.includes(join(top, 'src/new/below/old.h')));
    expect(watches.size).toBe(size + 2);
    writeFileSync(join(top, 'src/new/below/later.h'), '');
    await until(() => names.includes(join(top, 'src/new/below/later.h')));
    expect(watches.set([join(top, 'src')])).toEqual([]);
    expect(watches.size).toBe(size + 2);
    rmSync(join(top, 'src/new'), {recursive: true});
    await until(() => directories.includes(join(top, 'src/new')));
    expect(watches.size).toBe(size);
  });

  it('grow nowhere else, nor through links', async () => {
    growing = 'src/';
    watches.set([top, join(top, 'src')]);
    const size = watches.size;
    mkdirSync(join(top, 'other'));
    symlinkSync(join(top, 'other'), join(top, 'src/link'));
    await until(() => names.includes(join(top, 'src/link')) && names.includes(join(top, 'other')));
    expect(watches.size).toBe(size);
  });

  it('that grew are given up with those that they lie in', async () => {
    growing = 'src/';
    watches.set([join(top, 'src')]);
    mkdirSync(join(top, 'src/new/below'), {recursive: true});
    await until(() => names.includes(join(top, 'src/new/below')));
    watches.set([]);
    expect(watches.size).toBe(0);
  });

  it('keep the bytes of names that are not UTF-8', async () => {
    watches.set([join(top, 'src')]);
    writeFileSync(Buffer.from(`${top}/src/\xff.h`, 'latin1'), '');
    await until(() => names.some(name => name.endsWith('/src/\udcff.h')));
  });
});
