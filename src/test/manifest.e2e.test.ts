/** What a manifest can say beyond command and inputs: each word keeps the meaning that ninja gives it. */
import {readFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {check, openProject} from './project.ts';
import {useRig} from './rig.ts';
import {expectIdle, expectSameAsNinja} from './same-as-ninja.ts';
import {has} from './tools.ts';

const rig = useRig();

async function withGate(fixture: string) {
  const project = await openProject(rig, fixture);
  await check(rig.run('mkfifo', [project.path('gate.fifo')]));
  return project;
}

describe('the language', () => {
  it('evaluates scopes, lazy rule variables, escapes, include, subninja and builddir as ninja does', async () => {
    const project = await openProject(rig, 'manifest-language');
    const {first} = await expectSameAsNinja(project, {builddir: 'logs dir'});
    expect(first.summary?.compiles).toMatchObject({remote: 7, local: 0});
  });

  it('leaves the .d files of a depfile without deps where they are', async () => {
    const project = await openProject(rig, 'depfile-without-deps');
    const {reference, first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles.remote).toBe(2);
    expect(reference.files.has('source/obj/main.o.d')).toBe(true);
    expect(reference.records.deps).toEqual({});
    await project.touch('part.h');
    const dirty = await project.ninjaWouldRun();
    expect(dirty).toHaveLength(3);
    expect(await project.llamaWouldRun()).toEqual(dirty);
  });

  it('builds several outputs of one edge, also of a compile', async () => {
    const project = await openProject(rig, 'multiple-outputs');
    await expectSameAsNinja(project);
    await project.remove('usage.su');
    const dirty = await project.ninjaWouldRun();
    expect(dirty).toHaveLength(1);
    expect(await project.llamaWouldRun()).toEqual(dirty);
    await project.built();
    await expectIdle(project);
  });

  it('waits for order-only inputs and is not made dirty by them', async () => {
    const project = await openProject(rig, 'order-only');
    const {first} = await expectSameAsNinja(project);
    expect(first.summary?.compiles.remote).toBe(2);
    await project.write('a.in', '#define A 2\n');
    const dirty = await project.ninjaWouldRun();
    expect(dirty.join('\n')).toContain('-c a.c');
    expect(dirty.join('\n')).not.toContain('-c b.c');
    expect(await project.llamaWouldRun()).toEqual(dirty);
    await project.built();
    await expectIdle(project);
  });

  it('stops behind a restat edge whose output stayed as it was', async () => {
    const project = await openProject(rig, 'restat');
    await expectSameAsNinja(project);
    await project.write('list.txt', 'three\nfour\n');
    const same = await project.built();
    expect(same.summary?.compiles).toMatchObject({remote: 0, cached: 0, local: 0});
    await expectIdle(project);
    await project.append('list.txt', 'five\n');
    const more = await project.built();
    const {remote = 0, cached = 0} = more.summary?.compiles ?? {};
    expect(remote + cached).toBe(2);
    await expectIdle(project);
  });

  it('reads a dyndep file once it exists, for an input as for an output', async () => {
    const project = await openProject(rig, 'dyndep');
    const {reference} = await expectSameAsNinja(project);
    expect(reference.files.has('source/found.h')).toBe(true);
    await project.write('found.in', '#define FOUND 7\n');
    expect(await project.llamaWouldRun()).toEqual(await project.ninjaWouldRun());
    await project.built();
    await expectIdle(project);
  });

  it('builds what was named and nothing else, also by SOURCE^', async () => {
    const project = await openProject(rig, 'header-edits');
    await expectSameAsNinja(project, {targets: ['base']});
    await expectSameAsNinja(project, {targets: ['CMakeFiles/app.dir/other.c.o']});
    const unbuilt = await openProject(rig, 'header-edits');
    await expectSameAsNinja(unbuilt, {targets: [`${unbuilt.path('base.c')}^`]});
  });
});

describe('validations', () => {
  it('runs them beside the edges that name them', async () => {
    const project = await openProject(rig, 'validation');
    await expectSameAsNinja(project);
    await expectSameAsNinja(project, {targets: ['main.o']});
  });

  it('fails by a failing validation, after everything else was built', async () => {
    const project = await openProject(rig, 'validation');
    await project.write('main.c', 'int main(void) { return 0; }\n');
    const failed = await project.llama(['-k', '0']);
    expect(failed.status, failed.all).toBe(1);
    expect(failed.summary?.result).toBe('failed');
    const next = await project.ninjaWouldRun();
    expect(next).toEqual(['grep -q checked main.c && touch main.checked']);
    expect(await project.llamaWouldRun()).toEqual(next);
  });
});

describe('local edges', () => {
  it('runs the edges of a pool of depth 1 one at a time', async () => {
    const project = await openProject(rig, 'pools');
    await expectSameAsNinja(project, {llamaArgs: ['--local-jobs', '4']});
  });

  it('runs one local edge at a time with --local-jobs 1', async () => {
    const project = await openProject(rig, 'pools');
    await project.built(['--local-jobs', '1', 'unpooled']);
  });

  it('starts what became ready without waiting for what still runs', async () => {
    const project = await withGate('no-barriers');
    await expectSameAsNinja(project, {llamaArgs: ['--local-jobs', '2']});
  });

  it('tells two edges with one description apart', async () => {
    const project = await openProject(rig, 'same-description');
    await expectSameAsNinja(project);
    await project.remove('left.h');
    const dirty = await project.ninjaWouldRun();
    expect(await project.llamaWouldRun()).toEqual(dirty);
    const failed = await project.llama(['-k', '0', 'broken']);
    expect(failed.status).toBe(1);
    expect(failed.all).toContain('missing-never.h');
    expect(await project.ninjaWouldRun()).toEqual([]);
    expect(await project.ninjaWouldRun(['broken'])).toEqual(['cat missing-never.h']);
  });

  it('runs an always dirty edge each time, and what depends on it when it changed', async () => {
    const project = await openProject(rig, 'always-dirty');
    await expectSameAsNinja(project, {alwaysDirty: true});
    const settled = await project.built();
    expect(settled.summary?.compiles).toMatchObject({remote: 0, cached: 0, local: 0});
    expect(await project.llamaWouldRun()).toEqual(await project.ninjaWouldRun());
  });
});

describe('the console', () => {
  it('gives a console edge the standard input', async () => {
    const project = await openProject(rig, 'console');
    const {first} = await expectSameAsNinja(project, {stdin: '42'});
    expect(first.stdout).toContain('console says 42');
    expect(await readFile(project.output('answer.txt'), 'utf8')).toBe('42');
  });

  it.skipIf(!has('script'))('gives a console edge the terminal (needs script)', async () => {
    const project = await openProject(rig, 'console');
    const program = [process.execPath, rig.program, 'build', project.directory, '--store', rig.store];
    const command = program.map(word => `'${word}'`).join(' ');
    await check(rig.run('script', ['-qec', command, '/dev/null'], {stdin: '42\n\u0004'}));
    expect(await readFile(project.output('tty.txt'), 'utf8')).toBe('tty\n');
    expect(await project.ninjaWouldRun()).toEqual([]);
  });
});
