/**
 * One directory built in turn by llama and by ninja, with random edits in between: never a missing nor a needless
 * rebuild, and in the end the objects of a clean build.
 */
import {rm} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {openProject} from './project.ts';
import {Random} from './random.ts';
import {type Edit, expectCleanBuildEqual, SOURCE_EDITS} from './random-edits.ts';
import {useRig} from './rig.ts';
import {expectNothingLeft} from './same-as-ninja.ts';

const rig = useRig();

/** An object, as a path relative to the source. */
function object(random: Random): string {
  const number = random.below(12);
  return `../build/CMakeFiles/${number < 6 ? 'left' : 'right'}.dir/s${number}.c.o`;
}

const EDITS: readonly Edit[] = [
  ...SOURCE_EDITS,
  ['delete an object', (project, random) => rm(project.path(object(random)), {force: true})],
  ['touch an object', (project, random) => project.touch(object(random))],
  ['delete the program', project => rm(project.output('app'), {force: true})],
  ['delete a library', project => rm(project.output('libright.a'), {force: true})],
  ['delete the generated header', project => rm(project.output('made.h'), {force: true})],
  ['delete the generator', project => rm(project.output('generator'), {force: true})],
  [
    'clean one target',
    (project, random) => project.builtByNinja(['-t', 'clean', random.pick(['left', 'right', 'made'])]),
  ],
  ['compact the logs', project => project.builtByNinja(['-t', 'recompact'])],
  ['nothing', async () => {}],
];

describe('30 random edits, each built by either of the two', () => {
  it.each([11, 23, 47])('seed %i', async seed => {
    const random = new Random(seed);
    const project = await openProject(rig, 'random-edits');
    const history: string[] = [];
    await project.built();
    for (let step = 0; step < 10; step++) {
      for (let more = random.below(2); more >= 0; more--) {
        const [name, apply] = random.pick(EDITS);
        history.push(name);
        await apply(project, random);
      }
      const story = history.join(', ');
      const expected = await project.ninjaWouldRun();
      expect(await project.llamaWouldRun(), story).toEqual(expected);
      const builder = random.pick(['llama', 'ninja'] as const);
      history.push(`build by ${builder}`);
      const done = builder === 'llama' ? await project.llama() : await project.ninja();
      expect(done.status, `${story}\n${done.all}`).toBe(0);
      expect(await project.ninjaWouldRun(), history.join(', ')).toEqual([]);
      expect(await project.llamaWouldRun(), history.join(', ')).toEqual([]);
    }
    await expectCleanBuildEqual(project, history.join(', '));
    await expectNothingLeft(rig);
  });
});
