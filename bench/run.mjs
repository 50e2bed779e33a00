// Bundles one measurement of this folder and starts it: `node bench/run.mjs NAME [ARGUMENT...]`.
import {mkdir, rm} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {build} from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const [name, ...args] = process.argv.slice(2);
const commands = ['corpus', 'equal', 'figures', 'versions', 'crash', 'random-edits'];
// A part of `figures`, which starts it as a process of its own.
const parts = ['load-manifest'];
if (name === undefined || ![...commands, ...parts].includes(name)) {
  process.stderr.write(`usage: npm run bench -- ${commands.join('|')} [ARGUMENT...]\n`);
  process.exit(2);
}
process.env.LLAMA_BENCH_ROOT = dirname(here);
process.env.LLAMA_BENCH_DIR ??= join(here, 'work');
const folder = join(process.env.LLAMA_BENCH_DIR, 'scripts');
await mkdir(folder, {recursive: true});
const outfile = join(folder, `${name}-${process.pid}.mjs`);
await build({
  entryPoints: [join(here, `${name}.ts`)],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
  sourcemap: 'inline',
});
try {
  const {main} = await import(pathToFileURL(outfile).href);
  process.exitCode = await main(args);
} catch (error) {
  if (error?.name !== 'UsageError') throw error;
  process.stderr.write(`${name}: ${error.message}\n`);
  process.exitCode = 2;
} finally {
  await rm(outfile, {force: true});
}
