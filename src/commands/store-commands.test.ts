import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {trySlot} from '../remote/embedded/slot.ts';
import {ninjaFolder} from '../test/ninja-folder.ts';
import {clean} from './store-commands.ts';

const CONTENT = {
  'blobs/ab/cd': '12345',
  'results/ab/cd': '',
  'tmp/1-1': '',
  size: '5',
  'preload/x.so': '',
  'toolchains/x.json': '',
  'unpacked/x/toolchain.json': '',
  'workers/0/roots/x': '',
  'workers/1/roots/x': '',
  'workers/10/roots/x': '',
};

it('removes all that a store consists of, what an earlier one left, and nothing else', () => {
  const {path} = ninjaFolder({...CONTENT, mine: '', 'removed-4194999/blobs/ab/cd': '', 'removed-x/y': ''});
  expect(clean({store: path})).toBe(`store ${path}: removed 0.0 MB`);
  expect(readdirSync(path).sort()).toEqual(['mine', 'removed-x']);
});

it('leaves to the workers of other clients what they stand on', async () => {
  const {path} = ninjaFolder(CONTENT);
  const held = await trySlot(path, 1);
  expect(clean({store: path})).toMatch(/a running build/);
  held!.release();
  expect(readdirSync(path).sort()).toEqual(['preload', 'tmp', 'toolchains', 'unpacked', 'workers']);
  expect(readdirSync(join(path, 'workers'))).toEqual(['1']);
});

it('has done its work also where somebody goes on writing', async () => {
  const {path} = ninjaFolder();
  const folder = join(path, 'blobs/ab');
  mkdirSync(folder, {recursive: true});
  // It makes files and folders until it is ended, and says when it has begun.
  const script = `const fs = require('node:fs');
    for (let i = 0; ; i++) {
      try {
        fs.mkdirSync(${JSON.stringify(folder)}, {recursive: true});
        fs.writeFileSync(${JSON.stringify(folder)} + '/' + i, 'x');
      } catch {}
      if (i === 100) fs.writeSync(1, 'begun');
    }`;
  const writer = spawn(process.execPath, ['-e', script], {stdio: ['ignore', 'pipe', 'inherit']});
  onTestFinished(async () => {
    writer.kill('SIGKILL');
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
  });
  await once(writer.stdout, 'data');
  for (let i = 0; i < 20; i++) expect(clean({store: path})).toMatch(/removed/);
  expect(readdirSync(path).filter(name => name.startsWith('removed'))).toEqual([]);
  expect(existsSync(path)).toBe(true);
});
