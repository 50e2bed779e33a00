/**
 * `equal [PROJECT...] [--type Release|Debug] [--multi] [--target T] [--reference]`: a build by llama with an empty store against the local build
 * at the same path: every object, every dependency record, idleness, and the edges that a touched header makes dirty. With --multi by CMake's
 * Ninja Multi-Config. With --reference only the local build is made and kept.
 */
import {rm, stat, utimes} from 'node:fs/promises';
import {join} from 'node:path';
import {buildAt, buildType, type Configuration, configure, project, projects, sources} from './corpus.ts';
import {build, type LlamaOptions, told, wouldBuild} from './llama.ts';
import {type BuildAt, wouldRun} from './ninja.ts';
import {check, parseArguments, place, say} from './place.ts';
import {putAside, reference} from './reference.ts';
import {writeResult} from './results.ts';
import {compare, type Difference, differing, type Snapshot, snapshot} from './snapshot.ts';

/** Prints a difference with its first lines; gives whether there was none. */
export function judge(difference: Difference): boolean {
  const fine = check(difference.lines.length === 0, `${difference.what}${fineText(difference)}`);
  for (const line of difference.lines.slice(0, 8)) say(`        ${line.slice(0, 300)}`);
  return fine;
}

function fineText(difference: Difference): string {
  return difference.lines.length === 0 ? '' : `: ${difference.lines.length} differ`;
}

/** Compares the directory as it is now with the reference, one printed line per check. */
export async function judgeAll(wanted: Snapshot, at: BuildAt): Promise<boolean> {
  return compare(wanted, await snapshot(at))
    .map(judge)
    .every(Boolean);
}

/** ninja and llama must name the same commands, at least `least` of them. */
export async function judgeDirty(at: BuildAt, options: LlamaOptions, least: number): Promise<Difference> {
  const byNinja = await wouldRun(at);
  const lines = differing(byNinja, await wouldBuild(at, options));
  if (byNinja.length < least)
    lines.push(`ninja itself names only ${byNinja.length} edges: nothing was tested`);
  return {what: `${byNinja.length} edges to run, named alike by ninja -n -v and llama build -n -v`, lines};
}

async function equal(of: Configuration, targets: readonly string[]): Promise<boolean> {
  say(`${of.project.name} ${of.type} ${targets.join(' ') || '(all)'}`);
  const wanted = await reference(of, targets);
  await putAside(of);
  await configure(of);
  const at = buildAt(of, targets);
  const options: LlamaOptions = {
    store: place('store', `equal-${of.project.name}-${of.type}${of.suffix ?? ''}`),
  };
  await rm(options.store, {recursive: true, force: true});

  const fine: boolean[] = [];
  fine.push(judge(await judgeDirty(at, options, 1)));
  const cold = await build(at, options);
  say(`     cold: ${told(cold.summary)}`);
  fine.push(await judgeAll(wanted, at));
  fine.push(
    judge({
      what: 'llama build -n has nothing to do',
      lines: differing(wanted.idle, await wouldBuild(at, options)),
    }),
  );

  const header = join(await sources(of.project), of.project.deepHeader);
  const {atime, mtime} = await stat(header);
  try {
    await touch(header);
    const dirty = await judgeDirty(at, options, 2);
    fine.push(judge({...dirty, what: `after touching ${of.project.deepHeader}: ${dirty.what}`}));
    const again = await build(at, options);
    say(`     touched header: ${told(again.summary)}`);
    fine.push(await judgeAll(wanted, at));
  } finally {
    // Other build directories share these sources and must stay idle.
    await utimes(header, atime, mtime);
  }

  const result = {
    project: of.project.name,
    type: of.type,
    targets,
    equal: fine.every(Boolean),
    cold: cold.summary,
  };
  await writeResult(
    `equal-${of.project.name}-${of.type}${of.suffix ?? ''}${targets.map(each => `-${each}`).join('')}`,
    result,
  );
  return result.equal;
}

/** Gives a file a new modification time. */
export async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

export async function main(argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv, ['reference', 'multi']);
  const type = buildType(flags.get('type'));
  const targets = (flags.get('target') ?? '').split(',').filter(Boolean);
  const multi = flags.has('multi') ? {isMulti: true, suffix: '-multi'} : {};
  const chosen = names.length === 0 ? projects.filter(each => !each.byName) : names.map(project);
  let fine = true;
  for (const each of flags.has('reference') ? chosen : [])
    await reference({project: each, type, ...multi}, targets);
  if (flags.has('reference')) return 0;
  for (const each of chosen) fine = (await equal({project: each, type, ...multi}, targets)) && fine;
  return fine ? 0 : 1;
}
