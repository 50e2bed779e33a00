import {join} from 'node:path';
import {expect, it} from 'vitest';
import {plant} from '../test/scan-rig.ts';
import {isElf, isElfBytes} from './elf.ts';

it('knows programs of the system from scripts, and from what cannot be read', () => {
  const folder = plant({script: '#!/bin/sh\n', short: '\x7fEL', empty: '', 'directory/': ''});
  expect(isElf(process.execPath)).toBe(true);
  for (const name of ['script', 'short', 'empty', 'directory', 'absent'])
    expect([name, isElf(join(folder, name))]).toEqual([name, false]);
  expect([isElfBytes(Buffer.from('\x7fELF', 'latin1')), isElfBytes(Buffer.alloc(0))]).toEqual([true, false]);
});
