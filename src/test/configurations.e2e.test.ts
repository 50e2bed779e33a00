/** Several manifests in one directory, as CMake's "Ninja Multi-Config" writes them: they share ninja's logs, and nothing else. */
import {readdir} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {differences, fileTree} from './file-tree.ts';
import {dryCommands, parseDeps, readCommands} from './ninja-records.ts';
import {check, openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {Watching} from './watching.ts';

const rig = useRig();

const MANIFESTS = ['build-Debug.ninja', 'build-Release.ninja', 'build.ninja'];

async function openMulti(): Promise<Project> {
  const project = await openProject(rig, 'multi-config', {configure: false});
  await check(rig.run('cmake', ['-G', 'Ninja Multi-Config', '-S', project.source, '-B', project.directory]));
  return project;
}

async function expectIdleFor(project: Project, manifests: readonly string[]): Promise<void> {
  for (const manifest of manifests) {
    const ninja = await project.builtByNinja(['-f', manifest, '-d', 'explain']);
    expect(ninja.all, manifest).toContain('ninja: no work to do.');
    const llama = await project.built(['-f', manifest]);
    expect(llama.summary?.edges.dirty, manifest).toBe(0);
  }
}

async function deps(project: Project, manifest: string) {
  return parseDeps((await project.builtByNinja(['-f', manifest, '-t', 'deps'])).stdout);
}

describe('two configurations of one directory', () => {
  it('are built one after the other like ninja does, and leave it idle for both', async () => {
    const project = await openMulti();
    const restore = await project.keep();
    await project.builtByNinja(['-f', 'build-Debug.ninja']);
    await project.builtByNinja(['-f', 'build-Release.ninja']);
    const reference = await fileTree(project.root);
    const commands = await readCommands(project.directory);
    const ofRelease = await deps(project, 'build-Release.ninja');

    await restore();
    const debug = await project.built(['--config', 'Debug']);
    expect(debug.summary?.compiles).toMatchObject({remote: 2, local: 0});
    const release = await project.built(['-f', 'build-Release.ninja']);
    expect(release.summary?.compiles).toMatchObject({remote: 2, local: 0});
    expect(differences(reference, await fileTree(project.root))).toEqual([]);
    expect(await readCommands(project.directory)).toEqual(commands);
    expect(await deps(project, 'build-Release.ninja')).toEqual(ofRelease);
    await expectIdleFor(project, MANIFESTS);

    // One graph for each manifest, kept beside the others.
    const names = (await readdir(project.output('.llama'))).filter(name => name.startsWith('snapshot'));
    const records = names.filter(name => name.endsWith('.records'));
    expect([names.length, records.length]).toEqual([2 * MANIFESTS.length, MANIFESTS.length]);
  });

  it('see an edit each for itself', async () => {
    const project = await openMulti();
    await project.built(['--config', 'Debug']);
    await project.built(['--config', 'Release']);
    await project.write('shared.in', '#define SHARED 4\n');
    for (const config of ['Debug', 'Release']) {
      const dirty = dryCommands(
        (await project.builtByNinja(['-f', `build-${config}.ninja`, '-n', '-v'])).stdout,
      );
      expect(dirty.length).toBeGreaterThan(2);
      const said = await project.built(['--config', config, '-n', '-v']);
      expect(said.stdout.trim().split('\n').sort()).toEqual(dirty);
      await project.built(['--config', config]);
    }
    await expectIdleFor(project, MANIFESTS);
    const app = await check(rig.run(project.output('Release/app'), []));
    expect(app.stdout).toBe('Release 4\n');
  });

  it('are made anew with their manifests, whichever is asked for', async () => {
    const project = await openMulti();
    await project.built(['--config', 'Release']);
    await project.append('CMakeLists.txt', 'target_compile_definitions(app PRIVATE MORE)\n');
    const done = await project.built(['--config', 'Release']);
    expect(done.summary?.edges.dirty).toBeGreaterThan(0);
    expect(await project.ninjaWouldRun(['-f', 'build-Release.ninja'])).toEqual([]);
    await project.built(['--config', 'Debug']);
    await expectIdleFor(project, MANIFESTS);
  });

  it('are watched each by its own manifest', async () => {
    const project = await openMulti();
    const watching = new Watching(project, ['--config', 'Release']);
    await watching.built();
    await project.write('shared.in', '#define SHARED 5\n');
    await watching.untilIdle(['-f', 'build-Release.ninja']);
    await project.append('CMakeLists.txt', 'target_compile_definitions(app PRIVATE MORE)\n');
    await watching.untilIdle(['-f', 'build-Release.ninja']);
    expect((await watching.end()).status).toBe(130);
    const app = await check(rig.run(project.output('Release/app'), []));
    expect(app.stdout).toBe('Release 5\n');
    await expectIdleFor(project, ['build-Release.ninja']);
  });
});

describe('a configuration that is not there', () => {
  it('is refused with the names of those that are', async () => {
    const project = await openMulti();
    const done = await project.llama(['--config', 'release']);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain(
      `'${project.directory}' has no configuration 'release', it has Debug, RelWithDebInfo, Release`,
    );
    expect(done.stderr).toContain('did you mean Release?');
    const file = await project.llama(['-f', 'build-Fast.ninja']);
    expect(file.status).toBe(2);
    expect(file.stderr).toContain(
      'there is build-Debug.ninja, build-RelWithDebInfo.ninja, build-Release.ninja, build.ninja',
    );
  });

  it('is refused with the build type of a directory that has only one', async () => {
    const project = await openProject(rig, 'multi-config', {configure: ['-DCMAKE_BUILD_TYPE=Release']});
    const done = await project.llama(['--config', 'Debug']);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain("holds one configuration only, its CMAKE_BUILD_TYPE is 'Release'");
    await project.built(['--config', 'Release']);
  });
});

describe('a manifest by another name', () => {
  it('goes by its own builddir, and a journal of its own', async () => {
    const project = await openProject(rig, 'manifest-language');
    await check(rig.run('mv', [project.output('build.ninja'), project.output('other.ninja')]));
    await project.built(['-f', './other.ninja']);
    const ninja = await project.builtByNinja(['-f', 'other.ninja', '-d', 'explain']);
    expect(ninja.all).toContain('ninja: no work to do.');
    expect(await readdir(project.output('logs dir'))).toContain('.ninja_log');
    const journals = (await readdir(project.output('.llama'))).filter(name => name.startsWith('journal'));
    expect(journals).toEqual([expect.stringMatching(/^journal-[0-9a-f]{16}$/)]);
    const none = await project.llama();
    expect(none.status).toBe(2);
  });

  it('is made anew by itself', async () => {
    const project = await openProject(rig, 'order-only');
    await project.remove('build.ninja');
    await project.write('new.c', 'int one(void) { return 1; }\n');
    const manifest = (flags: string) =>
      `rule again\n  command = cp more.in more.ninja\n  generator = 1\nrule cc\n  command = gcc ${flags} -c $in -o $out\nbuild more.ninja: again more.in\nbuild new.o: cc new.c\n`;
    await project.write('more.in', manifest('-O0'));
    await check(rig.run('cp', [project.path('more.in'), project.path('more.ninja')]));
    await project.built(['-f', 'more.ninja']);
    await expectIdleFor(project, ['more.ninja']);
    await project.write('more.in', manifest('-O1'));
    const done = await project.built(['-f', 'more.ninja', '-v']);
    expect(done.summary?.compiles).toMatchObject({remote: 1});
    await expectIdleFor(project, ['more.ninja']);
    expect(await project.read('more.ninja')).toContain('-O1');
  });
});
