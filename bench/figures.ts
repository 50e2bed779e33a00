/**
 * `figures [NAME...] [--runs N]`: every figure that the project promises, each with its peer in the same run, medians
 * of at least five; as a table and as JSON. NAME picks some of them.
 */
import {type Figure, keeps, plain, table} from './figure.ts';
import {cached, clientCpu, cold, oneFile} from './figures-build.ts';
import {importList, manifest, nothingToDo, plan} from './figures-graph.ts';
import {parseArguments, say, UsageError} from './place.ts';
import {writeResult} from './results.ts';

const measures: Readonly<Record<string, (runs: number) => Promise<Figure[]>>> = {
  manifest,
  plan,
  nothing: nothingToDo,
  import: importList,
  cold,
  cached,
  'one-file': oneFile,
  'cpu-release': runs => clientCpu(runs, 'Release'),
  'cpu-debug': runs => clientCpu(runs, 'Debug'),
};

export async function main(argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv);
  const runs = Number(flags.get('runs') ?? 5);
  // node reads this file at every start, 40 ms for a system's bundle: a setting of the machine, not the work measured.
  delete process.env.NODE_EXTRA_CA_CERTS;
  const unknown = names.filter(name => !(name in measures));
  if (unknown.length > 0)
    throw new UsageError(`no figure '${unknown.join(', ')}'; there are ${Object.keys(measures).join(', ')}`);
  const figures: Figure[] = [];
  for (const [name, measure] of Object.entries(measures)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const made = await measure(runs);
    figures.push(...made);
    say(`${table(made)}\n`);
  }
  say(table(figures));
  await writeResult(names.length === 0 ? 'figures' : `figures-${names.join('-')}`, {
    runs,
    figures: figures.map(plain),
  });
  return figures.every(figure => keeps(figure) !== false) ? 0 : 1;
}
