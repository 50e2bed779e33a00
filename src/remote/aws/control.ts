/** The SDK's clients, for the commands that look into an account and change it. */
import type {AwsCredentialIdentityProvider, HttpRequest} from '@smithy/types';
import {type ConnectionSettings, openDispatcher} from './dispatcher.ts';
import {quietly} from './quietly.ts';
import type {
  CloudFormationClient,
  LambdaClient,
  S3Client,
  STSClient,
  UndiciHttpHandler,
} from './sdk-control.ts';

export type ControlSdk = typeof import('./sdk-control.ts');

export interface Control {
  readonly sdk: ControlSdk;
  readonly cloudFormation: CloudFormationClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly sts: STSClient;
  readonly handler: UndiciHttpHandler;
}

export async function openControl(
  settings: ConnectionSettings,
  credentials: AwsCredentialIdentityProvider,
): Promise<Control> {
  const {region, profile, env} = settings;
  const sdk = await import('./sdk-control.ts');
  const dispatcher = await openDispatcher(settings, sdk.Agent, async () => sdk.EnvHttpProxyAgent);
  const handler = new sdk.UndiciHttpHandler({dispatcher});
  const common = {
    requestHandler: handler,
    maxAttempts: 1,
    credentials,
    ...(region !== undefined && {region}),
    ...(profile !== undefined && {profile}),
  };
  return quietly(() => ({
    sdk,
    handler,
    cloudFormation: new sdk.CloudFormationClient(common),
    lambda: new sdk.LambdaClient(common),
    s3: new sdk.S3Client({
      ...common,
      forcePathStyle: isPathStyle(env),
      requestChecksumCalculation: 'WHEN_REQUIRED',
    }),
    sts: new sdk.STSClient(common),
  }));
}

/** Servers that stand in for AWS have no name for each bucket. */
export function isPathStyle(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env.AWS_ENDPOINT_URL || env.AWS_ENDPOINT_URL_S3);
}

/** A handler for clients that may never send anything: what it stands for is made at their first request. */
export class LateHandler {
  readonly #make: () => Promise<UndiciHttpHandler>;

  constructor(make: () => Promise<UndiciHttpHandler>) {
    this.#make = make;
  }

  async handle(request: HttpRequest, options?: Parameters<UndiciHttpHandler['handle']>[1]) {
    const handler = await this.#make();
    return handler.handle(request as Parameters<UndiciHttpHandler['handle']>[0], options);
  }

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }
}
