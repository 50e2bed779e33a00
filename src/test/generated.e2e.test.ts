/** Graphs in which compiles wait for what the build itself makes, and manifests that the build makes anew. */
import {readFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {differences} from './file-tree.ts';
import {check, openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {expectIdle, expectSameAsNinja, picture} from './same-as-ninja.ts';

const rig = useRig();

/** After an edit both programs name the same edges; then llama builds and ninja is idle. */
async function expectSameEdges(project: Project): Promise<string[]> {
  const expected = await project.ninjaWouldRun();
  expect(await project.llamaWouldRun()).toEqual(expected);
  await project.built();
  await expectIdle(project);
  return expected;
}

describe('generated files', () => {
  it('waits for a generated header, and for one that a generator writes beside its input', async () => {
    const project = await openProject(rig, 'generated-header');
    const {first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 2, local: 0});
    await project.write('version.txt', '1.2.4\n');
    const dirty = await expectSameEdges(project);
    expect(dirty.join('\n')).toMatch(/ -c .*main\.c$/m);
    expect(dirty.join('\n')).not.toMatch(/ -c .*quiet\.c$/m);
    await project.write('beside.in', '#define BESIDE 6\n');
    await project.built();
    // ninja knows of beside.h only that it changed: nobody declares who writes it.
    await project.built();
    await expectIdle(project);
  });

  it('compiles a generated source with its generated header', async () => {
    const project = await openProject(rig, 'generated-source');
    const {first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 2, local: 0});
    await project.append('table.txt', '11\n');
    expect((await expectSameEdges(project)).length).toBeGreaterThan(2);
  });

  it('compiles, links a generator, runs it and compiles the rest, twice over', async () => {
    const project = await openProject(rig, 'generator-chain');
    const {first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 8, local: 0});
    await project.append('support.c', 'int unused_addition(void) { return 1; }\n');
    await expectSameEdges(project);
    await project.write('alpha.td', 'another alpha table\n');
    const dirty = await expectSameEdges(project);
    expect(dirty.join('\n')).not.toMatch(/ -c .*use-beta\.c$/m);
  });
});

describe('what compiles make for compiles', () => {
  it('is waited for, and read as it is then', async () => {
    const project = await openProject(rig, 'compiled-from-outputs');
    const {first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 5, local: 0});
    await project.write('flags.in', '-DANSWER=43\n');
    await project.write('part.c', 'int part(void) { return 2; }\n');
    const restore = await project.keep();
    await expectSameEdges(project);
    const built = await picture(project);
    await restore();
    await project.builtByNinja();
    expect(differences(built.files, (await picture(project)).files)).toEqual([]);
  });

  it('is right where it is made while another compile only names it', async () => {
    const project = await openProject(rig, 'compiled-from-outputs');
    await project.built();
    for (const value of [2, 3, 4]) {
      await project.write('part.c', `int part(void) { return ${value}; }\n`);
      await project.append('beside.c', `int beside${value};\n`);
      await project.built(['-j', '1']);
      expect(await readFile(project.output('part.s'), 'utf8')).toContain(`$${value}`);
      const there = await readFile(project.output('around.o'));
      await project.remove('around.o');
      await project.builtByNinja(['around.o']);
      expect(there.equals(await readFile(project.output('around.o')))).toBe(true);
    }
  });
});

describe('CMake in the build', () => {
  it('configures again first when a CMakeLists.txt changed', async () => {
    const project = await openProject(rig, 'header-edits');
    await project.built();
    await project.append('CMakeLists.txt', 'target_compile_definitions(base PRIVATE ADDED=1)\n');
    const again = await project.built();
    expect(again.summary?.compiles.remote).toBe(1);
    await expectIdle(project);
    await project.append('CMakeLists.txt', 'add_library(more STATIC more.c)\n');
    await project.write('more.c', 'int more(void) { return 1; }\n');
    await expectSameAsNinja(project);
  });

  it('ends where ninja ends when the build writes a file that CMake reads', async () => {
    const project = await openProject(rig, 'cmake-rerun');
    const restore = await project.keep();
    await project.builtByNinja();
    await project.builtByNinja();
    const reference = await picture(project);
    expect([...reference.files.keys()].join('\n')).toContain('right.c.o');

    await restore();
    await project.built();
    await project.built();
    const now = await picture(project);
    expect([...now.files.keys()].sort()).toEqual([...reference.files.keys()].sort());
    expect(now.records.deps).toEqual(reference.records.deps);
    await expectIdle(project);

    await project.write('parts.txt', 'left.c\nmiddle.c\n');
    await project.built();
    await project.built();
    await expectIdle(project);
    const files = await picture(project);
    expect(files.records.deps).toHaveProperty(['CMakeFiles/app.dir/middle.c.o']);
  });

  it('finds a source that a CONFIGURE_DEPENDS glob matches from now on', async () => {
    const project = await openProject(rig, 'configure-depends-glob');
    // ninja -n always names the check of the globs; a real ninja runs it and finds nothing to do.
    await expectSameAsNinja(project, {alwaysDirty: true});
    expect((await check(project.ninja())).stdout).toContain('ninja: no work to do.');
    await project.write('parts/three.c', 'int three(void) { return 3; }\n');
    const added = await project.built();
    expect(added.summary?.compiles.remote).toBe(1);
    expect((await check(project.ninja())).stdout).toContain('ninja: no work to do.');
    await project.remove('parts/one.c');
    await project.built();
    expect((await check(project.ninja())).stdout).toContain('ninja: no work to do.');
    const archive = await check(rig.run('ar', ['t', project.output('libparts.a')]));
    expect(archive.stdout.trim().split('\n').sort()).toEqual(['three.c.o', 'two.c.o']);
  });

  it('fails as ninja does when CMake fails, and mends itself with the file', async () => {
    const project = await openProject(rig, 'header-edits');
    await project.built();
    const good = await project.read('CMakeLists.txt');
    await project.append('CMakeLists.txt', 'no_such_command()\n');
    const failed = await project.llama();
    expect(failed.status).toBe(1);
    expect(failed.all).toContain('no_such_command');
    await project.write('CMakeLists.txt', good);
    await project.built();
    await expectIdle(project);
  });
});
