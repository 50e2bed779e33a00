import {appendFileSync, readFileSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {BuildRecords, NO_ENTRY} from '../../graph/build-records.ts';
import {NINJAS, ninjaFolder} from '../../test/ninja-folder.ts';
import {
  appendBuildLog,
  type BuildLogLine,
  buildLogVersion,
  parseBuildLog,
  readBuildLog,
} from './build-log.ts';
import {loadManifest} from './manifest.ts';

const LINE: BuildLogLine = {
  output: 'dir/größe 1.o',
  start: 3,
  end: 40,
  mtime: 1_788_222_333_444_555_666n,
  hash: [0x89abcdef, 0x1234567],
};
const TEXT = '3\t40\t1788222333444555666\tdir/größe 1.o\t123456789abcdef\n';

describe('the version', () => {
  it.each([
    ['# ninja log v5\n', 5],
    ['# ninja log v6\n', 6],
    ['# ninja log v7\nx', 7],
    ['# ninja log v4\n', 'unknown'],
    ['# ninja log v8\n', 'unknown'],
    ['# ninja log v55\n', 'unknown'],
    ['# ninja log v5', 'unknown'],
    ['rubbish', 'unknown'],
    ['', 'absent'],
  ])('in %j is %s', (text, version) => {
    const folder = ninjaFolder({log: text});
    expect(buildLogVersion(join(folder.path, 'log'))).toBe(version);
    expect(buildLogVersion(join(folder.path, 'none'))).toBe('absent');
  });
});

describe('lines', () => {
  it.each<[string, number]>([
    [TEXT, 1],
    [TEXT + TEXT, 2],
    [TEXT.slice(0, -1), 0],
    ['3\t40\t17\to.o\n', 0],
    ['3\t40\tnever\to.o\t1\n', 0],
    ['3\t40\t17\to.o\tXYZ\n', 0],
    [`\n\n${TEXT}`, 1],
    [`torn 3\t40\t\n${TEXT}`, 1],
  ])('of %j: %i', (text, count) => {
    expect([...parseBuildLog(`# ninja log v5\n${text}`)]).toEqual(Array.from({length: count}, () => LINE));
  });

  it('are none in a text without a header line', () => {
    expect([...parseBuildLog('')]).toEqual([]);
    expect([...parseBuildLog('# ninja log v5')]).toEqual([]);
  });

  it.each([5, 6, 7] as const)('are written as they are read, below a header of version %i', version => {
    const folder = ninjaFolder();
    const log = join(folder.path, 'log');
    appendBuildLog(log, version, [LINE]);
    appendBuildLog(log, version, [
      {...LINE, hash: [7, 0]},
      {...LINE, hash: [0, 1]},
    ]);
    expect(readFileSync(log, 'utf8')).toBe(
      `# ninja log v${version}\n${TEXT}${TEXT.replace('123456789abcdef', '7')}${TEXT.replace('123456789abcdef', '100000000')}`,
    );
    expect([...parseBuildLog(readFileSync(log, 'utf8'))]).toHaveLength(3);
  });

  it('come whole after one that was cut off at any byte', () => {
    const folder = ninjaFolder();
    const log = join(folder.path, 'log');
    for (let cut = 0; cut <= TEXT.length; cut++) {
      writeFileSync(log, `# ninja log v5\n${TEXT}${TEXT.replace('dir/', 'cut/').slice(0, cut)}`);
      appendBuildLog(log, 5, [LINE]);
      const own = [...parseBuildLog(readFileSync(log, 'utf8'))].filter(line => line.output === LINE.output);
      expect(own, `cut at ${cut}`).toEqual([LINE, LINE]);
    }
  });
});

it('keeps the last line of each output, for the nodes of the graph alone', () => {
  const folder = ninjaFolder({'build.ninja': 'rule r\n  command = x\nbuild a | b: r\n'});
  const {graph} = loadManifest({directory: folder.path, file: 'build.ninja', hashKind: 'murmur'});
  const log = join(folder.path, 'log');
  appendBuildLog(log, 5, [
    {...LINE, output: 'a', mtime: 1n},
    {...LINE, output: 'gone', mtime: 2n},
    {...LINE, output: 'a', mtime: 3n, start: 10, end: 5, hash: [1, 2]},
  ]);
  const records = new BuildRecords(graph.nodeCount);
  readBuildLog(log, graph, records);
  const [a, b] = [graph.find('a')!, graph.find('b')!];
  expect(records.logMtime(a)).toBe(3n);
  expect(records.logHashEquals(a, 1, 2)).toBe(true);
  expect(records.logHashEquals(a, 1, 3)).toBe(false);
  expect(records.duration(a)).toBe(0);
  expect(records.logMtime(b)).toBe(NO_ENTRY);
  expect(graph.nodeCount).toBe(2);
});

describe.each(NINJAS)('%s', ninja => {
  const manifest = 'rule r\n  command = echo ran >> runs; echo $in > $out\nbuild a: r i\nbuild b: r a\n';

  it('writes what is read here, and takes what is written here', () => {
    const folder = ninjaFolder({'build.ninja': manifest, i: ''});
    folder.ninja([], ninja);
    const log = join(folder.path, '.ninja_log');
    const version = buildLogVersion(log);
    expect([5, 6]).toContain(version);
    const lines = [...parseBuildLog(readFileSync(log, 'utf8'))];
    expect(lines.map(line => line.output)).toEqual(['a', 'b']);
    writeFileSync(log, '');
    expect(folder.ninja(['-n'], ninja).stdout).toContain('[2/2]');
    appendBuildLog(log, version as 5 | 6, lines);
    expect(folder.ninja([], ninja).stdout).toContain('no work to do');
    // One that a crash cut off does not take the next record with it.
    appendFileSync(log, '1\t2\t3');
    appendBuildLog(log, version as 5 | 6, [{...lines[0]!, hash: [1, 1]}]);
    expect(folder.ninja(['-n', '-v', 'a'], ninja).stdout).toContain('[1/1]');
    truncateSync(log, readFileSync(log).length - 1);
    expect(folder.ninja(['-n', 'a'], ninja).stdout).toContain('no work to do');
  });
});
