import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {FileState} from '../graph/file-state.ts';
import {QuotedNames} from './quoted-names.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'llama-quoted-')));
  mkdirSync(join(root, 'lib'));
});

afterEach(() => rmSync(root, {recursive: true}));

function write(name: string, text: string): string {
  writeFileSync(join(root, name), text);
  return join(root, name);
}

it('finds what a file includes, beside itself and in directories, and what that includes', () => {
  const files = new FileState();
  const names = new QuotedNames(files);
  const start = write('a.td', 'include "lib/b.td"\n  import public "c.proto";\nnot an include "d.td"\n');
  const b = write('lib/b.td', '#include <e.td>\n%include "a.td"\n');
  const [c, e] = [write('lib/c.proto', ''), write('lib/e.td', '')];
  write('d.td', '');
  expect(names.reachable([start], [join(root, 'lib')]).toSorted()).toEqual([b, c, e]);
  expect(names.reachable([start], [])).toEqual([b, join(root, 'lib/e.td')]);
});

it('sees a file that is another one in the next epoch', () => {
  const files = new FileState();
  const names = new QuotedNames(files);
  const start = write('a.td', 'include "x.td"\n');
  expect(names.reachable([start], [])).toEqual([]);
  const x = write('x.td', '');
  files.newEpoch();
  expect(names.reachable([start], [])).toEqual([x]);
});
