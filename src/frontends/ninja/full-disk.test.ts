/** Faults of the disk are injected here; `bad-input.e2e.test.ts` fills a real one. */
import type * as fs from 'node:fs';
import {readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeEach, describe, expect, it, vi} from 'vitest';
import {BuildRecords} from '../../graph/build-records.ts';
import {type NinjaFolder, ninjaFolder} from '../../test/ninja-folder.ts';
import {startStamp} from '../start-stamp.ts';
import {loadManifest} from './manifest.ts';
import {Recorder} from './recorder.ts';

/** The disk takes half of whatever is written to a file of this size or larger, and then nothing. */
const full = vi.hoisted(() => ({isFull: (_fd: number): boolean => false}));

vi.mock('node:fs', async importOriginal => {
  const real = await importOriginal<typeof fs>();
  const writeSync = (fd: number, bytes: Uint8Array, from = 0): number => {
    if (!full.isFull(fd)) return real.writeSync(fd, bytes, from);
    if (from > 0)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), {
        code: 'ENOSPC',
        syscall: 'write',
      });
    return real.writeSync(fd, bytes, 0, bytes.length >> 1);
  };
  return {...real, writeSync};
});

beforeEach(() => {
  full.isFull = () => false;
});

const MANIFEST = `rule cc
  command = cat $in h > $out; echo $out: h > $out.d
  deps = gcc
  depfile = $out.d
build a.o: cc a.c
build b.o: cc b.c
`;

function open({path}: NinjaFolder) {
  const {graph} = loadManifest({directory: path, file: 'build.ninja', hashKind: 'murmur'});
  const problems: string[] = [];
  const recorder = new Recorder({
    graph,
    records: new BuildRecords(graph.nodeCount),
    directory: path,
    files: {
      buildLog: join(path, '.ninja_log'),
      depsLog: join(path, '.ninja_deps'),
      journal: join(path, 'journal'),
      buildLogVersion: 5,
      depsLogVersion: 4,
    },
    onProblem: text => problems.push(text),
  });
  const make = (output: string) => {
    const mtime = startStamp(join(path, 'stamp'));
    writeFileSync(join(path, output), output);
    recorder.record(graph.producer(graph.find(output)!), {mtime, duration: 12, deps: [graph.intern('h')]});
  };
  return {recorder, problems, make};
}

function project(): NinjaFolder {
  return ninjaFolder({'build.ninja': MANIFEST, 'a.c': 'a', 'b.c': 'b', h: 'h'});
}

/** Makes one file's disk full. */
function fill(folder: NinjaFolder, name: string): void {
  full.isFull = fd => {
    const file = statSync(join(folder.path, name), {throwIfNoEntry: false});
    return file !== undefined && statSync(`/proc/self/fd/${fd}`).ino === file.ino;
  };
}

describe('on a full disk', () => {
  it('a journal that takes no more is told of, keeps whole lines, and the logs get everything', () => {
    const folder = project();
    const {make, recorder, problems} = open(folder);
    make('a.o');
    const before = readFileSync(join(folder.path, 'journal'), 'utf8');
    fill(folder, 'journal');
    make('b.o');
    expect(problems).toEqual([expect.stringMatching(/cannot write to .*journal \(ENOSPC: no space left/)]);
    expect(readFileSync(join(folder.path, 'journal'), 'utf8')).toBe(before);
    expect(recorder.flush()).toBe(true);
    expect(folder.ninja(['-n']).stdout).toContain('no work to do');
  });

  it('a line after one that was lost still reads', () => {
    const folder = project();
    const {make} = open(folder);
    fill(folder, 'journal');
    make('a.o');
    full.isFull = () => false;
    make('b.o');
    // Nothing was flushed: as after a kill.
    const next = open(folder);
    expect(next.recorder.takenOver).toBe(1);
    expect(next.recorder.flush()).toBe(true);
    expect(folder.ninja(['-n']).stdout).not.toContain('b.o');
  });

  it.each(['.ninja_log', '.ninja_deps'])('%s is left as it was, and the journal keeps what is new', name => {
    const folder = project();
    expect(folder.ninja(['a.o']).stderr).toBe('');
    const {make, recorder, problems} = open(folder);
    make('a.o');
    make('b.o');
    const before = readFileSync(join(folder.path, name));
    fill(folder, name);
    expect(recorder.flush()).toBe(false);
    expect(problems).toEqual([expect.stringMatching(/^cannot record what was built in .*no space left/)]);
    expect(readFileSync(join(folder.path, name))).toEqual(before);
    recorder.close();
    full.isFull = () => false;
    const next = open(folder);
    expect(next.recorder.takenOver).toBe(2);
    expect(next.recorder.flush()).toBe(true);
    expect(folder.ninja(['-n']).stdout).toContain('no work to do');
  });
});
