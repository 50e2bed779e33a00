import {closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {appendWhole} from './append.ts';

it('writes all of a text, whatever its size', () => {
  const directory = mkdtempSync(join(tmpdir(), 'llama-append-'));
  const file = join(directory, 'log');
  writeFileSync(file, 'old\n');
  const fd = openSync(file, 'a+');
  const text = 'größe\n'.repeat(1 << 18);
  appendWhole(fd, fstatSync(fd).size, text);
  closeSync(fd);
  expect(readFileSync(file, 'utf8')).toBe(`old\n${text}`);
  rmSync(directory, {recursive: true});
});

it('names the fault of a disk that is full', () => {
  const fd = openSync('/dev/full', 'a+');
  expect(() => appendWhole(fd, 0, 'x')).toThrow('ENOSPC');
  closeSync(fd);
});
