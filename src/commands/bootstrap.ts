/** `llama bootstrap`: makes, changes or removes what builds on AWS need, and writes down what it is called. */
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {createInterface} from 'node:readline/promises';
import {FailureError} from '../failure.ts';
import type {BootstrapOptions} from '../options/aws-options.ts';
import {readSettings, type SettingValues, userFile} from '../options/settings.ts';
import {storePlace} from '../options/store-place.ts';
import {digestOf} from '../protocol/digest.ts';
import {PROTOCOL_VERSION} from '../protocol/invocation.ts';
import {type Connection, connect} from '../remote/aws/connection.ts';
import type {Control, ControlSdk} from '../remote/aws/control.ts';
import {ADVICE, faultOf, lastReason} from '../remote/aws/fault.ts';
import {KnownObjects, knownObjectsFile} from '../remote/aws/known-objects.ts';
import type {CloudFormationClient} from '../remote/aws/sdk-control.ts';
import {codeKey, emptyBucket, putCode} from '../remote/aws/stack/bucket.ts';
import {
  type Change,
  deploy,
  FAILED_CREATION,
  removeStack,
  type StackEvent,
  type StackOutputs,
  type StackState,
  stackState,
} from '../remote/aws/stack/deploy.ts';
import {layerOf} from '../remote/aws/stack/layer.ts';
import {
  functionDescription,
  MADE_BY,
  PREFIX,
  STACK_DESCRIPTION,
  type StackSettings,
  stackTemplate,
} from '../remote/aws/stack/template.ts';
import {DEFAULT_MEMORY} from './cloud-choice.ts';
import {type LayerCompiler, layerCompilers} from './layer-compilers.ts';
import {print} from './standard-output.ts';

export interface BootstrapContext {
  readonly version: string;
  /** Folder of the program's files. */
  readonly programFolder: string;
  readonly env: NodeJS.ProcessEnv;
}

const DEFAULT_STACK = 'llama';

/** Answers the exit status. @throws FailureError */
export async function bootstrap(options: BootstrapOptions, context: BootstrapContext): Promise<number> {
  const {env} = context;
  const settings = readSettings(options.settings, process.cwd(), env);
  const stack = settings.stack?.value ?? DEFAULT_STACK;
  const zip = readFileSync(join(context.programFolder, 'function.zip'));
  const digest = digestOf(zip);
  const cacheDir = storePlace(undefined, env);
  const compilers = options.layer ? await layerCompilers(env, cacheDir) : [];
  const layer = options.layer ? layerOf(compilers.map(({part}) => part)) : undefined;
  const asked: Asked = {
    stack,
    memory: options.memory,
    concurrency: options.concurrency,
    expireDays: options.expireDays,
    layer: layer && codeKey(digestOf(layer)),
    hasLayer: options.layer,
    storeEndpoint: env.LLAMA_STORE_ENDPOINT || env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined,
    code: {
      key: codeKey(digest),
      description: functionDescription(context.version, PROTOCOL_VERSION, digest),
    },
  };
  if (options.printTemplate) {
    print(JSON.stringify(stackTemplate(withDefaults(asked, {})), undefined, 2));
    return 0;
  }
  const connection = await connect({
    region: settings.region?.value,
    profile: settings.profile?.value,
    connections: 8,
    env,
  });
  try {
    return await (options.delete
      ? remove({connection, options, stack, env})
      : create({connection, options, asked, zip, layer, compilers, cacheDir, env}));
  } catch (error) {
    throw error instanceof FailureError ? error : cloudFailure(error);
  } finally {
    connection.close();
  }
}

/** What the command line says of a stack; what it does not say stays as it is. */
type Asked = Omit<StackSettings, 'memory' | 'expireDays'> & {
  readonly memory: number | undefined;
  readonly expireDays: number | undefined;
  readonly hasLayer: boolean | undefined;
};

const DEFAULT_EXPIRE_DAYS = 31;

/** `deployed`: outputs of the stack as it is. */
function withDefaults({hasLayer, ...asked}: Asked, deployed: StackOutputs): StackSettings {
  const numberIn = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return {
    ...asked,
    memory: asked.memory ?? numberIn(deployed.Memory) ?? DEFAULT_MEMORY,
    concurrency: asked.concurrency ?? numberIn(deployed.Concurrency),
    expireDays: asked.expireDays ?? numberIn(deployed.ExpireDays) ?? DEFAULT_EXPIRE_DAYS,
    layer: hasLayer === false ? undefined : (asked.layer ?? deployed.Layer),
  };
}

/** Undefined where there is none. @throws FailureError for somebody else's by that name */
async function ownStack(
  client: CloudFormationClient,
  sdk: ControlSdk,
  stack: string,
): Promise<StackState | undefined> {
  const state = await stackState(client, sdk, stack);
  if (!state || state.outputs.MadeBy === MADE_BY) return state;
  // Of one that never came to be there are no outputs.
  if (FAILED_CREATION.has(state.status) && ['', STACK_DESCRIPTION].includes(state.description)) return state;
  throw new FailureError({
    reason: 'cloud-failed',
    text: `there is a stack '${stack}' that llama has not made`,
    hint: 'name ours in another way: --stack NAME',
  });
}

interface Creation {
  readonly connection: Connection;
  readonly options: BootstrapOptions;
  readonly asked: Asked;
  readonly zip: Buffer;
  readonly layer: Buffer | undefined;
  readonly compilers: readonly LayerCompiler[];
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
}

async function create({connection, options, asked, zip, env, ...rest}: Creation): Promise<number> {
  const {stack} = asked;
  const control = await connection.control();
  const {sdk, sts, cloudFormation: client} = control;
  const region = await connection.region();
  const {Account} = await sts.send(new sdk.GetCallerIdentityCommand({}));
  print(`stack ${stack} in account ${Account}, ${region}`);
  const common = {
    client,
    sdk,
    stack,
    onEvent: tellEvent,
    ...(options.interval && {interval: options.interval}),
  };
  let state = await ownStack(client, sdk, stack);
  const wanted = withDefaults(asked, state?.outputs ?? {});
  const isNew = state?.outputs.Bucket === undefined;
  if (isNew) {
    // The function's code lies in the bucket, so that comes first.
    print('it will hold');
    for (const [name, {Type}] of Object.entries(stackTemplate(wanted).Resources))
      print(`  + ${Type} ${name}`);
    if (!(await agreed(options, 'make them?'))) return declined();
    const made = await deploy({
      ...common,
      template: stackTemplate({...wanted, code: undefined}),
      confirm: async changes => tellChanges(changes),
    });
    if (made.kind === 'failed') throw deployFailure(made.faults, made.wasRemoved);
    state = await stackState(client, sdk, stack);
  }
  const bucket = state!.outputs.Bucket!;
  await putCode(control, bucket, zip);
  if (rest.layer) {
    print(
      `the layer holds ${[...new Set(rest.compilers.map(({version}) => version))].join(' and ')}, ${megabytes(rest.layer)} MB packed`,
    );
    await putCode(control, bucket, rest.layer);
  }
  const deployed = await deploy({
    ...common,
    template: stackTemplate(wanted),
    confirm: async changes => {
      tellChanges(changes);
      return isNew || agreed(options, 'make these changes?');
    },
  });
  if (deployed.kind === 'failed') throw deployFailure(deployed.faults, deployed.wasRemoved);
  if (deployed.kind === 'declined') return declined();
  if (asked.hasLayer !== undefined) noteLayer(rest, bucket);
  const concurrency = wanted.concurrency ?? (await accountConcurrency(control));
  const file = writeSettings(env, {
    cloud: 'aws',
    stack,
    region,
    ...(options.settings.profile !== undefined && {profile: options.settings.profile}),
    bucket: deployed.outputs.Bucket!,
    function: deployed.outputs.Function!,
    memory: wanted.memory,
    ...(concurrency !== undefined && {concurrency}),
  });
  print(deployed.kind === 'unchanged' ? 'nothing to change' : 'done');
  print(`${file} names it: llama build compiles there from now on; --cloud embedded goes back`);
  print(`whoever is to build, but not to administer, gets the policy ${deployed.outputs.DeveloperPolicy}`);
  return 0;
}

/** What lies in the layer need not be sent by builds from here. */
function noteLayer({compilers, cacheDir}: Pick<Creation, 'compilers' | 'cacheDir'>, bucket: string): void {
  const known = new KnownObjects(knownObjectsFile(cacheDir, bucket));
  known.forgetLayers();
  for (const {part} of compilers) known.note(`${PREFIX.packs}${part.digest}`, 'layer');
  known.save();
}

function megabytes(bytes: Buffer): string {
  return (bytes.length / 2 ** 20).toFixed(0);
}

async function remove({
  connection,
  options,
  stack,
  env,
}: Pick<Creation, 'connection' | 'options' | 'env'> & {stack: string}): Promise<number> {
  const control = await connection.control();
  const {sdk, cloudFormation: client} = control;
  const state = await ownStack(client, sdk, stack);
  if (!state) {
    print(`there is no stack ${stack} in ${await connection.region()}`);
    return 0;
  }
  const {Bucket} = state.outputs;
  print(
    `stack ${stack}: its function, roles and policies, and bucket ${Bucket ?? '(none)'} with all that it holds`,
  );
  if (!(await agreed(options, 'remove all of it?'))) return declined();
  if (Bucket !== undefined) print(`${await emptyBucket(control, Bucket)} objects removed`);
  await removeStack({
    client,
    sdk,
    stack,
    onEvent: tellEvent,
    ...(options.interval && {interval: options.interval}),
  });
  forgetSettings(env);
  print('removed');
  return 0;
}

/** What the account allows, where one may ask. */
async function accountConcurrency({lambda, sdk}: Control): Promise<number | undefined> {
  try {
    const {AccountLimit} = await lambda.send(new sdk.GetAccountSettingsCommand({}));
    return AccountLimit?.UnreservedConcurrentExecutions ?? AccountLimit?.ConcurrentExecutions;
  } catch {
    return undefined;
  }
}

async function agreed(options: BootstrapOptions, question: string): Promise<boolean> {
  if (options.yes) return true;
  if (!process.stdin.isTTY) {
    throw new FailureError({
      reason: 'option-invalid',
      text: 'there is no terminal to ask on',
      hint: 'to go ahead without a question: --yes',
    });
  }
  const terminal = createInterface({input: process.stdin, output: process.stdout});
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

function declined(): number {
  print('nothing was changed');
  return 1;
}

function tellChanges(changes: readonly Change[]): true {
  const signs: Readonly<Record<string, string>> = {Add: '+', Modify: '~', Remove: '-'};
  for (const {action, resource, type, isReplaced} of changes)
    print(`  ${signs[action] ?? action} ${type} ${resource}${isReplaced ? ' (made anew)' : ''}`);
  return true;
}

function tellEvent({resource, type, status, reason}: StackEvent): void {
  print(`  ${status.toLowerCase().replaceAll('_', ' ')}: ${type} ${resource}${reason ? ` (${reason})` : ''}`);
}

function deployFailure(faults: readonly StackEvent[], wasRemoved: boolean): FailureError {
  // The stack itself fails because one of its resources has.
  const first = faults.find(({type}) => type !== 'AWS::CloudFormation::Stack') ?? faults[0];
  return new FailureError({
    reason: 'cloud-failed',
    text: first
      ? `${first.type} ${first.resource}: ${first.reason}`
      : 'the stack could not be made; no resource says why',
    hint: wasRemoved
      ? 'what had been made was removed again: mend that, then run the same command'
      : 'CloudFormation went back to what was before: mend that, then run the same command',
  });
}

function cloudFailure(error: unknown): FailureError {
  const reason = lastReason(faultOf(error));
  return new FailureError({reason: 'cloud-failed', text: (error as Error).message, hint: ADVICE[reason]});
}

/** Adds to the user's file; answers its path. */
function writeSettings(env: NodeJS.ProcessEnv, values: SettingValues): string {
  const file = userFile(env);
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, `${JSON.stringify({...ownSettings(file), ...values}, undefined, 2)}\n`);
  return file;
}

function forgetSettings(env: NodeJS.ProcessEnv): void {
  const file = userFile(env);
  const {
    cloud,
    stack,
    region,
    profile,
    bucket,
    function: name,
    memory,
    concurrency,
    ...others
  } = ownSettings(file);
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, `${JSON.stringify(others, undefined, 2)}\n`);
}

function ownSettings(file: string): SettingValues {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SettingValues;
  } catch {
    return {};
  }
}
