import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {extraClosure, isUsableLoader, librariesOf, programFormat} from './loader.ts';

function loaderOf(path: string): string {
  const format = programFormat(path);
  if (format.kind !== 'dynamic') throw new Error(`${path} is ${format.kind}`);
  return format.loader;
}

it('reads which loader a program names', async () => {
  const loader = loaderOf('/bin/sh');
  expect(await isUsableLoader(loader)).toBe(true);
  expect(programFormat(loader).kind).toBe('static');
  const folder = mkdtempSync(join(tmpdir(), 'llama-loader-'));
  try {
    writeFileSync(join(folder, 'script'), '#!/bin/sh\n');
    writeFileSync(join(folder, 'text'), 'x');
    expect(programFormat(join(folder, 'script')).kind).toBe('script');
    expect(programFormat(join(folder, 'text')).kind).toBe('other');
    expect(await librariesOf(loader, join(folder, 'text'))).toBeUndefined();
    expect(await extraClosure(join(folder, 'text'), loader)).toEqual({files: [], directories: []});
  } finally {
    rmSync(folder, {recursive: true});
  }
});

it('lists the libraries of programs and of libraries', async () => {
  const loader = loaderOf('/bin/sh');
  const {files, directories} = await extraClosure('/bin/sh', loader);
  const libc = files.find(file => file.endsWith('/libc.so.6'));
  if (libc === undefined) throw new Error('sh without libc');
  expect(directories).toContain(libc.slice(0, libc.lastIndexOf('/')));
  expect(await librariesOf(loader, libc)).toHaveLength(1);
});

it('takes a program that is no loader for an unusable one', async () => {
  expect(await isUsableLoader('/bin/true')).toBe(false);
});
