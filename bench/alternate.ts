/**
 * One directory built by turns by llama and ninja while it is being edited: before each build both must name the same
 * edges, after it both must be idle, and at the end every object must be what a clean local build gives.
 */
import type {Edits} from './edits.ts';
import {build, type LlamaOptions, wouldBuild} from './llama.ts';
import {type BuildAt, wouldRun} from './ninja.ts';
import {check, say} from './place.ts';
import {must} from './process.ts';
import {compare, differing, snapshot} from './snapshot.ts';

/** Makes `count` edits, prints one line for each, and gives how many went wrong. */
export async function alternate(
  at: BuildAt,
  options: LlamaOptions,
  of: {edits: Edits; count: number},
): Promise<number> {
  let wrong = 0;
  for (let index = 0; index < of.count; index++) {
    const edit = await of.edits.apply();
    const byNinja = await wouldRun(at);
    const problems = differing(byNinja, await wouldBuild(at, options)).map(line => `before: ${line}`);
    const builder = index % 2 === 0 ? 'llama' : 'ninja';
    if (builder === 'llama') {
      const built = await build(at, options);
      problems.push(...needless(byNinja, built.summary.compiles));
    } else await must([at.ninja ?? 'ninja', ...at.targets], {cwd: at.directory});
    problems.push(...(await wouldRun(at)).map(line => `ninja not idle after ${builder}: ${line}`));
    problems.push(...(await wouldBuild(at, options)).map(line => `llama not idle after ${builder}: ${line}`));
    if (!check(problems.length === 0, `${index + 1}. ${edit}: ${byNinja.length} edges, built by ${builder}`))
      wrong++;
    for (const problem of problems.slice(0, 5)) say(`        ${problem.slice(0, 300)}`);
  }
  return wrong;
}

/** More or fewer compiles than ninja named; when CMake runs first, ninja cannot name what follows. */
function needless(
  byNinja: readonly string[],
  ran: {remote: number; cached: number; local: number},
): string[] {
  if (byNinja.some(command => command.includes('--regenerate-during-build'))) return [];
  const named = byNinja.filter(command => / -o \S+\.o -c /.test(command)).length;
  const made = ran.remote + ran.cached + ran.local;
  return named === made ? [] : [`ninja named ${named} compiles, llama made ${made}`];
}

/** Holds the directory's state against a clean build by ninja alone; gives whether they are equal. */
export async function sameAsClean(at: BuildAt): Promise<boolean> {
  const found = await snapshot(at);
  const ninja = at.ninja ?? 'ninja';
  await must([ninja, '-t', 'clean'], {cwd: at.directory});
  await must([ninja, ...at.targets], {cwd: at.directory});
  const differences = compare(await snapshot(at), found).filter(each => each.what !== 'nothing left over');
  for (const line of differences.flatMap(each => each.lines).slice(0, 8))
    say(`        ${line.slice(0, 300)}`);
  return check(
    differences.every(each => each.lines.length === 0),
    'after all of them: as a clean build by ninja leaves it',
  );
}
