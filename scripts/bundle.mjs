// Bundles the client and the worker into dist/. The client is split, so that a build with nothing to do loads
// only the chunk that finds that out.
import {chmod, copyFile, readFile, rm} from 'node:fs/promises';
import {existsSync} from 'node:fs';
import {build} from 'esbuild';

const entries = {main: 'src/main.ts', worker: 'lambda/serve.ts'};
await rm('dist', {recursive: true, force: true});
await build({
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // CommonJS dependencies call require(); an ES module has none of its own.
  banner: {js: "import {createRequire as __createRequire} from 'node:module';const require = __createRequire(import.meta.url);"},
  define: {LLAMA_VERSION: JSON.stringify(JSON.parse(await readFile('package.json', 'utf8')).version)},
  legalComments: 'linked',
  logLevel: 'warning',
});
if (existsSync('dist/main.js')) await chmod('dist/main.js', 0o755);
