/** `llama doctor`: everything that can be wrong, each as ok, as a note, or as wrong with what mends it. */
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {FailureError} from '../failure.ts';
import type {LookOptions} from '../options/aws-options.ts';
import {readSettings, type Setting, type SettingName} from '../options/settings.ts';
import {storePlace} from '../options/store-place.ts';
import {digestOf} from '../protocol/digest.ts';
import {PROTOCOL_VERSION} from '../protocol/invocation.ts';
import {ADVICE, faultOf, lastReason} from '../remote/aws/fault.ts';
import {functionDescription} from '../remote/aws/stack/template.ts';
import {prepareStore} from '../remote/embedded/embedded-cloud.ts';
import {failureText} from '../ui/failure-text.ts';
import {
  type Account,
  callFunction,
  concurrencyLimit,
  functionState,
  identity,
  openAccount,
  roundTrip,
} from './aws-account.ts';
import {bootstrap} from './bootstrap.ts';
import {print} from './standard-output.ts';

export interface DoctorContext {
  readonly version: string;
  /** Folder of the program's files. */
  readonly programFolder: string;
  readonly env: NodeJS.ProcessEnv;
}

type Finding =
  | {readonly state: 'ok' | 'note'; readonly text: string}
  /** `mend`: a command, or what to do. */
  | {readonly state: 'wrong'; readonly text: string; readonly mend: string; readonly canFix?: boolean};

/** Answers the exit status. */
export async function doctor(options: LookOptions, context: DoctorContext): Promise<number> {
  const findings = [...tools(), ...(await cloud(options, context))];
  if (options.fix && findings.some(finding => finding.state === 'wrong' && finding.canFix)) {
    const settings = {
      memory: undefined,
      concurrency: undefined,
      expireDays: undefined,
      interval: undefined,
      layer: undefined,
    };
    const flags = {printTemplate: false, delete: false, yes: true};
    return bootstrap({settings: options.settings, ...settings, ...flags}, context);
  }
  return findings.some(({state}) => state === 'wrong') ? 1 : 0;
}

function tools(): Finding[] {
  return [
    told({state: 'ok', text: `node ${process.version}`}),
    tool('ninja', 'ninja', 'install ninja 1.11 or later'),
    tool('C++ compiler', 'c++', 'install g++ or clang'),
    tool('C compiler', 'cc', 'install gcc or clang'),
  ];
}

function tool(what: string, name: string, mend: string): Finding {
  try {
    const [line] = execFileSync(name, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split('\n');
    return told({state: 'ok', text: `${what}: ${line}`});
  } catch {
    return told({state: 'wrong', text: `${what}: there is no ${name} on the PATH`, mend});
  }
}

async function cloud(options: LookOptions, context: DoctorContext): Promise<Finding[]> {
  const {env} = context;
  try {
    const settings = readSettings(options.settings, process.cwd(), env);
    const findings = Object.entries(settings).map(([name, {value, from}]: [string, Setting<SettingName>]) =>
      told({state: 'ok', text: `${name} is ${value} (${from})`}),
    );
    const isAws = settings.cloud?.value === 'aws';
    return [...findings, ...(isAws ? await aws(options, context) : [embedded(env)])];
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    return [told({state: 'wrong', text: failureText(error.failure), mend: 'see above'})];
  }
}

function embedded(env: NodeJS.ProcessEnv): Finding {
  const store = storePlace(undefined, env);
  try {
    prepareStore(store);
    return told({state: 'ok', text: `embedded cloud, store in ${store}`});
  } catch (error) {
    const text = error instanceof FailureError ? failureText(error.failure) : (error as Error).message;
    return told({state: 'wrong', text, mend: 'name another folder by XDG_CACHE_HOME'});
  }
}

/** One thing after the other: what a later one rests on is looked at first. */
async function aws(options: LookOptions, context: DoctorContext): Promise<Finding[]> {
  const account = await openAccount(options, context.env);
  const {bucket, function: name} = account.settings;
  const findings: Finding[] = [];
  const look = async (what: string, ask: () => Promise<Finding>): Promise<void> => {
    findings.push(told(await ask().catch((error: Error) => faultFinding(what, error))));
  };
  try {
    await look('region', async () => ({state: 'ok', text: `region ${await account.connection.region()}`}));
    await look('credentials', async () => {
      const {account: number, arn} = await identity(account);
      return {state: 'ok', text: `credentials: ${arn}, account ${number}`};
    });
    if (findings.some(({state}) => state === 'wrong')) return findings;
    if (!bucket || !name) {
      findings.push(
        told({
          state: 'wrong',
          text: 'bucket and function are not set',
          mend: 'llama bootstrap',
          canFix: true,
        }),
      );
      return findings;
    }
    await look('function', () => functionFinding(account, name.value, context));
    await look('worker', () => workerFinding(account, name.value));
    await look('bucket', async () => {
      const took = await roundTrip(account, bucket.value);
      return {state: 'ok', text: `bucket ${bucket.value}: put and got back in ${Math.round(took)} ms`};
    });
    const limit = await concurrencyLimit(account);
    findings.push(
      told({
        state: 'note',
        text:
          limit === undefined
            ? 'this profile may not ask how many invocations may run at once'
            : `${limit} invocations may run at once; a higher limit helps builds of more compiles`,
      }),
    );
    return findings;
  } finally {
    account.connection.close();
  }
}

async function functionFinding(
  account: Account,
  name: string,
  {version, programFolder}: DoctorContext,
): Promise<Finding> {
  const {state, description} = await functionState(account, name);
  const zip = readFileSync(join(programFolder, 'function.zip'));
  const ours = functionDescription(version, PROTOCOL_VERSION, digestOf(zip));
  if (state === 'Failed')
    return {state: 'wrong', text: `function ${name} has failed`, mend: 'llama bootstrap', canFix: true};
  if (description === ours) return {state: 'ok', text: `function ${name}: ${description}`};
  const text = `function ${name} is '${description}', this is '${ours}'`;
  return {state: 'wrong', text, mend: 'llama bootstrap', canFix: true};
}

async function workerFinding(account: Account, name: string): Promise<Finding> {
  const {reason, text} = await callFunction(account, name);
  // It has looked at the request, and found that there is nothing in it.
  if (reason === 'request-invalid') return {state: 'ok', text: 'the worker answers'};
  return {state: 'wrong', text: `the worker: ${reason} ${text}`, mend: 'llama bootstrap', canFix: true};
}

function faultFinding(what: string, error: Error): Finding {
  if (error instanceof FailureError && error.failure.reason === 'cloud-failed')
    return {state: 'wrong', text: error.failure.text, mend: error.failure.hint};
  return {state: 'wrong', text: `${what}: ${error.message}`, mend: ADVICE[lastReason(faultOf(error))]};
}

function told(finding: Finding): Finding {
  const mend = finding.state === 'wrong' ? `\n       ${finding.mend}` : '';
  print(`${finding.state.padEnd(6)} ${finding.text}${mend}`);
  return finding;
}
