// Bundles the client and the worker into dist/. `program.cjs` is the client: one script, so that its bytecode can be
// kept (src/code-cache.ts). A program that runs from dist/ meanwhile has read all of it.
import {chmod, mkdir, readdir, readFile, rm} from 'node:fs/promises';
import {basename} from 'node:path';
import {build} from 'esbuild';

const {version} = JSON.parse(await readFile('package.json', 'utf8'));
await mkdir('dist', {recursive: true});
const common = {
  outdir: 'dist',
  bundle: true,
  metafile: true,
  platform: 'node',
  target: 'node20.19',
  define: {LLAMA_VERSION: JSON.stringify(version)},
  logLevel: 'warning',
};
const results = await Promise.all([
  build({...common, format: 'esm', entryPoints: {main: 'src/main.ts', worker: 'lambda/serve.ts'}}),
  build({
    ...common,
    format: 'cjs',
    entryPoints: {program: 'src/cli.ts'},
    outExtension: {'.js': '.cjs'},
    define: {...common.define, 'import.meta.url': '__moduleUrl'},
    banner: {js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;"},
  }),
]);
const made = new Set(
  results.flatMap(({metafile}) => Object.keys(metafile.outputs)).map(file => basename(file)),
);
for (const name of await readdir('dist')) if (!made.has(name)) await rm(`dist/${name}`, {recursive: true});
await chmod('dist/main.js', 0o755);
