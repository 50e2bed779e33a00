/**
 * Sudden deaths at random moments: of the client, of a worker, of the ninja that runs local edges. The next build
 * finishes, and nobody can tell from the result that anything happened.
 */
import {writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {descendants, lastingProcesses} from './leftovers.ts';
import {check, openProject, type Project} from './project.ts';
import {Random} from './random.ts';
import {useRig} from './rig.ts';
import type {Run} from './run.ts';
import {expectLike, picture} from './same-as-ninja.ts';
import {untilExists, untilObjects} from './until.ts';

const rig = useRig();

/** Compiles in all, and how many of them may be unfinished or unrecorded beyond those that were not begun. */
const COMPILES = 30;
const IN_FLIGHT = 8;

/** Objects of the library are the moments: 24 of them come in any order. */
function moments(project: Project): string[] {
  return [project.output('CMakeFiles/many.dir'), project.output('CMakeFiles/app.dir')];
}

async function killClient(project: Project, count: number): Promise<Run> {
  const running = project.startLlama(['--no-cache']);
  await untilObjects(moments(project), {count, running});
  running.signal('SIGKILL');
  return running.done;
}

async function killWorker(project: Project, count: number): Promise<Run> {
  const running = project.startLlama(['--no-cache']);
  await untilObjects(moments(project), {count, running});
  const workers = (await descendants(running.pid)).filter(one => /\bworker\.js\b/.test(one.command));
  const victim = workers[count % Math.max(1, workers.length)];
  if (victim !== undefined) process.kill(victim.pid, 'SIGKILL');
  else expect(running.ended, `no worker among the children of the client: ${running.said}`).toBe(true);
  return running.done;
}

async function killNinja(project: Project, count: number): Promise<Run> {
  await writeFile(project.output(`kill-ninja${1 + (count % 4)}`), '');
  return project.startLlama(['--no-cache']).done;
}

const VICTIMS = [
  ['the client', killClient, 0x5eed],
  ['a worker', killWorker, 0xc0de],
  ['ninja', killNinja, 0xbeef],
] as const;

describe('kill -9', () => {
  it.each(VICTIMS)('of %s at ten random moments', async (victim, kill, seed) => {
    const random = new Random(seed);
    const project = await openProject(rig, 'many-sources');
    const restore = await project.keep();
    await project.builtByNinja();
    const reference = await picture(project);

    for (let round = 0; round < 10; round++) {
      await restore();
      const count = 1 + random.below(20);
      const story = `${victim}, round ${round}, after ${count} objects`;
      const killed = await kill(project, count);
      expect(await lastingProcesses(rig.scratch), story).toEqual([]);
      // A worker is the cloud's: the build goes on without it. Nobody survives the other two.
      if (victim === 'a worker') expect(killed.status, `${story}\n${killed.all}`).toBe(0);
      if (victim === 'ninja') expect(killed.status, `${story}\n${killed.all}`).toBe(1);

      const next = await check(project.llama(round % 2 === 0 ? ['--no-cache'] : []));
      const {remote = 0, cached = 0, local = 0} = next.summary?.compiles ?? {};
      // What was finished before the death is not done again.
      if (victim === 'the client')
        expect(remote + cached + local, story).toBeLessThanOrEqual(COMPILES - count + IN_FLIGHT);
      await expectLike(project, reference);
    }
  });

  it('of ninja leaves no half output that is taken for a whole one', async () => {
    const project = await openProject(rig, 'blocking-command');
    const rule = (command: string) => `rule r\n  command = ${command}\nbuild out: r in\ndefault out\n`;
    await project.write('in', '');
    await project.write('build.ninja', rule('echo whole > $out'));
    await project.builtByNinja();
    // The same command, so that the log knows it: it waits where a file tells it to.
    const waiting = 'echo half > $out; test -e now || { touch half.made; cat gate.fifo; }; echo whole > $out';
    await project.write('now', '');
    await project.write('build.ninja', rule(waiting));
    await project.builtByNinja();
    await project.remove('now');
    await project.remove('out');
    await check(rig.run('mkfifo', [project.path('gate.fifo')]));
    const running = project.startLlama();
    await untilExists(project.path('half.made'), running);
    const victims = (await descendants(running.pid)).filter(one => /^\S*ninja /.test(one.command));
    expect(victims).toHaveLength(1);
    process.kill(victims[0]!.pid, 'SIGKILL');
    expect((await running.done).status).toBe(1);
    expect(await lastingProcesses(rig.scratch)).toEqual([]);
    expect(await project.read('out')).toBe('half\n');
    await project.write('now', '');
    await project.builtByNinja();
    expect(await project.read('out')).toBe('whole\n');
  });
});
