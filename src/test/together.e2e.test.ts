/** Several builds at one time: in one directory only one of them works, over one store all of them do. */
import {mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {MakeProject} from './make-project.ts';
import {check, openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {Running} from './run.ts';
import {expectIdle, expectNothingLeft, expectSameAsNinja} from './same-as-ninja.ts';
import {untilExists} from './until.ts';

const rig = useRig();

async function blocked(): Promise<Project> {
  const project = await openProject(rig, 'blocking-command');
  await check(rig.run('mkfifo', [project.path('gate.fifo')]));
  return project;
}

/** Lets the blocking command end; it must have begun. */
async function open(project: Project): Promise<void> {
  await check(rig.run('/bin/sh', ['-c', 'echo go > gate.fifo'], {cwd: project.directory}));
}

describe('two builds in one directory', () => {
  it('the second says who holds it, and waits or stops', async () => {
    const project = await blocked();
    const first = project.startLlama();
    await untilExists(project.output('block.started'), first);
    const second = project.startLlama();
    await second.untilSaid(new RegExp(`\\b${first.pid}\\b`));
    expect(second.said).toMatch(new RegExp(`\\b${first.pid}\\b`));
    await open(project);
    expect((await first.done).status, first.said).toBe(0);
    const stopped = await second.done;
    expect([0, 1, 2]).toContain(stopped.status);
    await expectIdle(project);
    await expectNothingLeft(rig);
  });

  it('a ninja that runs there is respected in the same way', async () => {
    const project = await blocked();
    const ninja = new Running('ninja', ['-C', project.directory], {cwd: rig.scratch, env: rig.env});
    await untilExists(project.output('block.started'), ninja);
    const log = await readFile(project.output('.ninja_log'), 'utf8');
    const second = project.startLlama();
    await second.untilSaid(new RegExp(`\\b${ninja.pid}\\b`));
    expect(second.said).toMatch(new RegExp(`\\b${ninja.pid}\\b`));
    expect((await readFile(project.output('.ninja_log'), 'utf8')).startsWith(log)).toBe(true);
    await open(project);
    expect((await ninja.done).status, ninja.said).toBe(0);
    await second.done;
    await expectIdle(project);
  });

  it.each([
    ['the manifest', []],
    ['a list of compiles', ['--commands', '-']],
  ])('what is edited while one waits for the other is built from %s', async (_from, args) => {
    const project = await openProject(rig, 'blocking-command');
    const hold = 'echo $$$$ > held && cat gate.fifo && false';
    await project.append('build.ninja', `rule hold\n  command = ${hold}\nbuild hold: hold\n`);
    await check(rig.run('mkfifo', [project.path('gate.fifo')]));
    const objects = ['a.o', 'b.o'];
    const {stdout} = await check(project.ninja(['-t', 'commands', ...objects]));
    const options = {stdin: stdout};
    await project.builtByNinja(objects);
    await project.built([...objects, ...args], options);

    await project.append('a.c', 'int in_a;\n');
    // It fails, so that it leaves all logs as they were.
    const ninja = new Running('ninja', ['-C', project.directory, 'hold'], {cwd: rig.scratch, env: rig.env});
    await untilExists(project.output('held'), ninja);
    const second = project.startLlama([...objects, ...args], options);
    await second.untilSaid(new RegExp(`\\b${ninja.pid}\\b`));
    await project.append('b.c', 'int in_b;\n');
    await open(project);
    expect((await ninja.done).status, ninja.said).toBe(1);
    expect((await second.done).status, second.said).toBe(0);
    for (const name of ['a', 'b']) {
      const symbols = await check(rig.run('nm', [project.output(`${name}.o`)]));
      expect(symbols.stdout).toContain(`in_${name}`);
    }
  });

  it('a lock of a build that was killed holds nobody up', async () => {
    const project = await blocked();
    const first = project.startLlama();
    await untilExists(project.output('block.started'), first);
    first.signal('SIGKILL');
    await first.done;
    await project.remove('block.started');
    const second = project.startLlama();
    await untilExists(project.output('block.started'), second);
    await open(project);
    expect((await second.done).status, second.said).toBe(0);
    await expectIdle(project);
    await expectNothingLeft(rig);
  });
});

describe('two makes in one directory', () => {
  const FILES = {
    Makefile:
      'all: a.o b.o\n%.o: %.c\n\tgcc -c -o $@ $<\nheld.o: c.c\n\tgcc -c -o held.o c.c\n\t@echo go > begun; cat gate > /dev/null\n',
    'a.c': 'int a;\n',
    'b.c': 'int b;\n',
    'c.c': 'int c;\n',
  };

  it('do not wait for each other, as two of make do not, and make then has nothing to do', async () => {
    const made = await MakeProject.open(rig, 'make-recipes');
    // Its directory alone is wanted.
    await rm(made.directory, {recursive: true});
    await mkdir(made.directory);
    for (const [name, text] of Object.entries(FILES)) await writeFile(made.path(name), text);
    await check(rig.run('mkfifo', [made.path('gate')]));

    const first = made.start(['held.o']);
    await untilExists(made.path('begun'), first);
    const second = await check(made.llama());
    expect(second.summary?.compiles).toMatchObject({remote: 2, local: 0, failed: 0});
    const open = () => check(rig.run('/bin/sh', ['-c', 'echo go > gate'], {cwd: made.directory}));
    await open();
    expect((await first.done).status, first.said).toBe(0);
    await expectNothingLeft(rig);
    const again = await check(made.make(['-n', 'all', 'held.o']));
    expect(again.stdout).not.toContain('gcc');
    // What either has learnt serves the next one.
    const objects = ['a.o', 'b.o', 'held.o'];
    const before = await Promise.all(objects.map(name => readFile(made.path(name))));
    for (const name of objects) await rm(made.path(name));
    const [third] = await Promise.all([made.llama(['all', 'held.o']), open()]);
    expect(third.status, third.all).toBe(0);
    expect(third.summary?.compiles).toMatchObject({remote: 0, cached: 3, local: 0, failed: 0});
    expect(await Promise.all(objects.map(name => readFile(made.path(name))))).toEqual(before);
  });
});

describe('two builds over one store', () => {
  it('both succeed from an empty one, and give the local objects', async () => {
    const options = {store: `${rig.scratch}/${rig.unique('store')}`};
    const one = await openProject(rig, 'generator-chain');
    const two = await openProject(rig, 'mixed-languages');
    const both = await Promise.all([one.llama([], options), two.llama([], options)]);
    for (const done of both) expect(done.status, done.all).toBe(0);
    await one.builtByNinja(['-t', 'clean']);
    await two.builtByNinja(['-t', 'clean']);
    await expectSameAsNinja(one, options);
    await expectSameAsNinja(two, options);
  });
});
