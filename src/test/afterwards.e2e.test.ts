/** What the user does with his own tools after a build by llama: install, test, inspect, and clean. */
import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {check, openProject} from './project.ts';
import {useRig} from './rig.ts';
import {expectSameAsNinja} from './same-as-ninja.ts';

const rig = useRig();

describe('plain ninja afterwards', () => {
  it('installs and tests without compiling anything again', async () => {
    const prefix = join(rig.scratch, 'installed');
    const project = await openProject(rig, 'install-and-test', {
      configure: [`-DCMAKE_INSTALL_PREFIX=${prefix}`],
    });
    await expectSameAsNinja(project);
    const object = project.output('CMakeFiles/part.dir/part.c.o');
    const before = (await stat(object, {bigint: true})).mtimeNs;

    const tested = await project.builtByNinja(['test']);
    expect(tested.all).toContain('100% tests passed');
    const installed = await project.builtByNinja(['install']);
    expect(installed.all).not.toContain('Building C object');
    await check(rig.run(join(prefix, 'bin/app'), []));
    expect((await stat(object, {bigint: true})).mtimeNs).toBe(before);
  });

  it('installs by a llama build of that target too', async () => {
    const prefix = join(rig.scratch, 'installed by llama');
    const project = await openProject(rig, 'install-and-test', {
      configure: [`-DCMAKE_INSTALL_PREFIX=${prefix}`],
    });
    await project.built(['install']);
    await check(rig.run(join(prefix, 'bin/app'), []));
    expect(await project.ninjaWouldRun()).toEqual([]);
  });

  it('compacts, restats and cleans what llama recorded', async () => {
    const project = await openProject(rig, 'install-and-test');
    await project.built();
    const deps = await project.records();
    await project.builtByNinja(['-t', 'recompact']);
    expect(await project.records()).toEqual(deps);
    expect(await project.ninjaWouldRun()).toEqual([]);
    await project.builtByNinja(['-t', 'restat']);
    expect(await project.ninjaWouldRun()).toEqual([]);
    const clean = await project.builtByNinja(['-t', 'clean']);
    expect(clean.stdout).toContain('4 files');
    await project.built();
    expect(await project.ninjaWouldRun()).toEqual([]);
  });
});
