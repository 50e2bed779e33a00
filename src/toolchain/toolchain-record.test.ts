import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {plant} from '../test/scan-rig.ts';
import {writeAtomically} from './toolchain-record.ts';

it('leaves nothing half written where it cannot be put into place', () => {
  const folder = plant({'record/inside': ''});
  expect(() => writeAtomically(join(folder, 'record'), '{}')).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(readdirSync(folder)).toEqual(['record']);
});
