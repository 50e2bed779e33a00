// Bundles one measurement of this folder and starts it: `node bench/run.mjs NAME [ARGUMENT...]`.
import {appendFile, copyFile, mkdir, rm} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {build} from 'esbuild';
import {program, script} from '../scripts/script.mjs';
import {SYSTEM_PATH} from '../scripts/system-path.mjs';

const here = dirname(fileURLToPath(import.meta.url));
process.env.PATH = SYSTEM_PATH;
// `bundle PART` only makes the part's script, and prints where it is: for times that its making must not be in.
const isBundleOnly = process.argv[2] === 'bundle';
const [name, ...args] = process.argv.slice(isBundleOnly ? 3 : 2);
const commands = [
  'corpus',
  'equal',
  'figures',
  'versions',
  'crash',
  'random-edits',
  'cloud',
  'faults',
  'foreign-root',
  'make',
  'make-figures',
  'watch',
  'bear',
  'remote-rules',
];
// Parts of others, which start them as processes of their own.
const parts = ['load-manifest', 'lambda-endpoint', 'invoke-many', 'sandbox-runtime'];
// Parts that are started as the program is, with their bytecode kept.
const programs = ['upload-many'];
if (name === undefined || ![...commands, ...parts, ...(isBundleOnly ? programs : [])].includes(name)) {
  process.stderr.write(`usage: npm run bench -- ${commands.join('|')} [ARGUMENT...]\n`);
  process.exit(2);
}
process.env.LLAMA_BENCH_ROOT = dirname(here);
process.env.LLAMA_BENCH_DIR ??= join(here, 'work');
process.env.LLAMA_CLOUD_TOOLS ??= join(dirname(here), 'node_modules/.cache/llama-cloud');
const installed = ({path}) => ({path: createRequire(import.meta.url).resolve(path), external: true});
const folder = join(process.env.LLAMA_BENCH_DIR, 'scripts');
await mkdir(folder, {recursive: true});
// What has native code stays where it is installed.
const native = {name: 'native', setup: ({onResolve}) => onResolve({filter: /^@mongodb-js\/zstd/}, installed)};
if (programs.includes(name)) {
  const place = join(folder, name);
  await build({
    ...program,
    entryPoints: [join(here, `${name}.ts`)],
    outdir: place,
    plugins: [native, ...program.plugins],
  });
  await build({
    ...script,
    entryPoints: [join(here, 'start-program.ts')],
    outdir: place,
    // The folder may lie in a package of modules.
    outExtension: {'.js': '.cjs'},
  });
  await copyFile(join(dirname(here), 'dist', 'sdk.cjs'), join(place, 'sdk.cjs'));
  process.stdout.write(
    `${join(place, 'start-program.cjs')}\n${join(place, `${name}.cjs`)}\n${join(place, 'code')}`,
  );
  process.exit(0);
}
const outfile = join(folder, isBundleOnly ? `${name}.mjs` : `${name}-${process.pid}.mjs`);
await build({
  entryPoints: [join(here, `${name}.ts`)],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
  sourcemap: isBundleOnly ? false : 'inline',
  plugins: [native],
  // CommonJS packages call require().
  banner: {
    js: "import {createRequire as __createRequire} from 'node:module';const require = __createRequire(import.meta.url);",
  },
});
if (isBundleOnly) {
  // A script that starts itself.
  await appendFile(outfile, '\nprocess.exitCode = await main(process.argv.slice(2));\n');
  process.stdout.write(outfile);
  process.exit(0);
}
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
