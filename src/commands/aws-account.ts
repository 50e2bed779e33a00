/** What the commands that look into an account ask it. Nothing here changes anything, but for one blob of a test. */

import type {LookOptions} from '../options/aws-options.ts';
import {readSettings, type Settings} from '../options/settings.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import {PROTOCOL_VERSION} from '../protocol/invocation.ts';
import {type Connection, connect} from '../remote/aws/connection.ts';
import {PREFIX} from '../remote/aws/stack/template.ts';
import {DEFAULT_MEMORY} from './cloud-choice.ts';

export interface Account {
  readonly connection: Connection;
  readonly settings: Settings;
}

export interface FunctionState {
  /** 'Active' where it can be called. */
  readonly state: string;
  readonly description: string;
  readonly memory: number;
}

export interface StoreSize {
  readonly objects: number;
  readonly bytes: number;
}

/** Connections for a handful of questions. */
const CONNECTIONS = 8;

export async function openAccount(options: LookOptions, env: NodeJS.ProcessEnv): Promise<Account> {
  const settings = readSettings(options.settings, process.cwd(), env);
  const connection = await connect({
    region: settings.region?.value,
    profile: settings.profile?.value,
    connections: CONNECTIONS,
    env,
  });
  return {connection, settings};
}

/** Account and name of whoever asks. */
export async function identity({connection}: Account): Promise<{account: string; arn: string}> {
  const {sdk, sts} = await connection.control();
  const {Account, Arn} = await sts.send(new sdk.GetCallerIdentityCommand({}));
  return {account: Account ?? '', arn: Arn ?? ''};
}

export async function functionState({connection}: Account, name: string): Promise<FunctionState> {
  const {sdk, lambda} = await connection.control();
  const {State, Description, MemorySize} = await lambda.send(
    new sdk.GetFunctionConfigurationCommand({FunctionName: name}),
  );
  return {state: State ?? 'Active', description: Description ?? '', memory: MemorySize ?? DEFAULT_MEMORY};
}

/** Calls the worker with nothing to do; answers how it refuses. */
export async function callFunction(
  {connection}: Account,
  name: string,
): Promise<{reason: string; text: string}> {
  const {sdk, lambda} = await connection.control();
  const Payload = Buffer.from(JSON.stringify({version: PROTOCOL_VERSION}));
  const answer = await lambda.send(new sdk.InvokeCommand({FunctionName: name, Payload}));
  const body = Buffer.from(answer.Payload ?? new Uint8Array()).toString();
  if (answer.FunctionError !== undefined) return {reason: 'crashed', text: body.slice(0, 300)};
  const {result} = JSON.parse(body) as {result?: {reason?: string; text?: string}};
  return {reason: result?.reason ?? 'unknown', text: result?.text ?? ''};
}

/** Milliseconds that it takes to put a small blob and to get it back. */
export async function roundTrip({connection}: Account, bucket: string): Promise<number> {
  const {sdk, s3} = await connection.control();
  const bytes = Buffer.from('llama doctor was here\n');
  const digest: Digest = digestOf(bytes);
  const began = performance.now();
  const Key = `${PREFIX.store}${digest}`;
  const ChecksumSHA256 = Buffer.from(digest, 'hex').toString('base64');
  await s3.send(new sdk.PutObjectCommand({Bucket: bucket, Key, Body: bytes, ChecksumSHA256}));
  const {Body} = await s3.send(new sdk.GetObjectCommand({Bucket: bucket, Key}));
  if (digestOf(await Body!.transformToByteArray()) !== digest) throw new Error('it answered other bytes');
  return performance.now() - began;
}

export async function storeSize({connection}: Account, bucket: string): Promise<StoreSize> {
  const {sdk, s3} = await connection.control();
  let objects = 0;
  let bytes = 0;
  let token: string | undefined;
  do {
    const page = await s3.send(
      new sdk.ListObjectsV2Command({Bucket: bucket, ...(token !== undefined && {ContinuationToken: token})}),
    );
    for (const {Size} of page.Contents ?? []) {
      objects++;
      bytes += Size ?? 0;
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return {objects, bytes};
}

/** Undefined where one may not ask. */
export async function concurrencyLimit({connection}: Account): Promise<number | undefined> {
  const {sdk, lambda} = await connection.control();
  try {
    const {AccountLimit} = await lambda.send(new sdk.GetAccountSettingsCommand({}));
    return AccountLimit?.UnreservedConcurrentExecutions ?? AccountLimit?.ConcurrentExecutions;
  } catch {
    return undefined;
  }
}
