/** `llama clean --cache` while a build uses the store: both end well, and the objects are those of a local build. */
import {readdir} from 'node:fs/promises';
import {expect, it} from 'vitest';
import {check, openProject} from './project.ts';
import {useRig} from './rig.ts';
import {expectLike, picture} from './same-as-ninja.ts';
import {untilExists} from './until.ts';

const rig = useRig();

it('empties the store, and a build goes on', async () => {
  const project = await openProject(rig, 'random-edits');
  const restore = await project.keep();
  await project.builtByNinja();
  const reference = await picture(project);
  // With toolchains packed and roots laid out, as in any build but the first.
  await restore();
  await project.built();

  await restore();
  const running = project.startLlama(['--no-cache']);
  await untilExists(project.output('made.h'), running);
  let isRunning = true;
  const ended = running.done.finally(() => {
    isRunning = false;
  });
  while (isRunning) await check(rig.raw(['clean', '--cache', '--store', rig.store]));
  expect((await ended).status, running.said).toBe(0);
  await expectLike(project, reference);
  await check(rig.raw(['clean', '--cache', '--store', rig.store]));
  expect(await readdir(rig.store)).toEqual([]);
});
