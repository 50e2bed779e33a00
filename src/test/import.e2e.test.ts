/** `llama import`: what a compile_commands.json gives, told before it is built, and which list a directory is built by. */
import {existsSync, readdirSync} from 'node:fs';
import {mkdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {check, openProject, type Project} from './project.ts';
import {type LlamaOptions, useRig} from './rig.ts';
import type {Run} from './run.ts';

const rig = useRig();

interface Entry {
  readonly directory?: string;
  readonly command?: string;
  readonly arguments?: readonly string[];
  readonly file?: string;
}

/** A folder with two sources and `entries` as the list of this name. */
async function listed(entries: readonly Entry[], name = 'compile_commands.json'): Promise<Project> {
  const project = await openProject(rig, 'compile-commands');
  await project.remove('compile_commands.json');
  await project.write('a.c', 'int a;\n');
  await project.write('b.c', 'int b;\n');
  await project.write(name, JSON.stringify(entries));
  return project;
}

function llama(project: Project, args: readonly string[], options: LlamaOptions = {}): Promise<Run> {
  return rig.raw(args, {cwd: project.directory, ...options});
}

const ONE = {directory: '.', command: 'gcc -c a.c -o a.o', file: 'a.c'};
const OTHER = {directory: '.', command: 'gcc -c b.c -o b.o', file: 'b.c'};

function objects(project: Project): string[] {
  return readdirSync(project.directory).filter(name => name.endsWith('.o'));
}

function build(project: Project): Promise<Run> {
  return check(llama(project, ['build', '--store', rig.store]));
}

describe('what is told', () => {
  async function told(entries: readonly Entry[]): Promise<string> {
    const project = await listed(entries);
    return (await check(llama(project, ['import', '.']))).stdout;
  }

  it('is all that a list of compiles alone gives, in a few lines', async () => {
    expect(await told([ONE, OTHER])).toBe(
      'compile_commands.json: 2 entries, 2 compiles\n  2 remote, 0 local\nto build it: llama build .\n',
    );
  });

  it('is each thing that is not simply built, with its number and an example', async () => {
    const text = await told([
      ONE,
      ONE,
      {command: 'gcc -O2 -c a.c -o a.o'},
      {command: 'gcc -c inc/one.h', file: 'inc/one.h'},
      {arguments: ['gcc', '-c', '-o', 'prog', 'a.c']},
      {command: 'nvcc -c k.cu -o k.o'},
      {command: 'gcc -c none.c -o none.o'},
      {command: 'gcc -c `ls` -o'},
    ]);
    expect(text.split('\n')).toEqual([
      'compile_commands.json: 8 entries, 2 compiles',
      '  1 remote, 0 local',
      '  besides',
      '    1 said before: the same object by the same words, built once',
      '    1 listed with other words as well: the first command is taken (a.o)',
      '    1 link listed as a compile: left to your own tool (prog)',
      '    1 header: nothing to build',
      '    1 that needs a shell and names no output: left to your own tool',
      '    1 no compile of C or C++: left to your own tool (nvcc)',
      '    1 source not there: left out, make it with your own tool first (none.c)',
      'to build it: llama build .',
      '',
    ]);
  });

  it('is why compiles stay here, by the names of every build', async () => {
    const text = await told([
      {command: 'gcc -save-temps -c a.c -o a.o'},
      {command: 'gcc -save-temps -c a.c -o 2.o'},
      {command: 'mpicxx -c a.c -o 3.o'},
      {command: 'none-such-gcc -c a.c -o 4.o'},
      {command: 'clang-cl /c /Fo5.obj -- a.c'},
      {command: 'clang -arch arm64 -I/x/App.hmap -c a.c -o 6.o'},
      {command: 'clang -fmodules -fmodules-cache-path=/x -c a.c -o 7.o'},
      {command: 'clang -index-store-path /x -index-unit-output-path /7.o -c a.c -o 8.o'},
      OTHER,
    ]);
    expect(text).toContain('9 entries, 9 compiles\n  1 remote, 8 local\n    2 save-temps: ');
    for (const reason of [
      'unknown-compiler: ',
      'compiler-missing: no such compiler is found along PATH, or it cannot be executed (none-such-gcc of 4.o)',
      "cl-driver: the compiler takes its flags as Microsoft's cl does (clang-cl of 5.obj)",
      'header-map: a header map of Xcode says where headers are (-I/x/App.hmap of 6.o)',
      'modules: ',
      'side-output: ',
    ]) {
      expect(text).toContain(`    1 ${reason}`);
    }
  });

  it('names make where that has the rest to do', async () => {
    const project = await openProject(rig, 'make-project');
    await project.write(
      'compile_commands.json',
      JSON.stringify([{directory: '.', command: 'gcc -c main.c', file: 'main.c'}]),
    );
    const {stdout} = await check(rig.raw(['import', project.directory]));
    expect(stdout).toContain(`to build it: llama build ${project.directory} --then make\n`);
  });
});

describe('a list', () => {
  it('that is its directory’s own is used without anything being kept', async () => {
    const project = await listed([ONE]);
    const {stdout} = await check(rig.raw(['import', join(project.directory, 'compile_commands.json')]));
    expect(stdout).toContain(`to build it: llama build ${project.directory}\n`);
    expect(existsSync(join(project.directory, '.llama'))).toBe(false);
  });

  it('of another name is what the directory is built by, and what it says later too, until it is dropped', async () => {
    const project = await listed([ONE], 'other.json');
    const {stdout} = await check(llama(project, ['import', 'other.json']));
    expect(stdout).toContain('kept for .; to build it: llama build .\nto drop it: llama import --forget .\n');
    const first = await build(project);
    expect(first.stderr).toContain('by an imported list');
    expect(objects(project)).toEqual(['a.o']);
    await project.write('other.json', JSON.stringify([ONE, OTHER]));
    await build(project);
    expect(objects(project)).toEqual(['a.o', 'b.o']);
    const forgotten = await check(llama(project, ['import', '--forget']));
    expect(forgotten.stdout).toBe('forgotten: . is built by what lies there\n');
    expect((await llama(project, ['build'])).stderr).toContain('no build description');
    const again = await check(llama(project, ['import', '--forget']));
    expect(again.stdout).toBe('nothing was imported for .\n');
  });

  it('from standard input is kept, and its directories count from the one that is built', async () => {
    const project = await listed([], 'unused.json');
    const text = JSON.stringify([{directory: 'sub', command: 'gcc -c ../a.c -o ../a.o', file: '../a.c'}]);
    const {stdout} = await check(llama(project, ['import', '-'], {stdin: text}));
    expect(stdout).toContain('standard input: 1 entry, 1 compile\n');
    await build(project);
    expect(objects(project)).toEqual(['a.o']);
  });

  it('for another directory comes before its build.ninja, and its own directories count from where it lies', async () => {
    const project = await listed([ONE]);
    const other = join(project.directory, 'build');
    await mkdir(other);
    await project.write('build/build.ninja', 'rule no\n  command = false\nbuild x: no\n');
    const {stdout} = await check(llama(project, ['import', 'compile_commands.json', 'build']));
    expect(stdout).toContain(
      'kept for build, in place of build/build.ninja; to build it: llama build build\n' +
        'to drop it: llama import --forget build\n',
    );
    await build(project);
    expect(objects(project)).toEqual(['a.o']);
    expect(readdirSync(other).sort()).toEqual(['.llama', 'build.ninja']);
  });

  it('beside a build.ninja gives way to it, and that is said', async () => {
    const project = await listed([ONE]);
    await project.write('build.ninja', 'rule cc\n  command = gcc -c $in -o $out\nbuild b.o: cc b.c\n');
    const {stdout} = await check(llama(project, ['import', '.']));
    expect(stdout).toContain('build.ninja has the links too, and is what is built: llama build .\n');
    await build(project);
    expect(objects(project)).toEqual(['b.o']);
  });

  it('of the directory itself ends what was imported before', async () => {
    const project = await listed([ONE]);
    await project.write('other.json', JSON.stringify([OTHER]));
    await check(llama(project, ['import', 'other.json']));
    await check(llama(project, ['import', '.']));
    await build(project);
    expect(objects(project)).toEqual(['a.o']);
  });

  it('that is gone is named with how to do without it', async () => {
    const project = await listed([ONE], 'other.json');
    await check(llama(project, ['import', 'other.json']));
    await rm(project.path('other.json'));
    const failed = await llama(project, ['build']);
    expect(failed.status).toBe(2);
    expect(failed.stderr).toMatch(
      /^llama: error: '.*other\.json', which was imported for '.*', is not there any more\n {2}to build without it: llama import --forget .*\n$/,
    );
  });
});

describe('refused is', () => {
  it.each([
    ['a file that is not there', ['import', 'none.json'], /there is no file 'none\.json'\n.*bear -- make/],
    [
      'a directory without a list',
      ['import', 'inc'],
      /there is no compile_commands\.json in 'inc'\n.*EXPORT/,
    ],
    ['a directory that is not there', ['import', 'a.json', 'none'], /there is no directory 'none'/],
    ['nothing', ['import'], /llama import needs a compile_commands\.json/],
    ['too much', ['import', 'a', 'b', 'c'], /unexpected argument 'c'/],
    ['an unknown flag', ['import', '--forge'], /did you mean --forget\?/],
    ['a list of nothing', ['import', 'empty.json'], /no compile in 'empty\.json' \(0 entries read\)/],
    ['a list of links', ['import', 'links.json'], /no compile in 'links\.json' \(1 entry read\)/],
    ['broken JSON', ['import', 'broken.json'], /broken\.json:1:.*line 1, column 2/],
    ['wrong types', ['import', 'wrong.json'], /entry 1: 'file' is no text/],
  ])('%s', async (_, args, text) => {
    const project = await listed([ONE], 'a.json');
    await project.write('empty.json', '[]');
    await project.write('links.json', '[{"command": "gcc a.o -o a"}]');
    await project.write('broken.json', '[,]');
    await project.write('wrong.json', '[{"command": "gcc -c a.c", "file": 3}]');
    const failed = await llama(project, args);
    expect(failed.status).toBe(2);
    expect(failed.stdout).toBe('');
    expect(failed.stderr).toMatch(text);
    expect(existsSync(join(project.directory, '.llama'))).toBe(false);
  });
});
