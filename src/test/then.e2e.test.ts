/** What follows the compiles of a list: the user's own command, or the tool that CMake left in the build directory. */
import {existsSync, readFileSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {differences, type FileTree, fileTree} from './file-tree.ts';
import {check, openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {Running} from './run.ts';
import {expectNothingLeft} from './same-as-ninja.ts';
import {has} from './tools.ts';
import {untilExists} from './until.ts';

const rig = useRig();

/** Objects, archives and programs. */
async function made(project: Project, names: readonly RegExp[]): Promise<FileTree> {
  const all = await fileTree(project.root);
  return new Map(
    [...all].filter(([path]) => !path.includes('/.llama/') && names.some(name => name.test(path))),
  );
}

async function make(project: Project): Promise<string[]> {
  const {stdout} = await check(rig.run('make', [], {cwd: project.directory}));
  return stdout.split('\n').map(line => line.replace(/^\[ *\d+%\] /, ''));
}

describe('makefiles by CMake', () => {
  const MADE = [/\.o$/, /\.a$/, /\/build\/[a-z]+$/];

  async function configured(): Promise<Project> {
    const project = await openProject(rig, 'header-edits', {configure: false});
    const flags = ['-DCMAKE_EXPORT_COMPILE_COMMANDS=ON', '-DCMAKE_BUILD_TYPE=Debug'];
    await check(
      rig.run('cmake', ['-G', 'Unix Makefiles', '-S', project.source, '-B', project.directory, ...flags]),
    );
    return project;
  }

  it('are built to their end, with the files of a build by make, which goes on from them as from its own', async () => {
    const project = await configured();
    const restore = await project.keep();
    await make(project);
    const expected = await made(project, MADE);
    expect([...expected.keys()].filter(path => !path.endsWith('.o')).length).toBeGreaterThan(0);
    const idle = await make(project);
    await project.touch('include/deep.h');
    const touched = await make(project);
    expect(touched.filter(line => line.startsWith('Building')).length).toBeGreaterThan(0);

    await restore();
    const done = await project.built();
    expect(done.stdout).toContain('Linking');
    expect(done.stdout).not.toContain('Building');
    expect(differences(expected, await made(project, MADE))).toEqual([]);
    expect(await make(project)).toEqual(idle);
    await project.touch('include/deep.h');
    expect(await make(project)).toEqual(touched);
    await expectNothingLeft(rig);
  });

  it('are not gone on with after a failure, for targets that are named, or with another command', async () => {
    const project = await configured();
    const object = (await rig.llama([project.directory, '-n'])).stdout
      .split('\n')[0]!
      .replace('Building ', '');
    const one = await project.built([object]);
    expect(one.stdout).not.toContain('Linking');
    const other = await project.built(['--then', 'echo instead']);
    expect(other.stdout).toBe('instead\n');
    await project.append('base.c', '#error no\n');
    const failed = await project.llama();
    expect(failed.status).toBe(1);
    expect(failed.stdout).not.toContain('Built target');
  });

  it('are told of by -n', async () => {
    const project = await configured();
    const {stdout} = await project.built(['-n']);
    expect(stdout).toMatch(/\nthen: \/.*cmake --build \. --parallel \d+\n$/);
    expect((await made(project, MADE)).size).toBe(0);
  });
});

describe('makefiles by hand', () => {
  const MADE = [/\.o$/, /\.a$/, /\/(?:app|tool)$/];

  /** As Bear writes one of what this project's make runs, compiler options of dependencies and links left out. */
  async function listed(): Promise<Project> {
    const project = await openProject(rig, 'make-project');
    const entry = (folder: string, output: string, source: string, words: readonly string[] = []) => ({
      arguments: ['/usr/bin/gcc', '-O1', '-g', '-c', ...words, source],
      directory: project.path(folder).replace(/\/\.$/, ''),
      file: join(project.path(folder), source),
      ...(words.length === 0 ? {} : {output: join(project.path(folder), output)}),
    });
    const list = [
      entry('lib', 'low.o', 'low.c', ['-o', 'low.o']),
      entry('.', 'main.o', 'main.c'),
      entry('.', 'tool', 'tool.c', ['-o', 'tool']),
    ];
    await project.write('compile_commands.json', JSON.stringify(list));
    return project;
  }

  async function expectLikeMake(project: Project): Promise<void> {
    const restore = await project.keep();
    await make(project);
    const expected = await made(project, MADE);
    expect(expected.size).toBe(5);
    const idle = await make(project);
    await project.touch('lib/low.h');
    const touched = await make(project);

    await restore();
    const done = await project.built(['--then', 'make']);
    expect(done.stdout).not.toMatch(/ -c /);
    expect(done.stdout).toContain('tool.c -o tool');
    expect(differences(expected, await made(project, MADE))).toEqual([]);
    expect(await make(project)).toEqual(idle);
    await project.touch('lib/low.h');
    expect(await make(project)).toEqual(touched);
  }

  it('go on by --then make, as from a build of their own', async () => {
    await expectLikeMake(await listed());
  });

  it.skipIf(!has('bear'))('and so by what Bear lists itself (needs bear)', async () => {
    const project = await openProject(rig, 'make-project');
    await check(rig.run('bear', ['--', 'make'], {cwd: project.directory}));
    const remains = await made(project, MADE);
    expect(remains.size).toBe(5);
    for (const file of ['app', 'tool', 'main.o', 'lib/low.o', 'lib/liblow.a']) await project.remove(file);
    await expectLikeMake(project);
  });

  it('are not run uninvited: the command that does so is named, where something was compiled', async () => {
    const project = await listed();
    const args = ['build', project.directory, '--store', rig.store];
    const first = await check(rig.raw(args));
    const [, command = ''] = /make has the rest to do: llama (build .*)$/m.exec(first.stderr) ?? [];
    expect(existsSync(project.output('app'))).toBe(false);
    const again = await check(rig.raw(args));
    expect(again.stderr).not.toContain('make has');
    const words = ['-c', `"${process.execPath}" "${rig.program}" ${command}`];
    await check(rig.run('/bin/sh', words));
    await check(rig.run(project.output('app'), []));
  });

  it('that ask for dependency files are warned of where the list has none', async () => {
    const project = await listed();
    await project.write('lib/Makefile', 'low.o: low.c\n\tgcc -MMD -O1 -g -c -o low.o low.c\n');
    const done = await project.built();
    expect(done.stderr).toContain('warning: lib/Makefile asks for dependency files (-MMD)');
  });
});

describe('--then', () => {
  const entry = {directory: '.', file: 'a.c', command: 'gcc -c a.c -o a.o'};

  async function single(text = 'int a;\n'): Promise<Project> {
    const project = await openProject(rig, 'compile-commands');
    await project.write('a.c', text);
    await project.write('compile_commands.json', JSON.stringify([entry]));
    return project;
  }

  it('runs in the directory when the objects are there, with the environment and standard input of a shell', async () => {
    const project = await single();
    const command = 'pwd; ls a.o; echo "$LIGHT"; cat';
    const done = await project.built(['--then', command], {env: {LIGHT: 'green'}, stdin: 'typed'});
    expect(done.stdout).toBe(`${project.directory}\na.o\ngreen\ntyped`);
  });

  it('runs where nothing was to be compiled too', async () => {
    const project = await single();
    await project.built();
    const done = await project.built(['--then', 'echo on']);
    expect(done.stdout).toBe('on\n');
  });

  it('finds the directory free: another llama can build there', async () => {
    const project = await single();
    const again = `"${process.execPath}" "${rig.program}" build . --store "${rig.store}"`;
    const done = await project.built(['--then', again]);
    expect(done.stderr).toContain('nothing to do');
    expect(done.stderr).not.toContain('waiting');
  });

  it('runs after a build by ninja as well', async () => {
    const project = await openProject(rig, 'order-only');
    const done = await project.built(['--then', 'ninja -n']);
    expect(done.stdout).toContain('no work to do');
  });

  it('does not run after a failure', async () => {
    const project = await single('#error no\n');
    const failed = await project.llama(['--then', 'echo on']);
    expect(failed.status).toBe(1);
    expect(failed.stdout).toBe('');
  });

  it('is only told of by -n', async () => {
    const project = await single();
    const done = await project.built(['-n', '--then', 'echo on']);
    expect(done.stdout).toBe('Building a.o\nthen: echo on\n');
  });

  it('that fails makes the status 1, and its own is told', async () => {
    const project = await single();
    const failed = await project.llama(['--then', 'echo on; exit 7']);
    expect(failed.status).toBe(1);
    expect(failed.stdout).toBe('on\n');
    expect(failed.stderr).toContain("llama: error: 'echo on; exit 7' ended with status 7");
    expect(existsSync(project.output('a.o'))).toBe(true);
    expect((await project.built()).summary?.edges.dirty).toBe(0);
  });

  /** Two processes that wait for a writer who never comes. */
  const WAITING = '(echo > started; read x < gate.fifo); read y < gate.fifo';

  it.each([
    ['SIGINT', 'process', 130],
    ['SIGINT', 'group', 130],
    ['SIGTERM', 'process', 143],
  ] as const)('is ended by %s to the %s, with %i', async (signal, to, status) => {
    const project = await single();
    await check(rig.run('mkfifo', [project.path('gate.fifo')]));
    const running = project.startLlama(['--then', WAITING]);
    await untilExists(project.path('started'), running);
    running.signal(signal, to);
    const done = await running.done;
    expect(done.status, done.all).toBe(status);
    await expectNothingLeft(rig);
  });

  it.skipIf(!has('script'))(
    'ends in its own way by an interruption at the terminal (needs script)',
    async () => {
      const project = await single();
      await check(rig.run('mkfifo', [project.path('gate.fifo')]));
      await project.built();
      const pid = project.path('pid');
      await project.write(
        'wait.sh',
        "trap 'echo int >> ints; exit 3' INT\necho > started\nread x < gate.fifo\n",
      );
      const llama = `"${process.execPath}" "${rig.program}" build "${project.directory}" --store "${rig.store}"`;
      const running = new Running(
        'script',
        ['-qec', `echo $$ > "${pid}"; exec ${llama} --then 'sh wait.sh'`, '/dev/null'],
        {cwd: rig.scratch, env: rig.env},
      );
      await untilExists(project.path('started'), running);
      process.kill(-Number(readFileSync(pid, 'utf8')), 'SIGINT');
      const done = await running.done;
      expect(done.status, done.all).toBe(130);
      expect(await project.read('ints')).toBe('int\n');
      await expectNothingLeft(rig);
    },
  );

  it('ends with the client, however that ends', async () => {
    const project = await single();
    await check(rig.run('mkfifo', [project.path('gate.fifo')]));
    const running = project.startLlama(['--then', WAITING]);
    await untilExists(project.path('started'), running);
    running.signal('SIGKILL');
    await running.done;
    await expectNothingLeft(rig);
    await rm(project.path('started'));
  });
});
