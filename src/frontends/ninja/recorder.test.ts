import {existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {BuildRecords} from '../../graph/build-records.ts';
import type {Graph} from '../../graph/graph.ts';
import {NINJAS, type NinjaFolder, ninjaFolder} from '../../test/ninja-folder.ts';
import {parseDeps} from '../../test/ninja-records.ts';
import {startStamp} from '../start-stamp.ts';
import {type BuildLogVersion, buildLogVersion, readBuildLog} from './build-log.ts';
import {adoptDepsLog, readDepsLog} from './deps-log.ts';
import {readJournal} from './journal.ts';
import {loadManifest} from './manifest.ts';
import {Recorder} from './recorder.ts';

const MANIFEST = `rule cc
  command = cat $in h > $out; echo $out: h > $out.d
  deps = gcc
  depfile = $out.d
rule link
  command = cat $in > $out; cp $out $out.map
build a.o: cc a.c
build b.o: cc b.c
build app | app.map: link a.o b.o
`;
const SOURCES = {'a.c': 'a', 'b.c': 'b', h: 'h'};

function project(manifest = MANIFEST): NinjaFolder {
  return ninjaFolder({'build.ninja': manifest, ...SOURCES});
}

interface Opened {
  readonly graph: Graph;
  readonly records: BuildRecords;
  readonly recorder: Recorder;
  readonly problems: string[];
  /** Does what the edge's command does, and records it. */
  make(output: string): void;
}

function open({path}: NinjaFolder, version: BuildLogVersion = 5): Opened {
  const {graph} = loadManifest({directory: path, file: 'build.ninja', hashKind: 'murmur'});
  const records = new BuildRecords(graph.nodeCount);
  const [buildLog, depsLog] = [join(path, '.ninja_log'), join(path, '.ninja_deps')];
  if (buildLogVersion(buildLog) === version) readBuildLog(buildLog, graph, records);
  const deps = readDepsLog(depsLog);
  if (typeof deps !== 'string') adoptDepsLog(deps, graph, records);
  const problems: string[] = [];
  const recorder = new Recorder({
    graph,
    records,
    directory: path,
    files: {buildLog, depsLog, journal: join(path, 'journal'), buildLogVersion: version, depsLogVersion: 4},
    onProblem: text => problems.push(text),
  });
  const make = (output: string) => {
    const edge = graph.producer(graph.find(output)!);
    const mtime = startStamp(join(path, 'stamp'));
    for (const out of graph.outs(edge)) writeFileSync(join(path, graph.path(out)), output);
    const deps = [graph.intern('h')];
    recorder.record(edge, {mtime, duration: 12, ...(output.endsWith('.o') ? {deps} : {})});
  };
  return {graph, records, recorder, problems, make};
}

describe.each(NINJAS)('%s', ninja => {
  it('finds nothing to do after what was recorded, and the right things after an edit', () => {
    const folder = project();
    folder.ninja([], ninja);
    const version = buildLogVersion(join(folder.path, '.ninja_log')) as BuildLogVersion;
    for (const log of ['.ninja_log', '.ninja_deps']) rmSync(join(folder.path, log));
    const {recorder, problems, make} = open(folder, version);
    for (const output of ['a.o', 'b.o', 'app']) make(output);
    expect(existsSync(join(folder.path, '.ninja_log'))).toBe(false);
    expect(recorder.flush()).toBe(true);
    recorder.close();
    expect(problems).toEqual([]);
    expect(readJournal(join(folder.path, 'journal'))).toEqual([]);
    expect(folder.ninja(['-n', '-d', 'explain'], ninja).stdout).toContain('no work to do');
    expect(parseDeps(folder.ninja(['-t', 'deps'], ninja).stdout)).toEqual({
      'a.o': ['VALID', 'h'],
      'b.o': ['VALID', 'h'],
    });
    utimesSync(join(folder.path, 'h'), new Date(), new Date(Date.now() + 5000));
    expect(folder.ninja(['-n'], ninja).stdout).toContain('[3/3]');
  });
});

describe('what a crash left in the journal', () => {
  /** Three edges made and not flushed, by a process that is gone. */
  function crashed(): NinjaFolder {
    const folder = project();
    const {recorder, make} = open(folder);
    for (const output of ['a.o', 'b.o', 'app']) make(output);
    recorder.close();
    return folder;
  }

  it('is taken over whole entry by whole entry, wherever it was cut off', () => {
    const folder = crashed();
    const journal = join(folder.path, 'journal');
    const bytes = readFileSync(journal);
    let whole = 0;
    for (let cut = 0; cut <= bytes.length; cut++) {
      if (bytes[cut - 1] === 10) whole++;
      writeFileSync(journal, bytes.subarray(0, cut));
      const {recorder} = open(folder);
      recorder.close();
      expect(recorder.takenOver, `cut at ${cut}`).toBe(whole);
      // It is still there for the next one, should this one crash too.
      expect(readJournal(journal)).toHaveLength(whole);
    }
    expect(whole).toBe(3);
  });

  it('counts at once, and is in the logs after the flush', () => {
    const folder = crashed();
    const {graph, records, recorder} = open(folder);
    expect(records.logMtime(graph.find('app.map')!)).toBeGreaterThan(0n);
    expect(Array.from(records.deps(graph.find('a.o')!)!, id => graph.path(id))).toEqual(['h']);
    expect(records.depsMtime(graph.find('a.o')!)).toBe(
      statSync(join(folder.path, 'a.o'), {bigint: true}).mtimeNs,
    );
    recorder.flush();
    recorder.close();
    expect(folder.ninja(['-n']).stdout).toContain('no work to do');
    expect(open(folder).recorder.takenOver).toBe(0);
  });

  it.each<[string, (folder: NinjaFolder) => void, number]>([
    ['an output was deleted', folder => rmSync(join(folder.path, 'a.o')), 2],
    ['one of two outputs was deleted', folder => rmSync(join(folder.path, 'app.map')), 2],
    ['an output was written again', folder => folder.write({'a.o': 'A.O'}), 2],
    ['an output was touched', folder => utimesSync(join(folder.path, 'a.o'), 1, 1), 2],
    ['ninja was here', folder => void folder.ninja([]), 0],
  ])('does not count where %s', (_name, change, left) => {
    const folder = crashed();
    change(folder);
    const {recorder} = open(folder);
    expect(recorder.takenOver).toBe(left);
    recorder.close();
  });
});

describe('a command that is another for a while', () => {
  const OTHER = MANIFEST.replace('cat $in > $out;', 'cat $in h > $out;');

  it('has made what is there, and the logs say so when the first one is back', () => {
    const folder = project();
    folder.ninja([]);
    folder.write({'build.ninja': OTHER});
    const crashed = open(folder);
    crashed.make('app');
    crashed.recorder.close();
    folder.write({'build.ninja': MANIFEST});
    const {recorder} = open(folder);
    expect(recorder.takenOver).toBe(1);
    recorder.flush();
    recorder.close();
    expect(folder.ninja(['-n', '-d', 'explain']).stderr).toContain('command line changed for app');
  });

  it('is known to a plain ninja too, from the moment when it starts', () => {
    const folder = project();
    folder.ninja([]);
    folder.write({'build.ninja': OTHER});
    const {graph, recorder, make} = open(folder);
    recorder.start(graph.producer(graph.find('app')!));
    make('app');
    folder.write({'build.ninja': MANIFEST});
    expect(folder.ninja(['-n']).stdout).toContain('[1/1]');
    recorder.flush();
    recorder.close();
    expect(folder.ninja(['-n']).stdout).toContain('[1/1]');
  });
});

describe('an edge that has started', () => {
  it('is to run again for ninja, whatever half an output it leaves', () => {
    const folder = project();
    folder.ninja([]);
    const {graph, recorder} = open(folder);
    recorder.start(graph.producer(graph.find('app')!));
    folder.write({app: 'half'});
    recorder.close();
    expect(folder.ninja(['-n']).stdout).toContain('[1/1]');
    folder.ninja([]);
    expect(readFileSync(join(folder.path, 'app'), 'utf8')).toBe('ahbh');
  });

  it('leaves the log alone where that has nothing of it, or dependencies say as much', () => {
    const folder = project();
    const first = open(folder);
    first.recorder.start(first.graph.producer(first.graph.find('app')!));
    first.recorder.close();
    expect(existsSync(join(folder.path, '.ninja_log'))).toBe(false);
    folder.ninja([]);
    const log = readFileSync(join(folder.path, '.ninja_log'));
    const {graph, recorder} = open(folder);
    recorder.start(graph.producer(graph.find('a.o')!));
    recorder.close();
    expect(readFileSync(join(folder.path, '.ninja_log'))).toEqual(log);
  });
});

describe('another ninja that builds here meanwhile', () => {
  it('keeps its records of what it made anew, and gets ours of the rest', () => {
    const folder = project();
    const {recorder, make} = open(folder);
    make('a.o');
    make('b.o');
    rmSync(join(folder.path, 'a.o'));
    folder.ninja(['a.o']);
    const theirs = /^.*\ta\.o\t.*$/m.exec(readFileSync(join(folder.path, '.ninja_log'), 'utf8'))![0];
    expect(recorder.flush()).toBe(true);
    recorder.close();
    const log = readFileSync(join(folder.path, '.ninja_log'), 'utf8');
    expect(log.match(/^.*\ta\.o\t.*$/gm)).toEqual([theirs]);
    expect(log).toContain('\tb.o\t');
    expect(folder.ninja(['-n', 'a.o', 'b.o']).stdout).toContain('no work to do');
  });

  it('is noticed, so that no records are kept that are not its own', () => {
    const folder = project();
    const {recorder, make} = open(folder);
    make('a.o');
    recorder.flush();
    expect(recorder.logStamps).toBeDefined();
    folder.ninja(['b.o']);
    expect(recorder.logStamps).toBeUndefined();
    make('b.o');
    recorder.flush();
    expect(recorder.logStamps).toBeUndefined();
    recorder.close();
  });
});

describe('logs that are not understood', () => {
  it.each([
    ['# ninja log v7\n', 'version 7'],
    ['# ninja log v9\n', 'an unknown version'],
    ['rubbish', 'an unknown version'],
  ])('as %j are left alone, with a word about it, and the journal keeps the work', (content, words) => {
    const folder = project();
    folder.write({'.ninja_log': content});
    const {recorder, problems, make} = open(folder);
    make('a.o');
    expect(recorder.flush()).toBe(false);
    recorder.close();
    expect(readFileSync(join(folder.path, '.ninja_log'), 'utf8')).toBe(content);
    expect(existsSync(join(folder.path, '.ninja_deps'))).toBe(false);
    expect(problems).toEqual([expect.stringContaining(words)]);
    rmSync(join(folder.path, '.ninja_log'));
    const next = open(folder);
    expect(next.recorder.takenOver).toBe(1);
    expect(next.recorder.flush()).toBe(true);
    next.recorder.close();
    expect(folder.ninja(['-n', 'a.o']).stdout).toContain('no work to do');
  });

  it('in the deps log keep the build log as it is, too', () => {
    const folder = project();
    folder.write({'.ninja_deps': '# ninjadeps\n\x09\0\0\0'});
    const {recorder, problems, make} = open(folder);
    make('a.o');
    expect(recorder.flush()).toBe(false);
    recorder.close();
    expect(existsSync(join(folder.path, '.ninja_log'))).toBe(false);
    expect(problems).toEqual([expect.stringContaining('a format that is not known here')]);
  });
});
