/** Results on disk: figures without their machine, date and commit mean nothing. */
import {mkdir, writeFile} from 'node:fs/promises';
import {availableParallelism, cpus, release, totalmem} from 'node:os';
import {join} from 'node:path';
import {ninjaVersion} from './ninja.ts';
import {place, root, say} from './place.ts';
import {run} from './process.ts';

/** Writes `bench/results/NAME.json` (those of another program than our own bundle: the work folder) and says so. */
export async function writeResult(name: string, result: object): Promise<void> {
  const ours = process.env.LLAMA_BENCH_CLI === undefined;
  const folder = ours ? join(root(), 'bench', 'results') : place('results');
  await mkdir(folder, {recursive: true});
  const commit = (await run(['git', 'describe', '--always', '--dirty'], {cwd: root()})).stdout.trim();
  const whole = {date: new Date().toISOString(), commit, machine: await machine(), ...result};
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(whole, null, 2)}\n`);
  say(`     ${join(folder, `${name}.json`)}`);
}

async function machine(): Promise<object> {
  const compiler = (await run(['c++', '--version'])).stdout.split('\n')[0];
  return {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    compiler,
    ninja: await ninjaVersion(),
  };
}
