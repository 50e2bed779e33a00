/** Ninja files as GN writes them: a toolchain with rules, a subninja for each target, response files, stamps, and a manifest behind a phony. */
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {check, openProject, Project} from './project.ts';
import {useRig} from './rig.ts';
import {expectIdle, expectSameAsNinja, picture} from './same-as-ninja.ts';

const rig = useRig();

async function openGn(): Promise<Project> {
  const {root, source} = await openProject(rig, 'gn-style');
  const directory = join(source, 'out/Default');
  await mkdir(directory, {recursive: true});
  await check(rig.run('sh', ['../../gn.sh'], {cwd: directory}));
  return new Project(rig, {root, source, directory});
}

describe('a build that GN describes', () => {
  it('is built as ninja builds it', async () => {
    const project = await openGn();
    const {first, again} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 5, local: 0});
    expect(again.summary?.compiles).toMatchObject({remote: 0, cached: 5, local: 0});
    const said = await check(rig.run(project.output('hello'), []));
    expect(said.stdout).toBe('gn style 1.2 10\n');
  });

  it('is built again where a header was touched, edited or generated anew', async () => {
    const project = await openGn();
    await project.built();
    await expectIdle(project);
    const rebuilt = async (change: () => Promise<void>, least: number) => {
      await change();
      const dirty = await project.ninjaWouldRun();
      expect(dirty.length).toBeGreaterThanOrEqual(least);
      expect(await project.llamaWouldRun()).toEqual(dirty);
      const restore = await project.keep();
      await project.builtByNinja();
      const reference = await picture(project);
      await restore();
      await project.built();
      const now = await picture(project);
      expect([...now.files]).toEqual([...reference.files]);
      expect(now.records).toEqual(reference.records);
      await expectIdle(project);
    };
    await rebuilt(() => project.touch('lib.h'), 5);
    await rebuilt(
      () =>
        project.write(
          'part.h',
          `${'#pragma once\n'}#include <cstddef>\nconst char *part();\nextern "C" int lib(int);\nextern "C" int api(int);\n`,
        ),
      3,
    );
    await rebuilt(() => project.write('VERSION', '1.3\n'), 3);
    // The header that is made of it stays as it is.
    await rebuilt(() => project.write('VERSION', '1.3\nanother second line\n'), 2);
    // What the shared library exports is as before: nothing is linked against it anew.
    await rebuilt(() => project.append('api.c', '\n'), 2);
  });

  it('is described anew where BUILD.gn has changed', async () => {
    const project = await openGn();
    await project.built();
    await project.write('more.cc', 'int more() { return 1; }\n');
    await project.write('BUILD.gn', 'main.cc\npart.cc\nmore.cc\n');
    const done = await project.built();
    expect(done.summary?.compiles).toMatchObject({remote: 1, local: 0});
    await expectIdle(project);
  });

  it('has targets by the names that GN gives them', async () => {
    const project = await openGn();
    await expectSameAsNinja(project, {targets: ['hello:hello']});
  });
});
