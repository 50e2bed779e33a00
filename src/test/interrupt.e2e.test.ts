/** Ctrl-C and its like in the middle of a build: it stops at once, what is finished stays finished. */
import {readdirSync, readFileSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {check, openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {Running} from './run.ts';
import {expectIdle, expectNothingLeft} from './same-as-ninja.ts';
import {has} from './tools.ts';
import {until, untilExists, untilObjects} from './until.ts';

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
    expect(done.stderr.indexOf('llama: stopping; what is finished will be recorded')).toBeGreaterThanOrEqual(
      0,
    );
    expect(done.all).toContain(`to go on: llama build ${project.directory} --store ${rig.store}`);
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

describe('on a terminal', () => {
  it.skipIf(!has('script'))(
    'a second SIGINT ends it at once, cursor and line wrap as before (needs script)',
    async () => {
      const project = await openProject(rig, 'order-only');
      // Outlives the first signal for as long as such a command may.
      await project.write(
        'build.ninja',
        "rule wait\n  command = trap '' INT; echo > started; sleep 50\nbuild x: wait\n",
      );
      const pid = join(project.directory, 'pid');
      const llama = `"${process.execPath}" "${rig.program}" build "${project.directory}" --store "${rig.store}"`;
      const running = new Running('script', ['-qec', `echo $$ > "${pid}"; exec ${llama}`, '/dev/null'], {
        cwd: rig.scratch,
        env: {...rig.env, NO_COLOR: '', TERM: 'xterm'},
      });
      await untilExists(join(project.directory, 'started'), running);
      const interrupt = () => process.kill(Number(readFileSync(pid, 'utf8')), 'SIGINT');
      interrupt();
      await running.untilSaid(/Ctrl-C again ends at once/);
      interrupt();
      const {all} = await running.done;
      expect(all).not.toContain('interrupted after');
      for (const [taken, given] of [
        ['\x1b[?25l', '\x1b[?25h'],
        ['\x1b[?7l', '\x1b[?7h'],
      ] as const) {
        expect(all).toContain(taken);
        expect(all.lastIndexOf(given)).toBeGreaterThan(all.lastIndexOf(taken));
      }
      await expectNothingLeft(rig);
    },
  );
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
