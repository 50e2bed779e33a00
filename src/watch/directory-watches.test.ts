import {mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {ToldChanges} from '../test/told-changes.ts';
import {DirectoryWatches} from './directory-watches.ts';

let told: ToldChanges;
let top: string;
let watches: DirectoryWatches;

beforeEach(() => {
  told = new ToldChanges();
  top = told.top;
  watches = new DirectoryWatches(told.listener);
});

afterEach(() => {
  watches.close();
  told.close();
});

describe('watched directories', () => {
  it('tell of files that are written, and of those that come by a rename', async () => {
    watches.set([join(top, 'src/deep')]);
    writeFileSync(join(top, 'src/deep/a.h'), 'more');
    await told.until(() => told.names.includes(join(top, 'src/deep/a.h')));
    writeFileSync(join(top, 'src/deep/new'), '');
    renameSync(join(top, 'src/deep/new'), join(top, 'src/deep/b.h'));
    await told.until(() => told.names.includes(join(top, 'src/deep/b.h')));
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
    await told.until(() => told.directories.includes(deep));
    told.directories = [];
    mkdirSync(deep);
    await told.until(() => told.directories.includes(deep));
    writeFileSync(join(deep, 'c.h'), '');
    await told.until(() => told.names.includes(join(deep, 'c.h')));
  });

  it('are watched anew where another one takes the place of a directory above', async () => {
    const deep = join(top, 'src/deep');
    watches.set([deep]);
    mkdirSync(join(top, 'other/deep'), {recursive: true});
    renameSync(join(top, 'src'), join(top, 'old'));
    renameSync(join(top, 'other'), join(top, 'src'));
    await told.until(() => told.directories.includes(deep));
    writeFileSync(join(deep, 'd.h'), '');
    await told.until(() => told.names.includes(join(deep, 'd.h')));
  });

  it('come back with all that lies below them', async () => {
    const deep = join(top, 'src/deep');
    watches.set([deep]);
    rmSync(join(top, 'src'), {recursive: true});
    await told.until(() => told.directories.includes(deep) && told.directories.includes(join(top, 'src')));
    told.directories = [];
    mkdirSync(deep, {recursive: true});
    await told.until(() => told.directories.includes(deep));
    writeFileSync(join(deep, 'f.h'), '');
    await told.until(() => told.names.includes(join(deep, 'f.h')));
  });

  it('that came back unseen are watched with the next call', () => {
    const late = join(top, 'late');
    watches.set([late]);
    mkdirSync(late);
    writeFileSync(join(late, 'e.h'), '');
    expect(watches.set([late])).toEqual([late]);
    expect(told.names).toContain(join(late, 'e.h'));
  });

  it('may be missing at first', async () => {
    const late = join(top, 'late');
    watches.set([late]);
    expect(watches.set([late])).toEqual([]);
    mkdirSync(late);
    await told.until(() => told.directories.includes(late));
    writeFileSync(join(late, 'e.h'), '');
    await told.until(() => told.names.includes(join(late, 'e.h')));
  });

  it('that come back tell of all that came with them', async () => {
    const deep = join(top, 'src/deep');
    watches.set([deep]);
    renameSync(deep, join(top, 'aside'));
    await told.until(() => told.directories.includes(deep));
    renameSync(join(top, 'aside'), deep);
    await told.until(() => told.names.includes(join(deep, 'a.h')));
  });

  it('grow where they may: what comes into being below them is watched, and what came with it told', async () => {
    told.growing = 'src/';
    watches.set([join(top, 'src')]);
    const size = watches.size;
    mkdirSync(join(top, 'moved/below'), {recursive: true});
    writeFileSync(join(top, 'moved/below/old.h'), '');
    renameSync(join(top, 'moved'), join(top, 'src/new'));
    await told.until(() => told.names.includes(join(top, 'src/new/below/old.h')));
    expect(watches.size).toBe(size + 2);
    writeFileSync(join(top, 'src/new/below/later.h'), '');
    await told.until(() => told.names.includes(join(top, 'src/new/below/later.h')));
    expect(watches.set([join(top, 'src')])).toEqual([]);
    expect(watches.size).toBe(size + 2);
    rmSync(join(top, 'src/new'), {recursive: true});
    await told.until(() => told.directories.includes(join(top, 'src/new')));
    expect(watches.size).toBe(size);
  });

  it('grow nowhere else, nor through links', async () => {
    told.growing = 'src/';
    watches.set([top, join(top, 'src')]);
    const size = watches.size;
    mkdirSync(join(top, 'other'));
    symlinkSync(join(top, 'other'), join(top, 'src/link'));
    await told.until(
      () => told.names.includes(join(top, 'src/link')) && told.names.includes(join(top, 'other')),
    );
    expect(watches.size).toBe(size);
  });

  it('that grew are given up with those that they lie in', async () => {
    told.growing = 'src/';
    watches.set([join(top, 'src')]);
    mkdirSync(join(top, 'src/new/below'), {recursive: true});
    await told.until(() => told.names.includes(join(top, 'src/new/below')));
    watches.set([]);
    expect(watches.size).toBe(0);
  });

  it('keep the bytes of names that are not UTF-8', async () => {
    watches.set([join(top, 'src')]);
    writeFileSync(Buffer.from(`${top}/src/\xff.h`, 'latin1'), '');
    await told.until(() => told.names.some(name => name.endsWith('/src/\udcff.h')));
  });
});
