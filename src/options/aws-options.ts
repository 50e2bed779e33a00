/** The command lines of `llama bootstrap`, `llama doctor` and `llama status` -> options. Reads no file. */
import {ok} from '../failure.ts';
import {type Flag, invalid, type Parsed, parse, settingsOf, valueIn, wholeNumber} from './flags.ts';
import type {SettingValues} from './settings.ts';

export interface BootstrapOptions {
  readonly settings: SettingValues;
  /** MB. */
  readonly memory: number | undefined;
  readonly concurrency: number | undefined;
  readonly expireDays: number | undefined;
  /** The compilers go into a layer, or come out of it; undefined leaves that as it is. */
  readonly layer: boolean | undefined;
  readonly printTemplate: boolean;
  readonly delete: boolean;
  readonly yes: boolean;
  /** Between two looks at the stack, in ms. */
  readonly interval: number | undefined;
}

/** Of the commands that only look. */
export interface LookOptions {
  readonly settings: SettingValues;
  /** Mends what can be mended without asking. */
  readonly fix: boolean;
}

const BOOTSTRAP_FLAGS = {
  region: {type: 'string'},
  profile: {type: 'string'},
  stack: {type: 'string'},
  memory: {type: 'string'},
  concurrency: {type: 'string'},
  'expire-days': {type: 'string'},
  layer: {type: 'boolean'},
  'no-layer': {type: 'boolean'},
  'print-template': {type: 'boolean'},
  delete: {type: 'boolean'},
  yes: {type: 'boolean', short: 'y'},
  help: {type: 'boolean', short: 'h'},
} as const satisfies Record<string, Flag>;

const LOOK_FLAGS = {
  cloud: {type: 'string'},
  region: {type: 'string'},
  profile: {type: 'string'},
  stack: {type: 'string'},
  function: {type: 'string'},
  fix: {type: 'boolean'},
  help: {type: 'boolean', short: 'h'},
} as const satisfies Record<string, Flag>;

export const BOOTSTRAP_HELP = `llama bootstrap [FLAG...]

Makes in an AWS account what builds there need, or brings it up to date: a bucket, a function, their permissions. What
would change is shown first. It costs what is stored, and nothing while nobody builds.

  --region R           where                             (default: as for every tool of AWS)
  --profile P          by which of your profiles
  --stack NAME         what it is called                 (default: llama)
  --memory MB          of the function                   (default: 1769, which is one processor)
  --concurrency N      invocations at once, at most      (default: what the account allows)
  --expire-days N      life of what is stored            (default: 31)
  --layer              the compilers CC and CXX, else cc and c++, lie in a Lambda layer, so that new workers start
                       without fetching them; --no-layer takes them out
  --print-template     the CloudFormation template, and nothing is made
  --yes                without asking
  --delete             empties and removes all of it, after asking`;

export const DOCTOR_HELP = `llama doctor [--fix] [--region R] [--profile P] [--function NAME]

Looks at everything that builds need, here and in the cloud, and says of each thing whether it is right, where its
setting comes from, and what mends it. --fix mends what can be mended without a question.
Exit status: 0 all is right, 1 something is wrong.`;

export const STATUS_HELP = `llama status [--region R] [--profile P] [--function NAME]

Tells which cloud builds use, what its store holds, how many invocations may run at once, and what builds from this
machine have cost this month.`;

/** Bounds of Lambda. */
const MEMORY = {least: 128, most: 10_240};

export function parseBootstrapOptions(argv: readonly string[]): Parsed<BootstrapOptions> {
  const parsed = parse(argv, BOOTSTRAP_FLAGS, 'llama bootstrap --help');
  if (!parsed.ok) return parsed;
  const {values, positionals} = parsed.value;
  if (values.help) return ok('help');
  if (positionals.length > 0)
    return invalid(`unexpected argument '${positionals[0]}'`, 'see: llama bootstrap --help');
  const memory = wholeNumber(values.memory, '--memory', MEMORY.least);
  const concurrency = wholeNumber(values.concurrency, '--concurrency', 1);
  const expireDays = wholeNumber(values['expire-days'], '--expire-days', 1);
  for (const checked of [memory, concurrency, expireDays]) if (!checked.ok) return checked;
  if ((valueIn(memory) ?? 0) > MEMORY.most)
    return invalid(`--memory takes at most ${MEMORY.most}, not '${values.memory}'`);
  if (values.layer && values['no-layer']) return invalid('--layer and --no-layer contradict each other');
  if (values.stack !== undefined && !/^[a-z][a-z0-9-]{0,29}$/.test(values.stack)) {
    return invalid(
      `--stack takes up to 30 small letters, digits and hyphens, a letter first, not '${values.stack}'`,
      'the bucket and the function are named after it',
    );
  }
  return ok({
    settings: settingsOf({region: values.region, profile: values.profile, stack: values.stack}),
    memory: valueIn(memory),
    concurrency: valueIn(concurrency),
    expireDays: valueIn(expireDays),
    layer: values.layer ? true : values['no-layer'] ? false : undefined,
    printTemplate: values['print-template'] ?? false,
    delete: values.delete ?? false,
    yes: values.yes ?? false,
    interval: undefined,
  });
}

export function parseLookOptions(argv: readonly string[], command: 'doctor' | 'status'): Parsed<LookOptions> {
  const parsed = parse(argv, LOOK_FLAGS, `llama ${command} --help`);
  if (!parsed.ok) return parsed;
  const {values, positionals} = parsed.value;
  if (values.help) return ok('help');
  if (positionals.length > 0)
    return invalid(`unexpected argument '${positionals[0]}'`, `see: llama ${command} --help`);
  const {cloud, region, profile, stack, function: name} = values;
  if (cloud !== undefined && cloud !== 'aws' && cloud !== 'embedded')
    return invalid(`--cloud takes aws or embedded, not '${cloud}'`);
  return ok({
    settings: settingsOf({cloud, region, profile, stack, function: name}),
    fix: values.fix ?? false,
  });
}
