import {chmodSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {digestOf} from '../protocol/digest.ts';
import {plant, write} from '../test/scan-rig.ts';
import {KeptSearchLists} from './kept-search-lists.ts';
import {SearchPaths, type SearchRequest} from './search-path.ts';

const BASE = {
  family: 'gcc',
  toolchain: digestOf('this compiler'),
  language: 'c++',
  env: {PATH: process.env.PATH},
  baseFlags: ['-std=c++14', '-m64', '-fopenmp', '-pthread'],
  quote: [],
  angle: [],
  system: [],
  after: [],
  embed: [],
} as const;

/** A folder with what stands in for a compiler: it prints `lists` after `before`, and leaves a mark of each run. */
class Place {
  readonly root = plant({'cache/': '', 'one/': '', 'other/': ''});
  readonly cache = join(this.root, 'cache');
  readonly request: SearchRequest;

  constructor(before: readonly string[] = [], lists: readonly string[] = [join(this.root, 'one')]) {
    const said = [
      ...before.map(line => line.replaceAll('ROOT', this.root)),
      '#include "..." search starts here:',
      '#include <...> search starts here:',
      ...lists.map(path => ` ${path}`),
      'End of search list.',
    ];
    writeFileSync(join(this.root, 'said'), `${said.join('\n')}\n`);
    const compiler = join(this.root, 'c++');
    writeFileSync(compiler, `#!/bin/sh\necho >>'${this.root}/runs'\ncat '${this.root}/said' >&2\n`);
    chmodSync(compiler, 0o755);
    this.request = {...BASE, compiler, cwd: this.root};
  }

  /** As a new process does. */
  async find(request: Partial<SearchRequest> = {}, cache = this.cache) {
    const found = await new SearchPaths(new KeptSearchLists(cache)).find({...this.request, ...request});
    if (!found.ok) throw new Error(found.error.text);
    return found.value;
  }

  get runs(): number {
    return readFileSync(join(this.root, 'runs'), 'utf8').length;
  }
}

describe('search lists kept on disk', () => {
  it.each([
    ['gcc', 'c'],
    ['g++', 'c++'],
  ])('are what %s prints', async (compiler, language) => {
    const cache = plant({});
    const find = (kept?: KeptSearchLists) =>
      new SearchPaths(kept).find({...BASE, compiler, language, cwd: '/', baseFlags: []});
    const asked = await find();
    expect(asked).toMatchObject({ok: true, value: {system: expect.arrayContaining(['/usr/include'])}});
    expect(await find(new KeptSearchLists(cache))).toEqual(asked);
    // In the place of the compiler's answer, to see that it is taken.
    const [name = ''] = readdirSync(join(cache, 'toolchains'));
    const file = join(cache, 'toolchains', name);
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    expect(kept.lists.bracket).toContain('/usr/include');
    writeFileSync(file, JSON.stringify({...kept, lists: {quote: [], bracket: ['/kept']}}));
    expect(await find(new KeptSearchLists(cache))).toMatchObject({value: {system: ['/kept']}});
  });

  it('spare the next process a run of the compiler', async () => {
    const place = new Place();
    const first = await place.find();
    expect(first.system).toEqual([join(place.root, 'one')]);
    expect(await place.find()).toEqual(first);
    expect((await place.find({angle: ['x']})).angle).toEqual(['x']);
    expect(place.runs).toBe(1);
  });

  it.each<[string, Partial<SearchRequest>]>([
    ['another compiler behind the name', {toolchain: digestOf('another')}],
    ['another language', {language: 'c'}],
    ['other flags', {baseFlags: ['-m32']}],
    ['another PATH', {env: {PATH: `${process.env.PATH}:/x`}}],
  ])('are asked for anew for %s', async (_, change) => {
    const place = new Place();
    await place.find();
    await place.find(change);
    expect(place.runs).toBe(2);
  });

  it.each<[string, string[], (root: string) => void]>([
    [
      'a directory has come',
      ['ignoring nonexistent directory "ROOT/late"'],
      root => write(root, 'late/', ''),
    ],
    ['a directory has gone', [], root => rmSync(join(root, 'one'), {recursive: true})],
    [
      'one that was a twin of another is another one now',
      ['ignoring duplicate directory "ROOT/other"', '  as it is a non-system directory that duplicates'],
      root => {
        rmSync(join(root, 'other'), {recursive: true});
        write(root, 'other/x', '');
      },
    ],
  ])('are asked for anew once %s', async (_, before, change) => {
    const place = new Place(before);
    await place.find();
    await place.find();
    expect(place.runs).toBe(1);
    change(place.root);
    await place.find();
    expect(place.runs).toBe(2);
  });

  it.each<[string, Partial<SearchRequest>]>([
    ['clang', {family: 'clang'}],
    ['a compiler whose contents are not known', {toolchain: undefined}],
    ['flags that name files', {baseFlags: ['-B', 'dir']}],
    ['a system root', {baseFlags: ['--sysroot=/x']}],
    ['a place of parts in a variable', {env: {...BASE.env, COMPILER_PATH: 'parts'}}],
    ['a prefix of parts in a variable', {env: {...BASE.env, GCC_EXEC_PREFIX: '/x/'}}],
    ['specs', {baseFlags: ['-specs=mine']}],
    ['words that name files', {baseFlags: ['-m64', '@args']}],
  ])('are not kept of %s', async (_, change) => {
    const place = new Place();
    await place.find(change);
    await place.find(change);
    expect(place.runs).toBe(2);
  });

  it.each<[string, string[], string[] | undefined]>([
    ['with a file of specs', ['Reading specs from ROOT/specs'], undefined],
    ['that complains', ['cc1plus: warning: ROOT/x: not a directory'], undefined],
    ['with a directory that depends on where it runs', [], ['include']],
    ['that looks beside itself', ['ignoring nonexistent directory "../include"'], undefined],
  ])('are not kept of an answer %s', async (_, before, lists) => {
    const place = new Place(before, lists);
    await place.find();
    await place.find();
    expect(place.runs).toBe(2);
  });

  it('do not rest on variables that no worker has', async () => {
    const place = new Place([], ['/built/in']);
    writeFileSync(
      join(place.root, 'c++'),
      `#!/bin/sh\nsed "s#/built/in#/built/in$GCC_ROOT#" '${place.root}/said' >&2\n`,
    );
    const env = {...BASE.env, GCC_ROOT: '/x', LIBRARY_PATH: '/x'};
    expect((await place.find({env})).system).toEqual(['/built/in']);
  });

  it('are asked for anew where a directory cannot be looked at any more', async () => {
    const place = new Place([], [join(plant({'in/a/': ''}), 'in/a')]);
    const [directory = ''] = (await place.find()).system;
    await place.find();
    expect(place.runs).toBe(1);
    rmSync(dirname(directory), {recursive: true});
    writeFileSync(dirname(directory), '');
    await place.find();
    expect(place.runs).toBe(2);
  });

  it('are asked for where what was kept is torn, or nothing can be kept', async () => {
    const place = new Place();
    const first = await place.find();
    const [name = ''] = readdirSync(join(place.cache, 'toolchains'));
    const file = join(place.cache, 'toolchains', name);
    writeFileSync(file, readFileSync(file).subarray(0, 20));
    expect(await place.find()).toEqual(first);
    expect(place.runs).toBe(2);
    const none = {files: [], directories: [], absent: []};
    for (const lists of [undefined, null, {}, {quote: [], bracket: [1]}, {quote: '', bracket: []}]) {
      writeFileSync(file, JSON.stringify({snapshot: none, lists}));
      expect(await place.find()).toEqual(first);
    }
    expect(place.runs).toBe(7);
    write(place.root, 'full', '');
    expect(await place.find({}, join(place.root, 'full'))).toEqual(first);
    expect(place.runs).toBe(8);
  });
});
