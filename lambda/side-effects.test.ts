import {chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {sideEffects} from './side-effects.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'llama-effects-'));
  mkdirSync(join(root, 'b'));
});

afterEach(() => rmSync(root, {recursive: true}));

/** A workspace whose tree brought /b and the inputs. */
function changes(
  request: {written?: string[]; removed?: string[]; outputs?: string[]},
  {there = [], inputs = []}: {there?: string[]; inputs?: string[]} = {},
): string[] {
  for (const path of there) {
    mkdirSync(join(root, dirname(path)), {recursive: true});
    writeFileSync(root + path, '');
  }
  const directories = new Set(['/', '/b', '/tmp', '/tmp/project']);
  const workspace = {
    root,
    physicalOf: (path: string) => path,
    isInput: (path: string) => inputs.includes(path),
    isDirectory: (path: string) => directories.has(path),
  };
  return sideEffects({written: [], removed: [], outputs: [], umask: 0o022, ...request}, workspace);
}

it('are none where only outputs and temporary files were written', () => {
  expect(
    changes(
      {written: ['/b/a.h', '/tmp/x', '/tmp/own/y', '/b'], outputs: ['/b/a.h']},
      {there: ['/b/a.h', '/tmp/x', '/tmp/own/y']},
    ),
  ).toEqual([]);
});

it('are none for what is gone again', () => {
  expect(changes({written: ['/b/part'], removed: ['/b/part']})).toEqual([]);
});

it('are other files that were left, wherever the project is', () => {
  const left = ['/b/log', '/tmp/project/log'];
  expect(changes({written: left}, {there: left})).toEqual(left);
});

it('are inputs that were changed or removed', () => {
  expect(
    changes({written: ['/b/in'], removed: ['/b/old']}, {there: ['/b/in'], inputs: ['/b/in', '/b/old']}),
  ).toEqual(['/b/in', '/b/old']);
});

it('are outputs that are links or have a mode of their own', () => {
  const outputs = ['/b/plain', '/b/program', '/b/link', '/b/secret', '/b/not-made'];
  for (const [name, mode] of [
    ['plain', 0o644],
    ['program', 0o755],
    ['secret', 0o600],
  ] as const) {
    writeFileSync(join(root, 'b', name), '');
    chmodSync(join(root, 'b', name), mode);
  }
  symlinkSync('plain', join(root, 'b/link'));
  expect(changes({written: outputs, outputs})).toEqual(['/b/link', '/b/secret']);
});
