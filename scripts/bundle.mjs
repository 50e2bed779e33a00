// Bundles the client and the worker into dist/. The client is split, so that a build with nothing to do loads only
// the chunks that find that out. A program that runs from dist/ meanwhile keeps its files until the new ones are there.
import {chmod, mkdir, readdir, readFile, rm} from 'node:fs/promises';
import {basename} from 'node:path';
import {build} from 'esbuild';

const {version} = JSON.parse(await readFile('package.json', 'utf8'));
await mkdir('dist', {recursive: true});
const result = await build({
  entryPoints: {main: 'src/main.ts', worker: 'lambda/serve.ts'},
  outdir: 'dist',
  bundle: true,
  splitting: true,
  metafile: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  define: {LLAMA_VERSION: JSON.stringify(version)},
  // CommonJS dependencies call require(); an ES module has none of its own.
  banner: {
    js: "import {createRequire as __createRequire} from 'node:module';const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
const made = new Set(Object.keys(result.metafile.outputs).map(file => basename(file)));
for (const name of await readdir('dist')) if (!made.has(name)) await rm(`dist/${name}`, {recursive: true});
await chmod('dist/main.js', 0o755);
