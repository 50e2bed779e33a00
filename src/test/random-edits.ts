/** Random edits of the fixture `random-edits`, and what has to be true after them. */
import {readFile, rm} from 'node:fs/promises';
import {expect} from 'vitest';
import {fileTree} from './file-tree.ts';
import type {Project} from './project.ts';
import type {Random} from './random.ts';

export type Edit = readonly [name: string, apply: (project: Project, random: Random) => Promise<unknown>];

export const header = (random: Random): string => `h${random.below(10)}.h`;
export const source = (random: Random): string => `s${random.below(12)}.c`;

/** Sets the number that the last definition of a file gives. */
export async function renumber(project: Project, file: string, random: Random): Promise<void> {
  const text = await project.read(file);
  await project.write(file, text.replace(/\d+(\)?\n)$/, `${random.below(1000)}$1`));
}

/** Edits of files that nothing makes. */
export const SOURCE_EDITS: readonly Edit[] = [
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
  ['change the generator’s input', (project, random) => project.write('data.txt', `${random.below(100)}\n`)],
  ['touch the generator’s source', project => project.touch('generator.c')],
  [
    'change the flags of a target',
    (project, random) => project.write('flags.cmake', `set(LEVEL ${random.below(50)})\n`),
  ],
  ['touch the manifest’s input', project => project.touch('CMakeLists.txt')],
];

/** Expects what is there to be what a clean build at the same place makes. */
export async function expectCleanBuildEqual(project: Project, story: string): Promise<void> {
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
