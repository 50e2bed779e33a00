/** `llama watch`, and files that come into being where nothing was read from so far. */
import {mkdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {Watching} from './watching.ts';

const rig = useRig();

const OBJECTS = ['base.dir/base.c.o', 'app.dir/main.c.o', 'app.dir/other.c.o'];

/** Expects the objects to be those of a clean build by ninja. */
async function expectObjectsOfCleanBuild(project: Project): Promise<void> {
  const read = () => Promise.all(OBJECTS.map(name => readFile(join(project.directory, 'CMakeFiles', name))));
  const made = await read();
  await project.builtByNinja(['-t', 'clean']);
  await project.builtByNinja();
  expect(made).toEqual(await read());
}

describe('a new header that hides another one', () => {
  it('is compiled in where its directory is new', async () => {
    const project = await openProject(rig, 'header-edits');
    await project.write('include/part/part.h', '#define PART 1\n');
    await project.write(
      'base.c',
      '#include "part/part.h"\n#include "base.h"\nint base(void) { return PART; }\n',
    );
    const watching = new Watching(project);
    await watching.built();
    await project.write('part/part.h', '#define PART 2\n');
    expect(await watching.built()).toMatchObject({result: 'built', compiles: 1});
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
    await expectObjectsOfCleanBuild(project);
  });

  it('is compiled in where its directory was there, and only searched', async () => {
    const project = await openProject(rig, 'header-edits');
    await project.write('first/unread.h', '');
    await project.write('second dir/part/unread.h', '');
    await project.write('include/part/part.h', '#define PART 1\n');
    await project.write(
      'base.c',
      '#include "part/part.h"\n#include "base.h"\nint base(void) { return DEEP + PART; }\n',
    );
    await project.append(
      'CMakeLists.txt',
      'target_include_directories(base BEFORE PUBLIC first "second dir")\n',
    );
    const watching = new Watching(project);
    await watching.built();
    await project.write('first/base.h', 'int base(void);\n#define DEEP 77\n');
    expect(await watching.built()).toMatchObject({result: 'built', compiles: 2});
    await project.write('second dir/part/part.h', '#define PART 2\n');
    expect(await watching.built()).toMatchObject({result: 'built', compiles: 1});
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
    await expectObjectsOfCleanBuild(project);
  });
});

describe('what a failed compile has missed', () => {
  it('is seen in a directory that came into being before it', async () => {
    const project = await openProject(rig, 'header-edits');
    await project.append('main.c', '#include "later/deep/fresh.h"\n');
    const watching = new Watching(project);
    expect(await watching.built()).toMatchObject({result: 'failed', failed: 1});
    await mkdir(project.path('later/deep'), {recursive: true});
    await project.append('main.c', '\n');
    expect(await watching.built()).toMatchObject({result: 'failed', failed: 1});
    await project.write('later/deep/fresh.h', '#define FRESH 1\n');
    expect(await watching.built()).toMatchObject({result: 'built'});
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
  });
});

describe('a description by hand', () => {
  const rule = (command: string) => `rule copy\n  command = ${command}\n`;

  it('is read anew when a file changes that it includes', async () => {
    const project = await openProject(rig, 'blocking-command', {configure: false});
    await project.write('in', 'text\n');
    await project.write('rules/copy.ninja', rule('cp $in $out'));
    await project.write('part.ninja', 'build two: copy one\n');
    await project.write('build.ninja', 'include rules/copy.ninja\nbuild one: copy in\nsubninja part.ninja\n');
    const watching = new Watching(project);
    await watching.built();
    await project.write('part.ninja', 'build three: copy one\n');
    const events = await watching.until('ready');
    expect(events[0]).toMatchObject({changed: [project.path('part.ninja')]});
    expect(await project.read('three')).toBe('text\n');
    await project.write('rules/copy.ninja', rule('tr a-z A-Z < $in > $out'));
    expect(await watching.built()).toMatchObject({result: 'built', others: 2});
    expect(await project.read('three')).toBe('TEXT\n');
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
  });

  it('is mended by the file that it misses', async () => {
    const project = await openProject(rig, 'blocking-command', {configure: false});
    await project.write('in', 'text\n');
    await project.write('build.ninja', `${rule('cp $in $out')}build one: copy in\n`);
    const watching = new Watching(project);
    await watching.built();
    await project.write('build.ninja', `${rule('cp $in $out')}include more.ninja\n`);
    expect(await watching.built()).toMatchObject({result: 'failed'});
    await project.write('more.ninja', 'build two: copy in\n');
    expect(await watching.built()).toMatchObject({result: 'built', others: 1});
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
  });
});
