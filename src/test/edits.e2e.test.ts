/** One edit at a time on a built project: which edges become dirty, why, and that one build is enough. */
import {beforeAll, describe, expect, it} from 'vitest';
import {openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {expectIdle} from './same-as-ninja.ts';

const rig = useRig();

let project: Project;
let restore: () => Promise<void>;

beforeAll(async () => {
  project = await openProject(rig, 'header-edits');
  await project.built();
  await expectIdle(project);
  restore = await project.keep();
});

/** The one project of this file, as it was after its first build. */
async function builtProject(): Promise<Project> {
  await restore();
  return project;
}

const EDITS: readonly [name: string, edges: number, edit: (project: Project) => Promise<unknown>][] = [
  ['a header deep in the tree is touched', 4, project => project.touch('include/deep.h')],
  ['a header of one source is edited', 2, project => project.write('include/doomed.h', '#define DOOMED 2\n')],
  ['a source is touched', 2, project => project.touch('main.c')],
  ['a source is edited', 3, project => project.append('base.c', 'int more;\n')],
  ['an object is deleted', 2, project => project.remove('../build/CMakeFiles/app.dir/main.c.o')],
  ['a library is deleted', 2, project => project.remove('../build/libbase.a')],
  ['the program is deleted', 1, project => project.remove('../build/app')],
  ['an object is touched', 2, project => project.touch('../build/CMakeFiles/app.dir/main.c.o')],
  ['one target is cleaned', 3, project => project.builtByNinja(['-t', 'clean', 'base'])],
  ['everything is cleaned', 5, project => project.builtByNinja(['-t', 'clean'])],
  ['the logs are compacted', 0, project => project.builtByNinja(['-t', 'recompact'])],
  ['the build log is deleted', 5, project => project.remove('../build/.ninja_log')],
  ['the deps log is deleted', 5, project => project.remove('../build/.ninja_deps')],
];

describe('after one edit both name the same edges, and one build settles it', () => {
  it.each(EDITS)('%s', async (_, edges, edit) => {
    const project = await builtProject();
    await edit(project);
    const expected = await project.ninjaWouldRun();
    expect(expected).toHaveLength(edges);
    expect(await project.llamaWouldRun()).toEqual(expected);
    const done = await project.built();
    expect(done.summary?.edges.dirty).toBe(edges);
    await expectIdle(project);
  });
});

describe('a deleted header', () => {
  it('is no obstacle once nobody includes it', async () => {
    const project = await builtProject();
    await project.remove('include/doomed.h');
    await project.write('other.c', 'int other(void) { return 1; }\n');
    expect(await project.llamaWouldRun()).toEqual(await project.ninjaWouldRun());
    await project.built();
    await expectIdle(project);
    expect((await project.records()).deps['CMakeFiles/app.dir/other.c.o']?.join()).not.toContain('doomed.h');
  });

  it('fails the compile that still includes it, by the compiler', async () => {
    const project = await builtProject();
    await project.remove('include/doomed.h');
    const expected = await project.ninjaWouldRun();
    expect(expected).toHaveLength(2);
    expect(await project.llamaWouldRun()).toEqual(expected);
    const failed = await project.llama();
    expect(failed.status).toBe(1);
    expect(failed.all).toContain('doomed.h: No such file or directory');
  });

  it('that moved to another directory of the search path is found there', async () => {
    const project = await builtProject();
    await project.rename('include/doomed.h', 'doomed.h');
    expect(await project.llamaWouldRun()).toEqual(await project.ninjaWouldRun());
    await project.built();
    await expectIdle(project);
    const deps = (await project.records()).deps['CMakeFiles/app.dir/other.c.o'];
    expect(deps).toContain(project.path('doomed.h'));
  });
});

describe('-n', () => {
  it('changes nothing', async () => {
    const project = await openProject(rig, 'header-edits');
    const before = await project.ninjaWouldRun();
    expect(before).toHaveLength(5);
    expect(await project.llamaWouldRun()).toEqual(before);
    expect(await project.ninjaWouldRun()).toEqual(before);
  });

  it('says why with -d explain: the header by name', async () => {
    const project = await builtProject();
    await project.touch('include/doomed.h');
    const done = await project.llama(['-n', '-d', 'explain']);
    expect(done.status).toBe(0);
    const reason = done.all.split('\n').filter(line => line.includes('doomed.h'));
    expect(reason.join('\n')).toContain('other.c.o');
    expect(done.all).not.toContain('main.c.o: ');
  });
});

describe('a build by ninja in between', () => {
  it('is taken over as it is', async () => {
    const project = await builtProject();
    await project.touch('include/deep.h');
    await project.builtByNinja();
    const idle = await project.built();
    expect(idle.summary?.edges.dirty).toBe(0);
    await project.touch('include/deep.h');
    await project.built();
    await expectIdle(project);
  });
});
