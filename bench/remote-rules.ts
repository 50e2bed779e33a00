/**
 * `remote-rules [--targets LIST]`: LLVM's runs of its own llvm-tblgen, by ninja and by llama with `--remote-rule
 * llvm-tblgen`, from one and the same state at one path: every generated file, every dependency file, idleness, what a
 * touched input makes dirty; and the same again from the result cache.
 */
import {rename, rm, stat, utimes} from 'node:fs/promises';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import {configure, project, sources} from './corpus.ts';
import {judge, judgeAll, judgeDirty, touch} from './equal.ts';
import {type Built, build, type LlamaOptions} from './llama.ts';
import type {BuildAt} from './ninja.ts';
import {check, parseArguments, place, say} from './place.ts';
import {must} from './process.ts';
import {writeResult} from './results.ts';
import {snapshot} from './snapshot.ts';

const TOOL = 'llvm-tblgen';
/** Of these three the build runs the tool about ninety times. */
const TARGETS = 'X86;AArch64;ARM';

export async function main(argv: readonly string[]): Promise<number> {
  const {flags} = parseArguments(argv);
  const of = {
    project: project('llvm'),
    type: 'Release',
    suffix: '-rules',
    options: [`-DLLVM_TARGETS_TO_BUILD=${flags.get('targets') ?? TARGETS}`],
  } as const;
  const directory = await configure(of);
  const options: LlamaOptions = {store: place('store', 'remote-rules'), flags: ['--remote-rule', TOOL]};
  await rm(options.store, {recursive: true, force: true});
  say(`llvm: ${TOOL} itself`);
  await build({directory, targets: [TOOL]}, options);
  const at: BuildAt = {directory, targets: await generated(directory)};
  const before = `${directory}.before`;
  const restore = async () => {
    await rm(directory, {recursive: true, force: true});
    await must(['cp', '-a', before, directory]);
  };
  await rm(before, {recursive: true, force: true});
  await rename(directory, before);

  await restore();
  const began = performance.now();
  await must(['ninja', '-C', directory, '-j', String(availableParallelism()), ...at.targets]);
  const byNinja = performance.now() - began;
  const wanted = await snapshot(at);
  say(`     ninja: ${at.targets.length} runs in ${(byNinja / 1000).toFixed(1)} s`);

  await restore();
  const fine = [judge(await judgeDirty(at, options, at.targets.length))];
  const cold = await build(at, options);
  fine.push(judgeRuns(cold, {remote: at.targets.length, cached: 0, local: 0}), await judgeAll(wanted, at));
  const header = join(await sources(of.project), 'include/llvm/Target/TargetSchedule.td');
  const {atime, mtime} = await stat(header);
  try {
    await touch(header);
    fine.push(judge(await judgeDirty(at, options, 2)));
    await build(at, options);
    fine.push(await judgeAll(wanted, at));
  } finally {
    await utimes(header, atime, mtime);
  }

  await restore();
  const again = await build(at, options);
  fine.push(judgeRuns(again, {remote: 0, cached: at.targets.length, local: 0}), await judgeAll(wanted, at));
  await rm(before, {recursive: true, force: true});
  await writeResult('remote-rules', {
    runs: at.targets.length,
    ninja_ms: byNinja,
    cold: cold.summary,
    again: again.summary,
  });
  return fine.every(Boolean) ? 0 : 1;
}

/** First outputs of the edges that run the tool. */
async function generated(directory: string): Promise<string[]> {
  const {stdout} = await must(['ninja', '-C', directory, '-t', 'compdb'], {});
  const entries = JSON.parse(stdout.slice(stdout.indexOf('['))) as {command: string; output: string}[];
  return entries.filter(({command}) => command.includes(`/bin/${TOOL} `)).map(({output}) => output);
}

function judgeRuns({summary}: Built, wanted: {remote: number; cached: number; local: number}): boolean {
  const {remote, cached, local} = summary.remote_rules;
  const told = `${remote} remote, ${cached} cached, ${local} local`;
  const cost = `${(summary.wall_ms / 1000).toFixed(1)} s, client ${(summary.client_cpu_ms / 1000).toFixed(2)} s CPU`;
  const isSo = remote === wanted.remote && cached === wanted.cached && local === wanted.local;
  return check(isSo, `${told}; ${cost}`);
}
