/**
 * One directory built in turn by llama and by ninja, with random edits in between: never a missing nor a needless
 * rebuild, and in the end the objects of a clean build.
 */
import {readFile, rm} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {fileTree} from './file-tree.ts';
import {openProject, type Project} from './project.ts';
import {Random} from './random.ts';
import {useRig} from './rig.ts';
import {expectNothingLeft} from './same-as-ninja.ts';

const rig = useRig();

type Edit = readonly [name: string, apply: (project: Project, random: Random) => Promise<unknown>];

const header = (random: Random): string => `h${random.below(10)}.h`;
const source = (random: Random): string => `s${random.below(12)}.c`;

/** An object, as a path relative to the source. */
function object(random: Random): string {
  const number = random.below(12);
  return `../build/CMakeFiles/${number < 6 ? 'left' : 'right'}.dir/s${number}.c.o`;
}

/** Sets the number that the last definition of a file gives. */
async function renumber(project: Project, file: string, random: Random): Promise<void> {
  const text = await project.read(file);
  await project.write(file, text.replace(/\d+(\)?\n)$/, `${random.below(1000)}$1`));
}

const EDITS: readonly Edit[] = [
  ['touch a header', (project, random) => project.touch(header(random))],
  ['change a header', (project, random) => renumber(project, header(random), random)],
  ['touch a source', (project, random) => project.touch(source(random))],
  [
    'add to a source',
    (project, random) => project.append(source(random), `extern int e${random.below(9999)};\n`),
  ],
  [
    'include one header more',
    async (project, random) => {
      const file = source(random);
      await project.write(file, `#include "${header(random)}"\n${await project.read(file)}`);
    },
  ],
  [
    'include one header less',
    async (project, random) => {
      const file = source(random);
      const text = await project.read(file);
      const lines = text.split('\n');
      const again = lines.findIndex((line, at) => line.startsWith('#include "h') && lines.indexOf(line) < at);
      await project.write(file, again < 0 ? text : lines.toSpliced(again, 1).join('\n'));
    },
  ],
  ['delete an object', (project, random) => rm(project.path(object(random)), {force: true})],
  ['touch an object', (project, random) => project.touch(object(random))],
  ['delete the program', project => rm(project.output('app'), {force: true})],
  ['delete a library', project => rm(project.output('libright.a'), {force: true})],
  ['delete the generated header', project => rm(project.output('made.h'), {force: true})],
  ['delete the generator', project => rm(project.output('generator'), {force: true})],
  ['change the generator’s input', (project, random) => project.write('data.txt', `${random.below(100)}\n`)],
  ['touch the generator’s source', project => project.touch('generator.c')],
  [
    'change the flags of a target',
    (project, random) => project.write('flags.cmake', `set(LEVEL ${random.below(50)})\n`),
  ],
  ['touch the manifest’s input', project => project.touch('CMakeLists.txt')],
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

/** Expects what is there to be what a clean build at the same place makes. */
async function expectCleanBuildEqual(project: Project, story: string): Promise<void> {
  const made = async (): Promise<Map<string, string>> => {
    const all = await fileTree(project.directory);
    return new Map([...all].filter(([path]) => /\.(o|a|h)$|^(app|generator)$/.test(path)));
  };
  const deps = (await project.records()).deps;
  const incremental = await made();
  expect(await readFile(project.output('made.h'), 'utf8')).toContain('MADE');
  await rm(project.directory, {recursive: true});
  await project.configure([]);
  await project.builtByNinja();
  expect(incremental, story).toEqual(await made());
  expect(deps, story).toEqual((await project.records()).deps);
}
