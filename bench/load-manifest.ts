/** `load-manifest DIRECTORY`: milliseconds that a fresh process, with V8 as the program has it, needs to load a build.ninja into a graph. */
import {loadManifest} from '../src/frontends/ninja/manifest.ts';
import {useOurFlags} from '../src/v8-flags.ts';

export function main(argv: readonly string[]): number {
  useOurFlags();
  const start = performance.now();
  loadManifest({directory: argv[0] ?? '.', file: 'build.ninja', hashKind: 'murmur', ninjaVersion: '1.11.1'});
  process.stdout.write(`${(performance.now() - start).toFixed(1)}\n`);
  return 0;
}
