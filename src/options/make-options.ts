/** The command line of `llama make`: a few flags of ours among the words of make. Reads no file. */
import {ok} from '../failure.ts';
import type {Parsed} from './flags.ts';
import {type BuildOptions, parseBuildOptions} from './options.ts';

export interface MakeOptions {
  /** What `llama make` has in common with `llama build`; `jobs` are compiles in flight. */
  readonly build: BuildOptions;
  /** For make, as they were typed. */
  readonly words: readonly string[];
  /** Each compile that stays here is told of, with its reason. */
  readonly whyLocal: boolean;
}

export const MAKE_HELP = `llama make [ARG...]

Runs make as it is: compiles on workers, everything else in its recipes by make itself. ARGs are make's own, but for:

  -j N              (make's) jobs that run on this machine at once    (default: the cores; -j1 for a Makefile that needs
                    its order); those that wait for a worker do not count
  --remote-jobs N   compiles in flight at most                        (default: what the cloud offers)
  --why-local       tell of each compile that stays here, and why
  --store DIR       the embedded store                   (default: $XDG_CACHE_HOME/llama)
  --no-cache        use no earlier result, keep none
  --no-cache-write  keep no results for others
  --summary FILE    write figures of the build as JSON
  --progress none   say nothing but what make says
  --cloud CLOUD     aws or embedded                      (default: what llama bootstrap has made, else embedded)
  --function NAME, --region R, --profile P               of aws, instead of what bootstrap wrote down
  --no-fallback     what the cloud itself fails is a failure, instead of running here
  --max-cost USD    from there on everything runs here

What stands behind -- is make's in any case. --local-jobs N is another way to write -j N.
Exit status: make's own; 2 also for wrong usage, 130 or 143 interrupted.`;

/** Ours, with whether a value follows. */
const OWN: Readonly<Record<string, boolean>> = {
  '--remote-jobs': true,
  '--local-jobs': true,
  '--store': true,
  '--no-cache': false,
  '--no-cache-write': false,
  '--summary': true,
  '--progress': true,
  '--cloud': true,
  '--function': true,
  '--region': true,
  '--profile': true,
  '--fallback': false,
  '--no-fallback': false,
  '--max-cost': true,
};

export function parseMakeOptions(argv: readonly string[]): Parsed<MakeOptions> {
  const own: string[] = [];
  const words: string[] = [];
  let whyLocal = false;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === '--') {
      words.push(...argv.slice(at + 1));
      break;
    }
    if (word === '--help') return ok('help');
    if (word === '--why-local') {
      whyLocal = true;
      continue;
    }
    const [name = '', ...value] = word.split('=');
    const takesValue = OWN[name];
    if (takesValue === undefined) {
      words.push(word);
      continue;
    }
    const flag = name === '--remote-jobs' ? '--jobs' : name;
    own.push([flag, ...value].join('='));
    if (takesValue && value.length === 0 && at + 1 < argv.length) own.push(argv[++at]!);
  }
  const parsed = parseBuildOptions(own);
  if (!parsed.ok) return parsed;
  return ok({build: parsed.value as BuildOptions, words, whyLocal});
}
