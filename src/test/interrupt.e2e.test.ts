/** Ctrl-C and its like in the middle of a build: it stops at once, what is finished stays finished. */
import {readdirSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {check, openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {expectIdle, expectNothingLeft} from './same-as-ninja.ts';
import {until, untilObjects} from './until.ts';

const rig = useRig();

const SIGNALS = [
  ['SIGINT', 'process', 130],
  ['SIGINT', 'group', 130],
  ['SIGTERM', 'process', 143],
] as const;

async function blocked(): Promise<Project> {
  const project = await openProject(rig, 'blocking-command');
  await check(rig.run('mkfifo', [project.path('gate.fifo')]));
  return project;
}

describe('while a local command runs', () => {
  it.each(SIGNALS)('%s to the %s ends it with %i and keeps the records', async (signal, to, status) => {
    const project = await blocked();
    const summary = join(rig.scratch, `${rig.unique('interrupted')}.json`);
    const running = project.startLlama(['--summary', summary]);
    const wanted = ['a.o', 'b.o', 'c.o', 'block.started'];
    await until(() => wanted.every(name => readdirSync(project.directory).includes(name)), {
      directories: [project.directory],
      running,
    });
    running.signal(signal, to);
    const done = await running.done;
    expect(done.status, done.all).toBe(status);
    expect(done.all).toContain('llama build');
    await expectNothingLeft(rig);

    const next = await project.ninjaWouldRun();
    expect(next).toHaveLength(3);
    expect(next.join('\n')).not.toMatch(/ -c [abc]\.c/);
    expect(await project.llamaWouldRun()).toEqual(next);

    await rm(project.output('block.started'));
    const again = project.startLlama();
    await until(() => readdirSync(project.directory).includes('block.started'), {
      directories: [project.directory],
      running: again,
    });
    await check(rig.run('/bin/sh', ['-c', 'echo go > gate.fifo'], {cwd: project.directory}));
    expect((await again.done).status, again.said).toBe(0);
    await expectIdle(project);
  });
});

describe('while compiles run', () => {
  it.each([1, 7, 15])('SIGINT after %i objects leaves every object that is there recorded', async count => {
    const project = await openProject(rig, 'many-sources');
    const directories = ['many', 'app', 'generator'].map(name => project.output(`CMakeFiles/${name}.dir`));
    const running = project.startLlama(['--no-cache']);
    await untilObjects(directories, {count, running});
    running.signal('SIGINT');
    const done = await running.done;
    // It may have been at its end already, but for the smallest of the counts.
    if (count === 1) expect(done.status, done.all).toBe(130);
    else expect([0, 130], done.all).toContain(done.status);
    await expectNothingLeft(rig);
    const next = (await project.ninjaWouldRun()).join('\n');
    const objects = directories
      .flatMap(directory => readdirSync(directory))
      .filter(name => name.endsWith('.o'));
    expect(objects.length).toBeGreaterThanOrEqual(count);
    for (const object of objects)
      expect(next).not.toMatch(new RegExp(`-o \\S*/${object.replaceAll('.', '\\.')} -c`));
    await project.built();
    await expectIdle(project);
  });
});
