/**
 * `random-edits [PROJECT...] [--count N] [--seed N] [--type T] [--target T]`: the same directory built by turns by
 * llama and ninja through random edits.
 */
import {alternate, sameAsClean} from './alternate.ts';
import {buildType, configure, type Project, project, projects, sourceCopy} from './corpus.ts';
import {Edits, random} from './edits.ts';
import {build, type LlamaOptions} from './llama.ts';
import type {BuildAt} from './ninja.ts';
import {parseArguments, place, say} from './place.ts';
import {writeResult} from './results.ts';
import {snapshot} from './snapshot.ts';

interface Wanted {
  readonly count: number;
  readonly seed: number;
  readonly type: 'Release' | 'Debug';
  readonly targets: readonly string[];
}

async function randomEdits(of: Project, wanted: Wanted): Promise<boolean> {
  say(`${of.name} ${wanted.type}: ${wanted.count} random edits, seed ${wanted.seed}`);
  const source = await sourceCopy(of, 'random-edits');
  const configuration = {project: of, type: wanted.type, suffix: '-edited', source};
  const at: BuildAt = {directory: await configure(configuration), targets: wanted.targets};
  const options: LlamaOptions = {store: place('store', `edits-${of.name}`)};
  await build(at, options);
  const edits = new Edits(at, {source, built: await snapshot(at), next: random(wanted.seed)});
  const wrong = await alternate(at, options, {edits, count: wanted.count});
  const same = await sameAsClean(at);
  await writeResult(`random-edits-${of.name}`, {project: of.name, ...wanted, wrong, same_as_clean: same});
  return wrong === 0 && same;
}

export async function main(argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv);
  const wanted: Wanted = {
    count: Number(flags.get('count') ?? 30),
    seed: Number(flags.get('seed') ?? 1),
    type: buildType(flags.get('type') ?? 'Debug'),
    targets: (flags.get('target') ?? '').split(',').filter(Boolean),
  };
  let fine = true;
  const chosen = names.length === 0 ? projects.filter(each => !each.byName) : names.map(project);
  for (const each of chosen) fine = (await randomEdits(each, wanted)) && fine;
  return fine ? 0 : 1;
}
