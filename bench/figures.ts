/**
 * `figures [NAME...] [--runs N]`: every figure that the project promises, each with its peer in the same run, medians
 * of at least five; as a table and as JSON. NAME picks some of them.
 */
import {cached, clientCpu, cold, oneFile} from './figures-build.ts';
import {importList, manifest, nothingToDo, plan} from './figures-graph.ts';
import {type Measures, runFigures} from './run-figures.ts';

const measures: Measures = {
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

export function main(argv: readonly string[]): Promise<number> {
  return runFigures('figures', measures, argv);
}
