/** Takes the figures that a command line names, tells them as a table, and keeps them as JSON. Measures nothing itself. */
import {type Figure, keeps, plain, table} from './figure.ts';
import {parseArguments, say, UsageError} from './place.ts';
import {writeResult} from './results.ts';

/** Each by its name; `runs`: how often it is measured. */
export type Measures = Readonly<Record<string, (runs: number) => Promise<Figure[]>>>;

/** Answers the exit status: 0 where all limits are kept. `name`: of the results' file. */
export async function runFigures(name: string, measures: Measures, argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv);
  const runs = Number(flags.get('runs') ?? 5);
  // node reads this file at every start, 40 ms for a system's bundle: a setting of the machine, not the work measured.
  delete process.env.NODE_EXTRA_CA_CERTS;
  const unknown = names.filter(each => !(each in measures));
  if (unknown.length > 0)
    throw new UsageError(`no figure '${unknown.join(', ')}'; there are ${Object.keys(measures).join(', ')}`);
  const figures: Figure[] = [];
  for (const [each, measure] of Object.entries(measures)) {
    if (names.length > 0 && !names.includes(each)) continue;
    const made = await measure(runs);
    figures.push(...made);
    say(`${table(made)}\n`);
  }
  say(table(figures));
  await writeResult([name, ...names].join('-'), {runs, figures: figures.map(plain)});
  return figures.every(figure => keeps(figure) !== false) ? 0 : 1;
}
