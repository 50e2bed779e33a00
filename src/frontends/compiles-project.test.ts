import {existsSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {FailureError} from '../failure.ts';
import {NO_ENTRY} from '../graph/build-records.ts';
import {ninjaFolder} from '../test/ninja-folder.ts';
import {loadCompilesProject} from './compiles-project.ts';
import {Recorder} from './ninja/recorder.ts';
import type {Project} from './project.ts';

const SOURCES = ['a.c', 'a b.cc', 'sub/a.c', 'c.cc', 'c.c'];

interface Entry {
  readonly directory?: string;
  readonly command?: string;
  readonly arguments?: readonly string[];
  readonly file?: string;
  readonly output?: string;
}

/** Beside the list lie `files`, empty. */
function load(entries: readonly Entry[], files: readonly string[] = SOURCES): Project {
  const folder = ninjaFolder(Object.fromEntries(files.map(name => [name, ''])));
  folder.write({'compile_commands.json': JSON.stringify(entries).replaceAll('DIR', folder.path)});
  return loadCompilesProject({directory: folder.path, kind: 'compile-commands', commandsFile: undefined});
}

/** Each compile as `output < source`. */
function compiles({graph}: Project): string[] {
  const names = (ids: Int32Array) => Array.from(ids, id => graph.path(id)).join(' ');
  return Array.from(
    {length: graph.edgeCount},
    (_, edge) => `${names(graph.outs(edge))} < ${names(graph.orderingIns(edge))}`,
  );
}

describe('compile_commands.json', () => {
  it('takes the list of a compiler for its inputs, and none of an assembler, which leaves out most', () => {
    const {graph} = load(
      [{command: 'gcc -MD -MF a.d -c a.c -o a.o'}, {command: 'nasm -f elf64 -MD b.d -o b.o b.asm'}],
      ['a.c', 'b.asm'],
    );
    expect([0, 1].map(edge => graph.text(edge, 'depfile'))).toEqual(['a.d', '']);
  });

  it.each<[string, Entry[], string[]]>([
    ['command', [{command: 'gcc -c a.c -o x/a.o'}], ['x/a.o < a.c']],
    ['arguments', [{arguments: ['g++', '-DA=b c', '-c', 'a b.cc', '-o', 'a b.o']}], ['a b.o < a b.cc']],
    ['no output', [{command: 'gcc -c sub/a.c'}], ['a.o < sub/a.c']],
    ['paths that are not clean', [{command: 'gcc -c ./a.c -o x/..//a.o'}], ['a.o < a.c']],
    ['a relative directory', [{directory: 'sub', command: 'gcc -c ../a.c -o a.o'}], ['sub/a.o < a.c']],
    [
      'one source twice',
      [{command: 'gcc -c a.c -o 1.o'}, {command: 'gcc -DX -c a.c -o 2.o'}],
      ['1.o < a.c', '2.o < a.c'],
    ],
    [
      'headers',
      [{command: 'g++ -c a.h -o a.h.o'}, {command: 'g++ -c b.hpp'}, {command: 'g++ -c c.cc'}],
      ['c.o < c.cc'],
    ],
    [
      'what is no compile',
      [
        {command: 'gcc a.o -o a'},
        {command: 'ar rc l.a a.o'},
        {command: 'python gen.py'},
        {command: 'cc -c c.c'},
      ],
      ['c.o < c.c'],
    ],
    [
      'a compiler that is not known',
      [{command: 'mpicxx -MD -MF a.d -c c.cc -o c.o'}, {command: 'ar -c a.c'}],
      ['c.o < c.cc'],
    ],
    ['headers alone', [{command: 'g++ -c a.h -o a.h.o'}], []],
    [
      'a directory elsewhere',
      [{directory: '/etc', command: 'gcc -x c -c passwd -o x/p.o'}, {command: 'gcc -c a.c'}],
      ['/etc/x/p.o < /etc/passwd', 'a.o < a.c'],
    ],
    [
      'headers that have the whole command of a source, as extractors for Bazel list them',
      [
        {command: 'gcc -c a.c -o x/a.o', file: 'a.c'},
        {command: 'gcc -c a.c -o x/a.o', file: 'a.h'},
        {command: 'gcc -c a.c -o x/a.o', file: 'b.hpp'},
      ],
      ['x/a.o < a.c'],
    ],
    [
      'entries twice, however their object is named',
      [
        {command: 'gcc -c a.c -o x/a.o'},
        {command: 'gcc -c a.c -o x/a.o'},
        {directory: '.', arguments: ['gcc', '-c', 'a.c', '-o', 'x/a.o']},
      ],
      ['x/a.o < a.c'],
    ],
    [
      'a compiler with the flags of cl',
      [{command: 'clang-cl /nologo /c /Foout/c.obj -- c.cc', file: 'c.cc'}],
      ['out/c.obj < c.cc'],
    ],
    [
      'a precompiled header',
      [
        {command: 'gcc -Winvalid-pch -include pre.h -c a.c -o a.o'},
        {command: 'gcc -x c-header -include DIR/pre.h -o pre.h.gch -c c.c'},
      ],
      ['a.o < a.c pre.h.gch', 'pre.h.gch < c.c'],
    ],
    ['empty arguments', [{arguments: []}, {arguments: ['gcc', '-c', 'a.c']}], ['a.o < a.c']],
  ])('with %s', (_name, entries, expected) => {
    const project = load(entries);
    expect(compiles(project).map(text => text.replaceAll(project.directory, 'DIR'))).toEqual(expected);
    expect(project.warnings).toEqual([]);
  });

  it.each<[string, Entry[], RegExp]>([
    ['nothing', [], /^no compile in '.*compile_commands.json' \(0 entries read\)$/],
    ['nothing to compile', [{command: 'ar rc l.a a.o'}], /\(1 entry read\)$/],
    [
      'nothing that is there',
      [{command: 'gcc -c x.c'}, {command: 'gcc -c y.c'}],
      /no source .*'x\.c' for one$/,
    ],
  ])('is refused with %s', (_name, entries, text) => {
    const failure = expect.objectContaining({
      reason: 'option-invalid',
      text: expect.stringMatching(text),
      hint: expect.any(String),
    });
    expect(() => load(entries)).toThrow(expect.objectContaining({failure}));
  });

  it('leaves out what has no source yet, but for those who ask for it by name', () => {
    const project = load([
      {command: 'gcc -c x.cc -o x.o'},
      {command: 'gcc -S a.c -o made.s'},
      {command: 'gcc -c made.s -o made.o'},
      {command: 'gcc -c sub/y.c -o y.o'},
    ]);
    expect(compiles(project)).toHaveLength(4);
    const {defaults} = project.graph.arrays;
    expect(Array.from(defaults, node => project.graph.path(node))).toEqual(['made.s', 'made.o']);
    expect(project.warnings).toEqual([
      "2 sources are not there and are left out, 'x.cc' for one: make them with your own tool first",
    ]);
    const one = load([{command: 'gcc -c a.c'}, {command: 'gcc -c x.cc'}]);
    expect(one.warnings).toEqual([
      "1 source is not there and is left out, 'x.cc': make it with your own tool first",
    ]);
  });

  it('knows an object by whatever path leads to it', () => {
    const folder = ninjaFolder({'real/a.c': ''});
    symlinkSync('real', join(folder.path, 'link'));
    const places = ['real/a.c', './link/a.c', join(folder.path, 'link/../link/a.c')];
    const entries = places.map((source, at) => ({command: `gcc -DN=${at} -c ${source} -o ${source}.o`}));
    folder.write({'compile_commands.json': JSON.stringify(entries)});
    const project = loadCompilesProject({
      directory: folder.path,
      kind: 'compile-commands',
      commandsFile: undefined,
    });
    expect(compiles(project)).toEqual(['real/a.c.o < real/a.c']);
    expect(project.warnings).toEqual(["'real/a.c.o' is compiled more than once; the first command is taken"]);
  });

  it('leaves alone what Bear lists of links', () => {
    const project = load([
      {arguments: ['gcc', '-c', '-o', 'prog', 'a.c'], output: '/x/prog'},
      {arguments: ['gcc', '-c', '-fPIC', '-o', 'lib/y.so.1', 'a.c']},
      {arguments: ['gcc', '-c', '-o', 'two.x', 'a.c']},
      {arguments: ['gcc', '-c', '-o', 'two.x', 'c.c']},
      {arguments: ['gcc', '-c', '-o', 'a.pico', 'a.c']},
    ]);
    expect(compiles(project)).toEqual(['a.pico < a.c']);
    expect(project.warnings).toEqual([
      "3 links are listed as compiles, '/x/prog' for one: they are left to your own tool",
    ]);
    const one = load([{command: 'gcc -c -o prog a.c'}, {command: 'gcc -c c.c'}]);
    expect(one.warnings).toEqual([
      "'prog' is a link that is listed as a compile: it is left to your own tool",
    ]);
  });

  it('counts objects that are listed with other words', () => {
    const project = load([
      {command: 'gcc -c a.c'},
      {command: 'gcc -O1 -c a.c'},
      {command: 'gcc -O2 -c a.c'},
      {command: 'gcc -c c.cc'},
      {command: 'gcc -O1 -c c.cc'},
    ]);
    expect(compiles(project)).toEqual(['a.o < a.c', 'c.o < c.cc']);
    expect(project.warnings).toEqual([
      "2 objects are compiled more than once, 'a.o' for one; the first command of each is taken",
    ]);
  });

  it('takes the first of two commands for one output, and says so', () => {
    const project = load([{command: 'gcc -c a.c -o a.o'}, {command: 'gcc -O2 -c a.c -o ./a.o'}]);
    expect(project.graph.text(0, 'command')).toBe('gcc -c a.c -o a.o');
    expect(project.graph.edgeCount).toBe(1);
    expect(project.warnings).toEqual(["'a.o' is compiled more than once; the first command is taken"]);
  });

  it('tells the commands of two directories apart', () => {
    const [one, two] = ['one', 'two'].map(directory =>
      load([{directory, command: 'gcc -c a.c -o /x/a.o'}], [`${directory}/a.c`]),
    );
    expect(one!.graph.arrays.commandHash).not.toEqual(two!.graph.arrays.commandHash);
  });
});

describe('records', () => {
  it('are kept beside the list, and found again for the same command only', () => {
    const folder = ninjaFolder({
      'compile_commands.json': '[{"command": "gcc -c a.c"}]',
      'a.c': '',
      'a.o': '',
    });
    const again = () =>
      loadCompilesProject({directory: folder.path, kind: 'compile-commands', commandsFile: undefined});
    const {graph, records, directory, files} = again();
    const recorder = new Recorder({
      graph,
      records,
      directory,
      files,
      onProblem: text => expect.unreachable(text),
    });
    const deps = ['a.h', '/usr/include/stdio.h'].map(path => graph.intern(path));
    recorder.record(0, {mtime: 77n, duration: 5, deps});
    recorder.flush();
    recorder.close();
    const next = again();
    const output = next.graph.find('a.o')!;
    const [low = -1, high = -1] = next.graph.arrays.commandHash;
    expect(next.records.logMtime(output)).toBe(77n);
    expect(next.records.logHashEquals(output, low, high)).toBe(true);
    expect(Array.from(next.records.deps(output)!, id => next.graph.path(id))).toEqual([
      'a.h',
      '/usr/include/stdio.h',
    ]);
    expect(existsSync(join(folder.path, '.ninja_log'))).toBe(false);
    folder.write({'compile_commands.json': '[{"command": "gcc -O2 -c a.c"}, {"command": "gcc -c b.c"}]'});
    const changed = again();
    const [newLow = -1, newHigh = -1] = changed.graph.arrays.commandHash;
    expect(changed.records.logHashEquals(changed.graph.find('a.o')!, newLow, newHigh)).toBe(false);
    expect(changed.records.logMtime(changed.graph.find('b.o')!)).toBe(NO_ENTRY);
  });
});

describe('the output of ninja -t commands', () => {
  it('is a compile for each line that is one', () => {
    const manifest = `rule cc\n  command = gcc -MD -MF $out.d -c $in -o $out\nrule link\n  command = gcc $in -o $out\nbuild a$ b.o: cc a$ b.c\nbuild c.o: cc c.c\nbuild app: link a$ b.o c.o\n`;
    const folder = ninjaFolder({'build.ninja': manifest, 'a b.c': '', 'c.c': ''});
    folder.write({commands: `${folder.ninja(['-t', 'commands']).stdout}\n   \n`});
    const file = join(folder.path, 'commands');
    const project = loadCompilesProject({directory: folder.path, kind: 'commands', commandsFile: file});
    expect(compiles(project)).toEqual(['a b.o < a b.c', 'c.o < c.c']);
    expect(project.graph.text(0, 'depfile')).toBe('a b.o.d');
    expect(project.kind).toBe('commands');
  });

  it.each([
    ['', 0],
    ["ninja: error: loading 'build.ninja': No such file or directory\n", 1],
    ['# A project\n\nCall gcc to build it.\n', 2],
  ])('has to have a compile in it, unlike %j', (text, lines) => {
    const {path} = ninjaFolder({commands: text});
    const file = join(path, 'commands');
    const failure = expect.objectContaining({
      reason: 'option-invalid',
      text: `no compile in '${file}' (${lines} line${lines === 1 ? '' : 's'} read)`,
      hint: expect.stringContaining('ninja -C BUILD_DIR -t commands > FILE'),
    });
    expect(() => loadCompilesProject({directory: path, kind: 'commands', commandsFile: file})).toThrow(
      expect.objectContaining({failure}),
    );
  });

  it('has to be there', () => {
    const {path} = ninjaFolder();
    const attempt = () =>
      loadCompilesProject({directory: path, kind: 'commands', commandsFile: join(path, 'none')});
    expect(attempt).toThrow(FailureError);
    expect(attempt).toThrow(
      expect.objectContaining({failure: expect.objectContaining({reason: 'option-invalid'})}),
    );
  });
});
