import {mkdtempSync, realpathSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {logicalDirectory} from './pwd.ts';

let real: string;

beforeEach(() => {
  real = realpathSync(mkdtempSync(join(tmpdir(), 'llama-pwd-')));
});

afterEach(() => rmSync(real, {recursive: true}));

it('is the inherited name where that leads to the directory', () => {
  symlinkSync(real, join(real, 'link'));
  expect(logicalDirectory(real, join(real, 'link'))).toBe(join(real, 'link'));
});

it('is the real path where the inherited one is relative, leads elsewhere, nowhere, or in a circle', () => {
  symlinkSync('circle', join(real, 'circle'));
  const names = [undefined, '', '.', tmpdir(), join(real, 'gone'), join(real, 'circle')];
  expect(names.map(name => logicalDirectory(real, name))).toEqual(names.map(() => real));
});
