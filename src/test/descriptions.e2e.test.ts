/** Builds that are described by something else than a manifest: the compiles alone, with the same objects. */
import {rm, symlink} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {differences, type FileTree, fileTree} from './file-tree.ts';
import {check, openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {expectNothingLeft, expectSameAsNinja} from './same-as-ninja.ts';

const rig = useRig();

async function objects(project: Project): Promise<FileTree> {
  const all = await fileTree(project.root);
  return new Map([...all].filter(([path]) => path.endsWith('.o')));
}

/** The objects of a local build, with the project as it was before. */
async function localObjects(project: Project): Promise<FileTree> {
  const restore = await project.keep();
  await project.builtByNinja();
  const built = await objects(project);
  await restore();
  return built;
}

describe('compile_commands.json alone', () => {
  it('gives the objects of the local build', async () => {
    const project = await openProject(rig, 'mixed-languages', {
      configure: ['-DCMAKE_EXPORT_COMPILE_COMMANDS=ON', '-DCMAKE_BUILD_TYPE=Debug'],
    });
    const expected = await localObjects(project);
    await rm(project.output('build.ninja'));
    const done = await project.built();
    expect(differences(expected, await objects(project))).toEqual([]);
    const {remote = 0, cached = 0} = done.summary?.compiles ?? {};
    expect(remote + cached).toBe(expected.size);
    await expectNothingLeft(rig);
  });

  it('gives them with awkward names too', async () => {
    const project = await openProject(rig, 'awkward-names', {
      configure: ['-DCMAKE_EXPORT_COMPILE_COMMANDS=ON'],
    });
    const expected = await localObjects(project);
    await rm(project.output('build.ninja'));
    await project.built();
    expect(differences(expected, await objects(project))).toEqual([]);
  });

  it('reads command and arguments, relative directories, missing outputs, one source twice, and headers', async () => {
    const project = await openProject(rig, 'compile-commands');
    const restore = await project.keep();
    const gcc = (directory: string, ...args: string[]) =>
      check(rig.run('gcc', args, {cwd: project.path(directory)}));
    await check(rig.run('mkdir', [project.path('sub/out')]));
    await gcc('sub', '-I../inc', '-c', 'one.c', '-o', 'out/one.o');
    await gcc('.', '-DNAME="it\'s a \\"name\\""', '-c', 'name.c', '-o', 'name-a.o');
    await gcc('.', '-DNAME="a#b"', '-c', 'name.c', '-o', 'name-b.o');
    await gcc('sub', '-DNAME="no output named"', '-c', '../name.c');
    const expected = await objects(project);
    expect(expected.size).toBe(4);

    await restore();
    await project.built();
    expect(differences(expected, await objects(project))).toEqual([]);
  });

  it('compiles only what changed the second time', async () => {
    const project = await openProject(rig, 'compile-commands');
    await project.built();
    const idle = await project.built();
    expect(idle.summary?.edges.dirty).toBe(0);
    await project.write('inc/one.h', '#define ONE 11\n');
    const edited = await project.built();
    expect(edited.summary?.edges.dirty).toBe(1);
  });

  async function listed(files: Record<string, string>, command: string, directory = '.'): Promise<Project> {
    const project = await openProject(rig, 'compile-commands');
    for (const [name, text] of Object.entries(files)) await project.write(name, text);
    const entry = {directory: project.path(directory), command, file: 'a.c', output: 'a.o'};
    await project.write('compile_commands.json', JSON.stringify([entry]));
    return project;
  }

  it('compiles again what has its flags in a file that changed, after a build from the cache as well', async () => {
    const project = await listed(
      {'flags.rsp': '-DV=1', 'a.c': `/* ${rig.unique('')} */ int v = V;\n`},
      'gcc @flags.rsp -c a.c -o a.o',
    );
    await project.built();
    await project.remove('a.o');
    const cached = await project.built();
    expect(cached.summary?.compiles).toMatchObject({cached: 1});
    await project.write('flags.rsp', '-DV=2');
    const edited = await project.built();
    expect(edited.summary?.compiles).toMatchObject({remote: 1});
    const built = await objects(project);
    await check(rig.run('gcc', ['@flags.rsp', '-c', 'a.c', '-o', 'a.o'], {cwd: project.directory}));
    expect(differences(built, await objects(project))).toEqual([]);
  });

  it('starts a compiler that is named by its place from where the command runs', async () => {
    const project = await listed({'sub/a.c': 'int f(void) { return 1; }\n'}, './gcc -c a.c -o a.o', 'sub');
    await symlink('/usr/bin/gcc', project.path('sub/gcc'));
    await symlink('/usr/bin/g++', project.path('gcc'));
    await project.built();
    const built = await objects(project);
    await check(rig.run('./gcc', ['-c', 'a.c', '-o', 'a.o'], {cwd: project.path('sub')}));
    expect(differences(built, await objects(project))).toEqual([]);
  });

  it('names a header that is missing', async () => {
    const project = await openProject(rig, 'compile-commands');
    await project.remove('inc/one.h');
    const failed = await project.llama(['-k', '0']);
    expect(failed.status).toBe(1);
    expect(failed.all).toContain('one.h');
  });

  it('builds the rest where a source is not there, and says so once', async () => {
    const project = await openProject(rig, 'compile-commands');
    await project.write(
      'compile_commands.json',
      JSON.stringify([
        {directory: '.', file: 'sub/one.c', command: 'gcc -Iinc -c sub/one.c -o one.o'},
        {directory: '.', file: 'made.c', command: 'gcc -c made.c -o made.o'},
        {directory: 'sub', file: 'other.c', command: 'gcc -c other.c -o other.o'},
      ]),
    );
    const done = await project.built();
    expect([...(await objects(project)).keys()]).toEqual([expect.stringMatching(/\/?one\.o$/)]);
    expect(done.stderr.match(/not there/g)).toHaveLength(1);
    expect(done.stderr).toContain("2 sources are not there and are left out, 'made.c' for one");

    const named = await project.llama(['made.o']);
    expect(named.status).toBe(2);
    expect(named.stderr).toContain("'made.c', needed by 'made.o', missing and no known rule to make it");

    await project.write('made.c', 'int made;\n');
    const again = await project.built();
    expect(again.summary?.edges.dirty).toBe(1);
    expect(again.stderr).toContain('1 source is not there');
  });

  it.each([
    ['that is empty', '[]', 0],
    ['of links', '[{"directory": ".", "file": "a.o", "command": "gcc a.o -o a"}]', 1],
  ])('%s: is refused', async (_, text, count) => {
    const project = await openProject(rig, 'compile-commands');
    await project.write('compile_commands.json', text);
    const done = await project.llama();
    expect(done.status).toBe(2);
    expect(done.stderr).toMatch(
      new RegExp(`no compile in '.*compile_commands\\.json' \\(${count} entr\\w+ read\\)\\n.*CMAKE_EXPORT`),
    );
  });
});

describe('a compiler', () => {
  async function named(name: string): Promise<Project> {
    const project = await openProject(rig, 'compile-commands');
    await project.write('a.cc', `/* ${rig.unique('')} */ int f() { return 1; }\n`);
    await symlink('/usr/bin/g++', project.path(name));
    const words = `${project.path(name)} -O1 -c a.cc -o a.o`;
    await project.write('compile_commands.json', JSON.stringify([{command: words, file: 'a.cc'}]));
    return project;
  }

  it('of any name that ends as a driver does is known', async () => {
    const project = await named('mycxx-g++');
    const done = await project.built();
    expect(done.summary?.compiles).toMatchObject({remote: 1, local: 0});
    const built = await objects(project);
    await check(
      rig.run(project.path('mycxx-g++'), ['-O1', '-c', 'a.cc', '-o', 'a.o'], {cwd: project.source}),
    );
    expect(differences(built, await objects(project))).toEqual([]);
  });

  it('of another name compiles here, by a reason of its own', async () => {
    const project = await named('mpicxx');
    const done = await project.built();
    expect(done.summary?.compiles).toMatchObject({remote: 0, local: 1});
    expect(done.summary?.local_reasons).toEqual({'unknown-compiler': 1});
    expect([...(await objects(project)).keys()]).toHaveLength(1);
  });

  it('of another name has its reason in a build by ninja too', async () => {
    const project = await named('mpicxx');
    const rules =
      'rule cc\n  command = ./mpicxx -c $in -o $out\nrule link\n  command = ./mpicxx $in -o $out\n';
    await project.write('main.cc', 'int f(); int main() { return f() - 1; }\n');
    const edges = 'build a.o: cc a.cc\nbuild main.o: cc main.cc\nbuild app: link a.o main.o\n';
    await project.write('build.ninja', `${rules}${edges}`);
    await check(rig.run('rm', [project.path('compile_commands.json')]));
    const {summary} = (await expectSameAsNinja(project)).first;
    expect(summary?.edges).toMatchObject({compiles: 2});
    expect(summary?.local_reasons).toEqual({'unknown-compiler': 2});
  });
});

describe('--commands', () => {
  it('takes the output of ninja -t commands from standard input', async () => {
    const project = await openProject(rig, 'mixed-languages', {configure: ['-DCMAKE_BUILD_TYPE=Debug']});
    const expected = await localObjects(project);
    const {stdout} = await check(project.ninja(['-t', 'commands']));
    await rm(project.output('build.ninja'));
    const done = await project.built(['--commands', '-'], {stdin: stdout});
    expect(differences(expected, await objects(project))).toEqual([]);
    const {remote = 0, cached = 0} = done.summary?.compiles ?? {};
    expect(remote + cached).toBe(expected.size);
  });

  it('takes it from a file, awkward names and all', async () => {
    const project = await openProject(rig, 'awkward-names');
    const expected = await localObjects(project);
    const {stdout} = await check(project.ninja(['-t', 'commands']));
    await rm(project.output('build.ninja'));
    await project.write('commands of ninja', stdout);
    await project.built(['--commands', project.path('commands of ninja')]);
    expect(differences(expected, await objects(project))).toEqual([]);
  });

  it.each([
    ['nothing', '', '0 lines'],
    ['an error', "ninja: error: loading 'build.ninja': No such file or directory\n", '1 line'],
  ])('refuses %s', async (_, stdin, count) => {
    const project = await openProject(rig, 'compile-commands');
    const done = await project.llama(['--commands', '-'], {stdin});
    expect(done.status).toBe(2);
    expect(done.stderr).toContain(`no compile in what standard input gave (${count} read)`);
    expect(done.stderr).toContain('ninja -C BUILD_DIR -t commands');
  });

  it('leaves compiles with response files local', async () => {
    const project = await openProject(rig, 'mixed-languages', {
      configure: ['-DCMAKE_NINJA_FORCE_RESPONSE_FILE=ON'],
    });
    const {stdout} = await check(project.ninja(['-t', 'commands']));
    expect(stdout).toContain('.rsp');
    const done = await project.llama(['--commands', '-', '-k', '0'], {stdin: stdout});
    // There are no response files, so these compiles fail here as they would for anybody.
    expect(done.status).toBe(1);
    expect(done.summary?.compiles.remote).toBe(0);
  });
});
