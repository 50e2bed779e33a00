/** `load-manifest DIRECTORY`: milliseconds that a fresh process, with V8 as the program has it, needs to load a build.ninja into a graph. */
import {useOurFlags} from '../src/v8-flags.ts';

export async function main(argv: readonly string[]): Promise<number> {
  // As in the program: a function's time to be optimised is counted by the flags that it is made under.
  useOurFlags();
  const {loadManifest} = await import('../src/frontends/ninja/manifest.ts');
  const start = performance.now();
  loadManifest({directory: argv[0] ?? '.', file: 'build.ninja', hashKind: 'murmur', ninjaVersion: '1.11.1'});
  process.stdout.write(`${(performance.now() - start).toFixed(1)}\n`);
  return 0;
}
