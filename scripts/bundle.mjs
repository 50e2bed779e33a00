// Bundles the client and the worker into dist/. `program.cjs` is the client: one script, so that its bytecode can be
// kept (src/code-cache.ts). A program that runs from dist/ meanwhile has read all of it.
import {chmod, mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {build} from 'esbuild';
import {zipSync} from 'fflate';
import {common, program, script} from './script.mjs';

await mkdir('dist', {recursive: true});
// The project's own package.json calls its files modules.
await writeFile('dist/package.json', '{"type": "commonjs"}\n');
const into = {outdir: 'dist', metafile: true};
const results = await Promise.all([
  // Scripts and no modules: node starts a script 6 ms of CPU sooner.
  build({...script, ...into, entryPoints: {main: 'src/main.ts', worker: 'lambda/serve.ts'}}),
  build({...program, ...into, entryPoints: {program: 'src/cli.ts'}}),
  build({
    ...common,
    ...into,
    format: 'cjs',
    entryPoints: {sdk: 'src/remote/aws/sdk.ts', 'sdk-control': 'src/remote/aws/sdk-control.ts'},
    outExtension: {'.js': '.cjs'},
    minifySyntax: true,
  }),
  build({
    ...common,
    ...into,
    format: 'cjs',
    target: 'node24',
    entryPoints: {'function/aws': 'lambda/aws.ts'},
  }),
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
