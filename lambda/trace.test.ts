import {spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {RECORD_HEADER} from '../src/protocol/path-record.ts';
import {summarise, TraceFile} from './trace.ts';

const view = {
  physicalOf: (path: string) => path.replace('/link/', '/real/').replace('/./', '/'),
  isToolchain: (physical: string) => physical.startsWith('/usr/bin'),
  isKnownAbsent: (path: string) => path === '/usr/specs',
};

/** Entries as `K/path`, in order. */
function summary(...entries: string[]) {
  return summarise(
    entries.map(entry => ({kind: entry[0] as string, path: entry.slice(1)})),
    view,
  );
}

it('keeps the strongest fact about each path', () => {
  const {observed} = summary('A/a/x', 'S/a/x', 'R/a/x', 'S/a/x', 'S/a/y', 'D/a', 'S/a', 'X/a/tool', 'A/a/z');
  expect(observed).toEqual({
    read: [['/a', 'x/tool']],
    found: [['/a', 'y']],
    absent: [['z', ['/a']]],
    listed: [['/', 'a']],
  });
});

it('leaves out the toolchain, the temporary directory and names that the toolchain is known to lack', () => {
  const {observed} = summary('R/usr/bin/as', 'S/usr/bin', 'S/tmp', 'S/', 'A/usr/specs', 'A/tmp/src/x.h');
  expect(observed).toEqual({read: [], found: [], absent: [['x.h', ['/tmp/src']]], listed: []});
});

it('tells what the command made from what it read before', () => {
  const {observed, written, removed} = summary(
    'A/o/a.o', 'W/o/a.o', 'R/o/a.o', 'W/link/t.s', 'R/real/t.s', 'U/real/t.s', 'A/real/t.s', 'R/o/data', 'W/o/data',
  ); // biome-ignore format: a story reads on one line
  expect(observed).toEqual({read: [['/o', 'data']], found: [], absent: [], listed: []});
  expect(written).toEqual(['/o/a.o', '/link/t.s', '/o/data']);
  expect(removed).toEqual(['/real/t.s']);
});

it('lets a name stand for its absent precompiled twin', () => {
  const {observed} = summary('A/a/x.h.gch', 'A/a/x.h', 'A/b/x.h.gch', 'R/b/x.h');
  expect(observed.absent).toEqual([
    ['x.h', ['/a']],
    ['x.h.gch', ['/b']],
  ]);
});

it('takes a trailing slash for nothing', () => {
  expect(summary('S/a/b/', 'S/a/b').observed.found).toEqual([['/a', 'b']]);
});

it('empties its file between commands and says when one wrote too much', () => {
  const folder = mkdtempSync(join(tmpdir(), 'llama-trace-'));
  const trace = new TraceFile(folder, RECORD_HEADER + 64);
  const write = (end: number, entries: string) => {
    const head = Buffer.alloc(RECORD_HEADER);
    head.writeBigUInt64LE(BigInt(end));
    // As another process does it: by the path alone.
    const script =
      'const fs=require("fs");const f=fs.openSync(process.argv[1],"r+");fs.writeSync(f,Buffer.from(process.argv[2],"hex"),0,undefined,0)';
    const bytes = Buffer.concat([head, Buffer.from(entries)]).toString('hex');
    expect(spawnSync(process.execPath, ['-e', script, trace.path, bytes]).status).toBe(0);
  };
  try {
    expect(readdirSync(folder)).toEqual([]);
    expect(trace.take()).toEqual([]);
    write(RECORD_HEADER + 12, 'R/a\0\0\0S/b\0\0\0');
    expect(trace.take()).toEqual([
      {kind: 'R', path: '/a'},
      {kind: 'S', path: '/b'},
    ]);
    write(RECORD_HEADER + 12, '');
    expect(trace.take()).toEqual([]);
    write(RECORD_HEADER + 65, 'R/lost\0');
    expect(trace.take()).toBeUndefined();
    expect(trace.take()).toEqual([]);
  } finally {
    trace.close();
    rmSync(folder, {recursive: true});
  }
});
