import {describe, expect, it} from 'vitest';
import {digestOf} from '../src/protocol/digest.ts';
import type {Tree} from '../src/protocol/tree.ts';
import {checkTree, isPhysical, RequestInvalid, targetInRoot} from './tree-check.ts';

const digest = digestOf('x');
const nothing = {directories: new Set<string>(), links: new Map<string, string>()};

function isRefused(tree: Partial<Tree>, ground = nothing): boolean {
  try {
    checkTree({directories: [], links: [], ...tree}, ground);
    return false;
  } catch (error) {
    if (error instanceof RequestInvalid) return true;
    throw error;
  }
}

it('tells physical paths from others', () => {
  for (const path of ['/', '/a', '/a/..b', '/a/b..', '/.../x', '/a/.b'])
    expect([path, isPhysical(path)]).toEqual([path, true]);
  for (const path of ['', 'a', '/a/', '//a', '/a//b', '/a/../b', '/..', '/a/.', '/./a', '/a\0b'])
    expect([path, isPhysical(path)]).toEqual([path, false]);
});

describe('a tree is refused', () => {
  it('for paths that are not physical', () => {
    expect(isRefused({directories: [{path: '/a', files: [['b', digest, 0, 0]]}]})).toBe(false);
    expect(isRefused({directories: [{path: '/a/../b', files: []}]})).toBe(true);
    expect(isRefused({links: [['/a/..', 'x']]})).toBe(true);
    expect(isRefused({links: [['/a', '']]})).toBe(true);
  });
  it('for names that are paths, and for files without a digest', () => {
    for (const name of ['', '.', '..', 'a/b', 'a\0'])
      expect(isRefused({directories: [{path: '/a', files: [[name, digest, 0, 0]]}]})).toBe(true);
    const file = ['b', 'no digest' as typeof digest, 0, 0] as const;
    expect(isRefused({directories: [{path: '/a', files: [file]}]})).toBe(true);
  });
  it('for anything behind a link, of its own or of the ground', () => {
    expect(isRefused({links: [['/a', '/b']], directories: [{path: '/a/c', files: []}]})).toBe(true);
    expect(
      isRefused({
        links: [
          ['/a', '/b'],
          ['/a/c', 'd'],
        ],
      }),
    ).toBe(true);
    expect(isRefused({links: [['/a', '/b']], directories: [{path: '/a', files: []}]})).toBe(true);
    const ground = {...nothing, links: new Map([['/lib', 'usr/lib']])};
    expect(isRefused({directories: [{path: '/lib/x', files: []}]}, ground)).toBe(true);
    expect(isRefused({links: [['/lib', 'usr/lib']]}, ground)).toBe(false);
  });
});

it('keeps the targets of links inside the root', () => {
  const cases: readonly (readonly [path: string, target: string, expected: string])[] = [
    ['/a/l', '/b/c', '/root/b/c'],
    ['/a/l', '/../../b', '/root/b'],
    ['/a/l', '/', '/root/'],
    ['/a/l', '../b', '../b'],
    ['/a/l', '../../b', '../b'],
    ['/l', '..', '.'],
    ['/a/b/l', 'x/../../../../y', 'x/../../../y'],
    ['/a/l', './b//c', './b//c'],
  ];
  for (const [path, target, expected] of cases) expect(targetInRoot('/root', path, target)).toBe(expected);
});
