/** CMake's AUTOMOC, AUTOUIC and AUTORCC: generators whose headers no edge declares. */
import {existsSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {expectIdle, expectSameAsNinja, picture} from './same-as-ninja.ts';

const rig = useRig();

const hasQt = existsSync('/usr/lib/x86_64-linux-gnu/cmake/Qt5Widgets/Qt5WidgetsConfig.cmake');

describe.skipIf(!hasQt)('a Qt program (needs qtbase5-dev)', () => {
  it('is built as ninja builds it', async () => {
    const project = await openProject(rig, 'qt-widgets');
    const {first, again} = await expectSameAsNinja(project);
    expect(first.summary?.compiles).toMatchObject({remote: 6, local: 0});
    expect(again.summary?.compiles).toMatchObject({remote: 0, cached: 6, local: 0});
  });

  it.each<[what: string, change: (project: Project) => Promise<void>]>([
    ['a form', project => replaceIn(project, 'window.ui', ['Nothing yet', 'Nothing'])],
    ['a class', project => replaceIn(project, 'model.h', ['signals:', 'signals:\n  void ended();'])],
    ['a resource', project => project.write('text.txt', 'Other text\n')],
  ])('is built again as ninja builds it where %s has changed', async (_, change) => {
    const project = await openProject(rig, 'qt-widgets');
    await project.built();
    await change(project);
    const restore = await project.keep();
    await project.builtByNinja();
    const reference = await picture(project);
    expect(reference.next).toEqual([]);
    await restore();
    const done = await project.built();
    expect(done.summary?.edges.dirty).toBeGreaterThan(0);
    const now = await picture(project);
    expect([...now.files]).toEqual([...reference.files]);
    expect(now.records).toEqual(reference.records);
    await expectIdle(project);
  });
});

async function replaceIn(project: Project, file: string, [before, after]: [string, string]): Promise<void> {
  await project.write(file, (await project.read(file)).replace(before, after));
}
