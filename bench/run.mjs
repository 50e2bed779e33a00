// Bundles one measurement of this folder and starts it: `node bench/run.mjs NAME [ARGUMENT...]`.
import {mkdir, readdir} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {build} from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const [name, ...args] = process.argv.slice(2);
const commands = ['corpus', 'equal', 'figures', 'versions', 'crash', 'random-edits', 'load-manifest'];
const known = (await readdir(here)).filter(
  file => commands.includes(file.slice(0, -3)) && file.endsWith('.ts'),
);
if (name === undefined || !known.includes(`${name}.ts`)) {
  process.stderr.write(
    `usage: npm run bench -- ${known.map(file => file.slice(0, -3)).join('|')} [ARGUMENT...]\n`,
  );
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
} finally {
  const {rm} = await import('node:fs/promises');
  await rm(outfile, {force: true});
}
