/**
 * Clients of AWS's services, as the SDK's own conventions have them: profiles, regions, endpoints, proxies and
 * certificates. Retrying is ours (`controller.ts`), so theirs is off.
 */
import {readFileSync} from 'node:fs';
import {rootCertificates} from 'node:tls';
import {FailureError} from '../../failure.ts';
import {Credentials} from './credentials.ts';
import type {LambdaClient, S3Client} from './sdk.ts';
import type {CloudFormationClient, STSClient} from './sdk-control.ts';

export type Sdk = typeof import('./sdk.ts');
export type ControlSdk = typeof import('./sdk-control.ts');

export interface ConnectionSettings {
  /** Undefined: what environment and profile say. */
  readonly region: string | undefined;
  readonly profile: string | undefined;
  /** Connections at most, to each host. */
  readonly connections: number;
  readonly env: NodeJS.ProcessEnv;
}

export interface Connection {
  readonly sdk: Sdk;
  readonly s3: S3Client;
  readonly lambda: LambdaClient;
  /** For the commands that look into the account. */
  control(): Promise<Control>;
  /** As resolved by the SDK. @throws FailureError where there is none */
  region(): Promise<string>;
  /** Asks for credentials anew, unless that was done after `since` (by `performance.now()`). @throws what the SDK does */
  refreshCredentials(since: number): Promise<void>;
  close(): void;
}

/** A compile may take as long as a function may run, and its answer says nothing until then; in ms. */
const ANSWER_LIMIT = 910_000;
const CONNECT_LIMIT = 10_000;

export interface Control {
  readonly sdk: ControlSdk;
  readonly cloudFormation: CloudFormationClient;
  readonly sts: STSClient;
}

export async function connect(settings: ConnectionSettings): Promise<Connection> {
  const {region, profile, connections, env} = settings;
  const sdk = await import('./sdk.ts');
  const ca = env.AWS_CA_BUNDLE ? [...rootCertificates, readFileSync(env.AWS_CA_BUNDLE, 'utf8')] : undefined;
  const options = {
    connections,
    pipelining: 1,
    headersTimeout: ANSWER_LIMIT,
    bodyTimeout: ANSWER_LIMIT,
    connect: {timeout: CONNECT_LIMIT, ...(ca && {ca})},
  };
  const hasProxy = Boolean(env.HTTPS_PROXY || env.https_proxy || env.HTTP_PROXY || env.http_proxy);
  // A proxy makes connections of its own, and takes certificates for them apart.
  const trust = ca && {requestTls: {ca}, proxyTls: {ca}};
  const dispatcher = hasProxy ? new sdk.EnvHttpProxyAgent({...options, ...trust}) : new sdk.Agent(options);
  const requestHandler = new sdk.UndiciHttpHandler({dispatcher});
  const credentials = new Credentials(({isRenewed}) =>
    sdk.defaultProvider({
      clientConfig: {requestHandler},
      // Files, too, may have changed.
      ignoreCache: isRenewed,
      ...(profile !== undefined && {profile}),
    }),
  );
  const common = {
    requestHandler,
    maxAttempts: 1,
    cacheMiddleware: true,
    // What asks for credentials (SSO, STS) goes the same way as all else.
    credentials: credentials.provider,
    ...(region !== undefined && {region}),
    ...(profile !== undefined && {profile}),
  };
  // Servers that stand in for AWS have no name for each bucket.
  const forcePathStyle = Boolean(env.AWS_ENDPOINT_URL || env.AWS_ENDPOINT_URL_S3);
  const {s3, lambda} = quietly(() => ({
    s3: new sdk.S3Client({...common, forcePathStyle, requestChecksumCalculation: 'WHEN_REQUIRED'}),
    lambda: new sdk.LambdaClient(common),
  }));
  return {
    sdk,
    s3,
    lambda,
    async control() {
      const control = await import('./sdk-control.ts');
      return quietly(() => ({
        sdk: control,
        cloudFormation: new control.CloudFormationClient(common),
        sts: new control.STSClient(common),
      }));
    },
    async region() {
      try {
        return await lambda.config.region();
      } catch (error) {
        throw new FailureError({
          reason: 'cloud-failed',
          text: `no region is known (${(error as Error).message})`,
          hint: 'name one: --region R, or AWS_REGION',
        });
      }
    },
    refreshCredentials: since => credentials.refresh(since),
    close: () => void dispatcher.destroy(),
  };
}

/** Without the SDK's word, at each start on Node 20, of which of its versions will be the last for it. */
function quietly<T>(make: () => T): T {
  const name = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';
  const before = process.env[name];
  process.env[name] = 'true';
  try {
    return make();
  } finally {
    // Children get this environment.
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}
