// How the client's bundles are made: scripts, so that their bytecode can be kept (src/code-cache.ts).
import {readFileSync} from 'node:fs';
import {basename} from 'node:path';

const {version} = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

export const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  define: {LLAMA_VERSION: JSON.stringify(version)},
  logLevel: 'warning',
};

/** One that starts by itself. */
export const script = {
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

/** One that is loaded by `runProgram`. */
export const program = {
  ...script,
  outExtension: {'.js': '.cjs'},
  // The SDK is apart, and what has native code cannot be bundled; both are loaded by require() when they are used.
  external: ['@mongodb-js/zstd'],
  plugins: [sdkApart],
  supported: {'dynamic-import': false},
};
