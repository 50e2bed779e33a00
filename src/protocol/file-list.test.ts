import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {digestOf} from './digest.ts';
import {encodePositions, type FileList, filesAt, joinTrees} from './file-list.ts';
import type {TreeFile} from './tree.ts';

const file = (name: string, content = name): TreeFile => [name, digestOf(content), 7, 0];

describe('filesAt', () => {
  it('gives the files whose positions are named, and no others', () => {
    const names = fc.uniqueArray(fc.nat(50).map(String), {maxLength: 12});
    fc.assert(
      fc.property(fc.array(names, {maxLength: 4}), fc.infiniteStream(fc.boolean()), (folders, coins) => {
        const list: FileList = {
          directories: folders.map((folder, i) => ({path: `/${i}`, files: folder.map(name => file(name))})),
        };
        const all = list.directories.flatMap(({path, files}) => files.map(([name]) => `${path}/${name}`));
        const bits = new Uint8Array(Math.ceil(all.length / 8) + 1);
        const meant = all.filter((_, i) => {
          const isMeant = coins.next().value === true;
          if (isMeant) bits[i >>> 3]! |= 1 << (i & 7);
          return isMeant;
        });
        const found = filesAt(list, encodePositions(bits));
        expect(found.flatMap(({path, files}) => files.map(([name]) => `${path}/${name}`))).toEqual(meant);
      }),
    );
  });

  it('takes what is beyond the bits as not meant', () => {
    expect(filesAt({directories: [{path: '/', files: [file('a')]}]}, '')).toEqual([]);
  });
});

describe('joinTrees', () => {
  it('has each directory and each file once, the last of several', () => {
    const joined = joinTrees([
      {directories: [{path: '/a', files: [file('x', 'old'), file('y')]}], links: [['/l', 'a']]},
      {
        directories: [
          {path: '/b', files: []},
          {path: '/a', files: [file('x', 'new')]},
        ],
        links: [],
      },
    ]);
    expect(joined).toEqual({
      directories: [
        {path: '/a', files: [file('x', 'new'), file('y')]},
        {path: '/b', files: []},
      ],
      links: [['/l', 'a']],
    });
  });
});
