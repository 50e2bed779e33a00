/** `llama status`: which cloud, what it holds, what it has cost. */
import {join} from 'node:path';
import {FailureError} from '../failure.ts';
import type {LookOptions} from '../options/aws-options.ts';
import {readSettings} from '../options/settings.ts';
import {storePlace} from '../options/store-place.ts';
import {ADVICE, faultOf, lastReason} from '../remote/aws/fault.ts';
import {monthOf, spentIn} from '../remote/aws/spending.ts';
import {concurrencyLimit, functionState, openAccount, storeSize} from './aws-account.ts';
import {print} from './standard-output.ts';
import {stats} from './store-commands.ts';

/** Answers the exit status. @throws FailureError */
export async function status(options: LookOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const settings = readSettings(options.settings, process.cwd(), env);
  const {cloud, stack, bucket, function: name} = settings;
  if (cloud?.value !== 'aws') {
    print(`cloud     embedded${cloud ? ` (${cloud.from})` : ''}; llama bootstrap makes one on AWS`);
    print(stats({store: undefined}));
    return 0;
  }
  if (!bucket || !name) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `the cloud is aws (${cloud.from}), but ${bucket ? 'function' : 'bucket'} is not set`,
      hint: 'llama bootstrap makes both and writes them down',
    });
  }
  const account = await openAccount(options, env);
  try {
    const {state, description, memory} = await functionState(account, name.value);
    const size = await storeSize(account, bucket.value);
    const limit = await concurrencyLimit(account);
    const folder = join(storePlace(undefined, env), 'aws', bucket.value);
    const month = monthOf(new Date());
    print(`cloud     aws, ${await account.connection.region()} (${cloud.from})`);
    print(`stack     ${stack?.value ?? 'llama'}`);
    print(`function  ${name.value}, ${memory} MB, ${state.toLowerCase()}: ${description}`);
    print(
      `store     ${bucket.value}: ${size.objects.toLocaleString('en')} objects, ${megabytes(size.bytes)} MB`,
    );
    print(`at once   ${limit === undefined ? 'unknown: this profile may not ask' : `${limit} invocations`}`);
    print(
      `cost      $${spentIn(join(folder, 'spent.json'), month).toFixed(4)} in ${month}, by builds from here`,
    );
    return 0;
  } catch (error) {
    const hint = ADVICE[lastReason(faultOf(error))];
    throw new FailureError({reason: 'cloud-failed', text: (error as Error).message, hint});
  } finally {
    account.connection.close();
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
