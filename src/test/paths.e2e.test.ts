/** Names and places of files that shells, depfiles and caches get wrong: the objects and records are ninja's all the same. */
import {symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {expectIdle, expectSameAsNinja} from './same-as-ninja.ts';

const rig = useRig();

describe('names', () => {
  it('takes spaces, %, @, =, quotes in definitions and non-ASCII in the names of sources and headers', async () => {
    const project = await openProject(rig, 'awkward-names');
    const {first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 8, local: 0});
  });

  it('takes them in the name of the directory too', async () => {
    const project = await openProject(rig, 'awkward-names', {name: 'a größe of $HOME (1) #2'});
    const {first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 8, local: 0});
  });

  it('records a depfile that ninja misreads as ninja misreads it', async () => {
    // Up to 1.12, ninja ends a path in a depfile at a quote or an ampersand, and so finds these always dirty.
    const project = await openProject(rig, 'awkward-names', {name: "it's “this” & that"});
    const {first} = await expectSameAsNinja(project, {alwaysDirty: true});
    expect(first.summary?.compiles).toMatchObject({remote: 8, local: 0});
  });

  it('takes quotes, # and $ in the names of sources, where CMake misnames the depfile', async () => {
    const project = await openProject(rig, 'misquoted-depfile');
    const {first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 3, local: 0});
  });

  it('names them in debug information as the local compiler does', async () => {
    const project = await openProject(rig, 'awkward-names', {
      name: 'with debug ü',
      configure: ['-DCMAKE_BUILD_TYPE=Debug'],
    });
    await expectSameAsNinja(project);
  });
});

describe('names that are not UTF-8', () => {
  /** Text of one character per byte. */
  const latin1 = (text: string) => Buffer.from(text, 'latin1');

  async function project(source: string): Promise<Project> {
    const opened = await openProject(rig, 'compile-commands');
    await opened.remove('compile_commands.json');
    await opened.write(
      'build.ninja',
      `rule cc
  command = gcc -MD -MF $out.d -c a.c -o $out
  deps = gcc
  depfile = $out.d
rule shell
  command = gcc -MD -MF $out.d -c a.c -o $out && :
  deps = gcc
  depfile = $out.d
rule plain
  command = gcc -MD -MF $out.d -c a.c -o $out
  depfile = $out.d
rule other
  command = gcc -E -MD -MF $out.d a.c -o $out
  deps = gcc
  depfile = $out.d
build deps.o: cc a.c
build shell.o: shell a.c
build plain.o: plain a.c
build a.i: other a.c
`,
    );
    await writeFile(opened.path('a.c'), latin1(source));
    await edit(opened, '#define VALUE 1\n');
    return opened;
  }

  async function edit(opened: Project, text: string): Promise<void> {
    await opened.tick();
    await writeFile(latin1(`${opened.source}/h\xe9.h`), text);
  }

  it('stay dependencies, for ninja as for llama', async () => {
    const opened = await project('#include "h\xe9.h"\nint value = VALUE;\n');
    await opened.built();
    await expectIdle(opened);
    await edit(opened, '#define VALUE 2\n');
    const all = await opened.ninjaWouldRun();
    expect(all).toHaveLength(4);
    expect(await opened.llamaWouldRun()).toEqual(all);
    await opened.builtByNinja();
    await expectIdle(opened);
    await edit(opened, '#define VALUE 3\n');
    await opened.built();
    await expectIdle(opened);
  });

  it.each([
    ['#if __has_include("h\xe9.h")\nint found;\n#endif\n'],
    ['__asm__("found: .incbin \\"h\xe9.h\\"");\n'],
  ])('are found here where a worker looks for them in vain: %j', async source => {
    const opened = await project(source);
    const done = await opened.built();
    expect(done.summary?.compiles.local).toBe(3);
    for (const object of ['deps.o', 'shell.o', 'plain.o'])
      expect((await rig.run('nm', [opened.output(object)])).stdout).toContain('found');
    await expectIdle(opened);
  });
});

describe('symlinks', () => {
  it('does not clean a path that leaves a symlinked directory by ..', async () => {
    const project = await openProject(rig, 'symlinked-source');
    const {first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 2, local: 0});
  });

  it('builds a source tree that is reached through a symlink', async () => {
    const project = await openProject(rig, 'mixed-languages', {
      linkedSource: true,
      configure: ['-DCMAKE_BUILD_TYPE=Debug'],
    });
    const {first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles.local).toBe(0);
  });

  it('records the directory of compilation that PWD names when the shell came through a symlink', async () => {
    const project = await openProject(rig, 'mixed-languages', {configure: ['-DCMAKE_BUILD_TYPE=Debug']});
    const link = join(rig.scratch, 'way in');
    await symlink(project.root, link);
    await expectSameAsNinja(project, {cwd: join(link, 'build')});
  });
});

describe('command lines', () => {
  it('reads compiles from response files', async () => {
    const project = await openProject(rig, 'mixed-languages', {
      configure: ['-DCMAKE_NINJA_FORCE_RESPONSE_FILE=ON', '-DCMAKE_EXPORT_COMPILE_COMMANDS=OFF'],
    });
    const {first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles.local).toBe(0);
  });

  it('reads response files that name paths with spaces', async () => {
    const project = await openProject(rig, 'mixed-languages', {
      name: 'response files ü',
      configure: ['-DCMAKE_NINJA_FORCE_RESPONSE_FILE=ON', '-DCMAKE_BUILD_TYPE=Debug'],
    });
    await expectSameAsNinja(project);
  });
});

describe('the umask', () => {
  it('gives outputs the modes that the umask leaves', async () => {
    const project = await openProject(rig, 'generated-header');
    const {reference} = await expectSameAsNinja(project, {umask: '027'});
    expect(reference.files.get('build/CMakeFiles/app.dir/main.c.o')).toMatch(/^640 /);
  });
});

describe('the directory argument', () => {
  it('is ./build when left out, and else the current directory', async () => {
    const project = await openProject(rig, 'header-edits');
    const above = await rig.llama([], {cwd: project.root});
    expect(above.status, above.all).toBe(0);
    expect(above.summary?.edges.dirty).toBeGreaterThan(0);
    const inside = await rig.llama([], {cwd: project.directory});
    expect(inside.status, inside.all).toBe(0);
    expect(inside.summary?.edges.dirty).toBe(0);
    expect(await project.ninjaWouldRun()).toEqual([]);
  });
});
