// Bundles the client and the worker into dist/. `program.cjs` is the client: one script, so that its bytecode can be
// kept (src/code-cache.ts). A program that runs from dist/ meanwhile has read all of it.
import {chmod, mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {basename} from 'node:path';
import {build} from 'esbuild';
import {zipSync} from 'fflate';

const {version} = JSON.parse(await readFile('package.json', 'utf8'));
await mkdir('dist', {recursive: true});
// The project's own package.json calls its files modules.
await writeFile('dist/package.json', '{"type": "commonjs"}\n');
const common = {
  outdir: 'dist',
  bundle: true,
  metafile: true,
  platform: 'node',
  target: 'node20.19',
  define: {LLAMA_VERSION: JSON.stringify(version)},
  logLevel: 'warning',
};
const script = {
  ...common,
  format: 'cjs',
  define: {...common.define, 'import.meta.url': '__moduleUrl'},
  banner: {js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;"},
};
const sdkApart = {
  name: 'sdk-apart',
  setup({onResolve}) {
    onResolve({filter: /\/sdk(-control)?\.ts$/}, ({kind, path}) =>
      kind === 'entry-point' ? undefined : {path: `./${basename(path, '.ts')}.cjs`, external: true},
    );
  },
};
const results = await Promise.all([
  // Scripts and no modules: node starts a script 6 ms of CPU sooner.
  build({...script, entryPoints: {main: 'src/main.ts', worker: 'lambda/serve.ts'}}),
  build({
    ...script,
    entryPoints: {program: 'src/cli.ts'},
    outExtension: {'.js': '.cjs'},
    // The SDK is apart, and what has native code cannot be bundled; both are loaded by require() when they are used.
    external: ['@mongodb-js/zstd'],
    plugins: [sdkApart],
    supported: {'dynamic-import': false},
  }),
  build({
    ...common,
    format: 'cjs',
    entryPoints: {sdk: 'src/remote/aws/sdk.ts', 'sdk-control': 'src/remote/aws/sdk-control.ts'},
    outExtension: {'.js': '.cjs'},
    minifySyntax: true,
  }),
  build({...common, format: 'cjs', target: 'node24', entryPoints: {'function/aws': 'lambda/aws.ts'}}),
]);
await writeFile('dist/function.zip', await zipOf('dist/function/aws.js'));
const made = new Set(
  results.flatMap(({metafile}) => Object.keys(metafile.outputs)).map(file => file.split('/')[1]),
);
made.add('function.zip').add('package.json');
for (const name of await readdir('dist')) if (!made.has(name)) await rm(`dist/${name}`, {recursive: true});
await chmod('dist/main.js', 0o755);

/** What the function runs. Equal code gives an equal file, whenever it is made. */
async function zipOf(file) {
  const first = new Date('1980-01-01T00:00:00');
  return zipSync({'aws.js': [await readFile(file), {mtime: first, level: 9}]});
}
