import {spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {FileState} from '../graph/file-state.ts';
import {digestOf} from '../protocol/digest.ts';
import {plant} from '../test/scan-rig.ts';
import {IdSet} from './id-set.ts';
import {InputFiles} from './input-files.ts';
import {InputFinder, treeOf} from './input-finder.ts';

/** One process' worth of looks at inputs. */
class Rig {
  readonly files = new FileState();
  readonly #inputs = new InputFiles();
  readonly #finder = new InputFinder(this.files, this.#inputs);

  find(paths: readonly string[], directories: readonly string[] = [], stamp = 0n) {
    const ids = new IdSet();
    for (const path of paths) ids.add(this.#inputs.get(path).id);
    return this.#finder.find({files: ids, directories, stamp});
  }

  build(paths: readonly string[], directories: readonly string[] = []) {
    const found = this.find(paths, directories);
    return found.ok ? {ok: true as const, value: treeOf(found.value.files, found.value)} : found;
  }
}

function pictureOf(root: string, paths: readonly string[], directories: readonly string[] = []) {
  const below = (path: string) => `${root}/${path}`;
  const built = new Rig().build(paths.map(below), directories.map(below));
  return built.ok
    ? picture(root, built.value)
    : {...built.error, path: built.error.path.slice(root.length + 1)};
}

/** Without digests and times: directory -> names; link -> target. */
function picture(
  root: string,
  tree: {
    directories: readonly {path: string; files: readonly unknown[]}[];
    links: readonly (readonly [string, string])[];
  },
) {
  const relative = (path: string) => (path === root ? '.' : path.slice(root.length + 1));
  return {
    directories: Object.fromEntries(
      tree.directories.map(({path, files}) => [
        relative(path),
        files.map(file => (file as string[])[0]).sort(),
      ]),
    ),
    links: Object.fromEntries(tree.links.map(([path, target]) => [relative(path), target])),
  };
}

describe('InputFinder', () => {
  it('groups files by directory and keeps empty directories', () => {
    const root = plant({'a/x.h': '', 'a/y.h': '', 'b/c/z.h': '', 'empty/': ''});
    expect(pictureOf(root, ['a/x.h', 'b/c/z.h', 'a/y.h'], ['empty', 'a', 'none', 'a/x.h'])).toEqual({
      directories: {a: ['x.h', 'y.h'], 'b/c': ['z.h'], empty: []},
      links: {},
    });
  });

  it('carries digest, time in whole seconds and the executable bit', () => {
    const root = plant({plain: 'one', tool: 'two', early: ''});
    chmodSync(join(root, 'tool'), 0o755);
    utimesSync(join(root, 'plain'), 1234.75, 1234.75);
    utimesSync(join(root, 'tool'), 99, 99);
    utimesSync(join(root, 'early'), new Date(-1500), new Date(-1500));
    const tree = new Rig().build(['plain', 'tool', 'early'].map(name => join(root, name)));
    expect(tree).toEqual({
      ok: true,
      value: {
        directories: [
          {
            path: root,
            files: [
              ['plain', digestOf('one'), 1234, 0],
              ['tool', digestOf('two'), 99, 1],
              ['early', digestOf(''), -2, 0],
            ],
          },
        ],
        links: [],
      },
    });
  });

  it('lists each file once, however it is reached', () => {
    const root = plant({'a/x.h': '', 'b/': '', link: '-> a', 'a/twin.h': '-> x.h'});
    expect(pictureOf(root, ['a/x.h', 'a/./x.h', 'a//x.h', 'b/../a/x.h', 'link/x.h', 'a/twin.h'])).toEqual({
      directories: {a: ['x.h'], b: []},
      links: {link: 'a', 'a/twin.h': 'x.h'},
    });
  });

  it('goes up from where a symlink leads, not from where it lies', () => {
    const root = plant({'deep/er/d/': '', 'deep/er/x.h': 'right', 'x.h': 'wrong', link: '-> deep/er/d'});
    expect(pictureOf(root, ['link/../x.h'])).toEqual({
      directories: {'deep/er/d': [], 'deep/er': ['x.h']},
      links: {link: 'deep/er/d'},
    });
  });

  it('follows chains of links, relative, absolute and through others', () => {
    const root = plant({'real/x.h': '', one: '-> two/../two', two: '-> real', 'sub/up': '-> ../one'});
    symlinkSync(join(root, 'sub/up'), join(root, 'absolute'));
    expect(pictureOf(root, ['absolute/x.h'])).toEqual({
      directories: {real: ['x.h'], sub: []},
      links: {absolute: join(root, 'sub/up'), 'sub/up': '../one', one: 'two/../two', two: 'real'},
    });
  });

  it('names the path that leads nowhere, round in circles, or to no file', () => {
    const root = plant({'a/': '', loop: '-> pool', pool: '-> loop', dangling: '-> none', file: ''});
    expect(pictureOf(root, ['a/none.h'])).toEqual({reason: 'input-vanished', path: 'a/none.h'});
    expect(pictureOf(root, ['loop/x.h'])).toEqual({reason: 'symlink-loop', path: 'loop/x.h'});
    expect(pictureOf(root, ['dangling'])).toEqual({reason: 'input-vanished', path: 'dangling'});
    expect(pictureOf(root, ['file/x.h'])).toEqual({reason: 'input-vanished', path: 'file/x.h'});
    expect(pictureOf(root, ['a'])).toEqual({reason: 'input-not-a-file', path: 'a'});
  });

  it('gives the same answer again within an epoch, and a new one after it', () => {
    const root = plant({'a/x.h': 'one', link: '-> a', 'b/x.h': 'two'});
    const rig = new Rig();
    const look = () => rig.build([join(root, 'link/x.h')], [root]);
    const first = look();
    rmSync(join(root, 'link'));
    symlinkSync('b', join(root, 'link'));
    expect(look()).toEqual(first);
    rig.files.newEpoch();
    const second = look();
    expect(second.ok && picture(root, second.value)).toEqual({
      directories: {'.': [], b: ['x.h']},
      links: {link: 'b'},
    });
    rmSync(join(root, 'link'));
    mkdirSync(join(root, 'link'));
    writeFileSync(join(root, 'link/x.h'), 'three');
    rig.files.newEpoch();
    const third = look();
    expect(third.ok && third.value.directories.at(-1)?.files[0]?.[1]).toBe(digestOf('three'));
  });

  it('keeps what stands for a file until that has changed, and tells the young ones', () => {
    const root = plant({'x.h': 'one', 'y.h': 'two'});
    const paths = ['x.h', 'y.h'].map(name => join(root, name));
    utimesSync(paths[0]!, 1000, 1000);
    utimesSync(paths[1]!, 2000, 2000);
    const rig = new Rig();
    const look = (stamp: bigint) => {
      rig.files.newEpoch();
      const found = rig.find(paths, [], stamp);
      return found.ok ? found.value : {files: [], young: []};
    };
    const {files, young} = look(2_000_000_000_000n);
    const [x, y] = files;
    expect(young).toEqual([y]);
    writeFileSync(paths[1]!, 'three');
    utimesSync(paths[1]!, 2000, 2000);
    const again = look(2_000_000_000_000n).files;
    expect(again[0]).toBe(x);
    expect(again[1]?.file[1]).toBe(digestOf('three'));
    expect(y?.file[1]).toBe(digestOf('two'));
  });

  it('answers after every change as one that has not looked before', () => {
    const names = ['a/x.h', 'a/y.h', 'b/x.h', 'link/x.h', 'a/../b/x.h'];
    const change = fc.constantFrom(
      'echo new > a/x.h',
      'touch -d @1000 a/x.h',
      'touch -d @2000.5 b/x.h',
      'chmod 755 a/y.h',
      'chmod 644 a/y.h',
      'rm -f link; ln -s a link',
      'rm -f link; ln -s b link',
      'rm a/y.h; ln -s x.h a/y.h',
      'rm a/y.h; echo y > a/y.h',
      'mv a c; ln -s c a',
      'rm -f b/x.h',
      'echo x > b/x.h',
      'true',
    );
    fc.assert(
      fc.property(fc.array(change, {minLength: 1, maxLength: 5}), changes => {
        const root = plant({'a/x.h': 'one', 'a/y.h': 'y', 'b/x.h': 'two', link: '-> a'});
        const rig = new Rig();
        const below = names.map(name => `${root}/${name}`);
        rig.build(below, [root]);
        for (const command of changes) {
          spawnSync('sh', ['-c', command], {cwd: root});
          rig.files.newEpoch();
          expect(rig.build(below, [root])).toEqual(new Rig().build(below, [root]));
        }
      }),
      {numRuns: 60},
    );
  });
});
