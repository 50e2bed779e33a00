/** `--preset`: what `cmake --build --preset` would build, in its environment. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {differences, fileTree} from './file-tree.ts';
import {check, openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';

const rig = useRig();

const PRESETS = {
  version: 3,
  configurePresets: [
    {name: 'multi', generator: 'Ninja Multi-Config', binaryDir: `\${sourceParentDir}/build`},
    {name: 'single', generator: 'Ninja', binaryDir: `\${sourceDir}/out/\${presetName}`},
    {name: 'make', generator: 'Unix Makefiles', binaryDir: `\${sourceDir}/out/\${presetName}`},
  ],
  buildPresets: [
    {
      name: 'release',
      configurePreset: 'multi',
      configuration: 'Release',
      targets: ['part'],
      jobs: 1,
      environment: {CPATH: `\${sourceDir}/extra`},
    },
    {name: 'single', configurePreset: 'single', configuration: 'Release'},
  ],
};

async function openPresets(): Promise<Project> {
  const project = await openProject(rig, 'multi-config', {configure: false});
  await project.write('CMakePresets.json', JSON.stringify(PRESETS));
  // Found by the environment of the build alone.
  await project.write('part.c', '#include "only-there.h"\nint part(void) { return ONLY; }\n');
  await mkdir(project.path('extra'));
  await writeFile(project.path('extra/only-there.h'), '#define ONLY 8\n');
  return project;
}

function byPreset(project: Project, args: readonly string[]) {
  return rig.llama(['--preset', ...args], {cwd: project.source});
}

describe('a build preset', () => {
  it('is built as by cmake --build --preset, and leaves ninja idle', async () => {
    const project = await openPresets();
    await check(rig.run('cmake', ['--preset', 'multi'], {cwd: project.source}));
    const restore = await project.keep();
    await check(rig.run('cmake', ['--build', '--preset', 'release'], {cwd: project.source}));
    const reference = await fileTree(project.root);
    expect([...reference.keys()]).toContain('build/Release/libpart.a');
    expect([...reference.keys()]).not.toContain('build/Release/app');

    await restore();
    const done = await check(byPreset(project, ['release']));
    expect(done.summary?.compiles).toMatchObject({remote: 1, local: 0});
    expect(differences(reference, await fileTree(project.root))).toEqual([]);
    const ninja = await check(rig.run('cmake', ['--build', '--preset', 'release'], {cwd: project.source}));
    expect(ninja.stdout).toContain('no work to do');
  });

  it('gives way to what the command line says', async () => {
    const project = await openPresets();
    await check(rig.run('cmake', ['--preset', 'multi'], {cwd: project.source}));
    const said = await check(byPreset(project, ['release', '--config', 'Debug', '-n', 'app']));
    expect(said.stdout).toContain('main.c.o');
    expect(said.stdout).toContain('Debug');
    expect(said.stdout).not.toContain('Release');
  });

  it('names no configuration where a directory has only one, as with cmake', async () => {
    const project = await openPresets();
    await check(rig.run('cmake', ['--preset', 'single'], {cwd: project.source}));
    const said = await check(byPreset(project, ['single', '-n']));
    expect(said.stdout).toContain('part.c.o');
  });
});

describe('a preset that cannot be built', () => {
  it('is refused with the next step', async () => {
    const project = await openPresets();
    const refused = async (name: string, cwd = project.source) => {
      const done = await rig.llama(['--preset', name], {cwd});
      expect(done.status, done.all).toBe(2);
      return done.stderr;
    };
    expect(await refused('relase')).toContain(
      "there is no preset 'relase', did you mean 'release'?\n  there is release, single, multi, make\n",
    );
    expect(await refused('release')).toContain('is not configured yet\n  to do that: cmake --preset multi\n');
    const below = join(project.source, 'extra');
    expect(await refused('release', below)).toContain(
      `there is one in '${project.source}': call llama there`,
    );
    await project.write('CMakeUserPresets.json', '{"version": 3,\n  "buildPresets": [,]}\n');
    expect(await refused('release')).toContain('CMakeUserPresets.json:2: no JSON from column 20 on');
  });

  it('for another generator is refused as its directory is', async () => {
    const project = await openPresets();
    await check(rig.run('cmake', ['--preset', 'make'], {cwd: project.source}));
    const done = await byPreset(project, ['make']);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain("'out/make' is configured for Unix Makefiles");
  });
});
