/** Ways to name a header, and several languages in one project: what a scanner of includes must not miss. */
import {describe, expect, it} from 'vitest';
import {openProject} from './project.ts';
import {useRig} from './rig.ts';
import {expectSameAsNinja, picture} from './same-as-ninja.ts';

const rig = useRig();

describe('every compile is remote and the same as the local one', () => {
  it.each([
    ['C, C++ and preprocessed assembler in one project', 'mixed-languages', 5],
    ['assembler with .incbin and .include', 'assembler', 3],
    ['headers named by -include and -imacros', 'forced-include', 2],
    ['headers named by macros, also by function-like ones', 'computed-include', 3],
    ['headers that are only asked for by __has_include', 'has-include', 1],
    ['one source in three targets', 'shared-source', 3],
  ])('%s', async (_, fixture, compiles) => {
    const project = await openProject(rig, fixture);
    const {first, again} = await expectSameAsNinja(project);
    const {remote = 0, cached = 0, local = 0, failed = 0} = first.summary?.compiles ?? {};
    expect(remote + cached).toBe(compiles - local);
    // An assembler file without preprocessor names its inputs to nobody: it may stay local, if it says so.
    if (local > 0) expect(fixture, JSON.stringify(first.summary?.local_reasons)).toBe('assembler');
    expect(failed).toBe(0);
    expect(again.summary?.compiles).toMatchObject({remote: 0, cached: compiles - local, local});
  });
});

describe('two targets that compile one source', () => {
  it('keep their own definitions', async () => {
    const project = await openProject(rig, 'shared-source');
    const {reference} = await expectSameAsNinja(project);
    const object = (target: string) => reference.files.get(`build/CMakeFiles/${target}.dir/common.c.o`);
    expect(object('one')).not.toEqual(object('two'));
    expect(object('two')).toEqual(object('twin'));
  });
});

describe('#pragma once', () => {
  const build = async (right: number) => {
    const project = await openProject(rig, 'pragma-once-twins');
    await project.setTime('left/twin.h', 1_600_000_000);
    await project.setTime('right/twin.h', right);
    const {reference} = await expectSameAsNinja(project);
    return reference.files.get('build/CMakeFiles/twins.dir/twins.c.o');
  };

  it('takes two headers of equal bytes and time for one, and of different times for two, as gcc does', async () => {
    const once = await build(1_600_000_000);
    const twice = await build(1_600_000_010);
    expect(once).not.toEqual(twice);
  });
});

describe('precompiled headers', () => {
  it('stay local by name, and the rest is remote', async () => {
    const project = await openProject(rig, 'precompiled-header');
    // The precompiled header itself differs from run to run, and nothing else does.
    const {first} = await expectSameAsNinja(project, {mayDiffer: [/\.gch$/]});
    expect(first.summary?.compiles).toMatchObject({remote: 1, local: 3, failed: 0});
    expect(Object.keys(first.summary?.local_reasons ?? {}).join()).toMatch(/precompiled|pch|gch/i);
  });
});

describe('a header that appears', () => {
  it('earlier on the search path or under __has_include is seen by the next clean build', async () => {
    const project = await openProject(rig, 'has-include');
    await project.built();
    const before = await picture(project);
    await project.write('second/optional.h', '#define OPTIONAL 20\n');
    await project.builtByNinja(['-t', 'clean']);
    const {reference} = await expectSameAsNinja(project);
    const object = 'build/CMakeFiles/optional.dir/a.c.o';
    expect(reference.files.get(object)).not.toEqual(before.files.get(object));

    await project.write('first/optional.h', '#define OPTIONAL 30\n');
    await project.builtByNinja(['-t', 'clean']);
    const {reference: earlier} = await expectSameAsNinja(project);
    expect(earlier.files.get(object)).not.toEqual(reference.files.get(object));
  });
});
