/**
 * What speaks to AWS, as the SDK's own conventions have it: profiles, regions, endpoints, proxies and certificates.
 * Retrying is ours (`controller.ts`).
 */
import {FailureError} from '../../failure.ts';
import {Sha256} from '../../protocol/sha256.ts';
import {Bucket, s3Refusal} from './bucket.ts';
import {type Control, isPathStyle, LateHandler, openControl} from './control.ts';
import {Credentials} from './credentials.ts';
import {type ConnectionSettings, openDispatcher} from './dispatcher.ts';
import {bucketPlace, lambdaPlace, placeOf, type ServicePlace} from './endpoints.ts';
import {LambdaFunction, lambdaRefusal} from './lambda-function.ts';
import {quietly} from './quietly.ts';
import {Service, type ServiceOptions} from './service.ts';

export interface Connection {
  /** As resolved by the SDK. @throws FailureError where there is none */
  region(): Promise<string>;
  bucket(name: string): Promise<Bucket>;
  function(name: string): Promise<LambdaFunction>;
  /** The SDK's clients, for the commands that look into the account. */
  control(): Promise<Control>;
  /** Asks for credentials anew, unless that was done after `since` (by `performance.now()`). @throws what the SDK does */
  refreshCredentials(since: number): Promise<void>;
  close(): void;
}

export async function connect(settings: ConnectionSettings): Promise<Connection> {
  const {region, profile, env} = settings;
  const sdk = await import('./sdk.ts');
  quietly(() => sdk.emitWarningIfUnsupportedVersion(process.version));
  const place = placeOf(sdk, region, profile);
  const dispatcher = await openDispatcher(settings, sdk.Agent, sdk.loadProxyAgent);
  const credentials = new Credentials(({isRenewed}) =>
    sdk.defaultProvider({
      // What asks for credentials (SSO, STS) goes the same way as all else.
      parentClientConfig: {region: place.region, ...(profile !== undefined && {profile})},
      clientConfig: {requestHandler: new LateHandler(async () => (await control()).handler)},
      // Files, too, may have changed.
      ignoreCache: isRenewed,
      ...(profile !== undefined && {profile}),
    }),
  );
  let opened: Promise<Control> | undefined;
  const control = () => {
    opened ??= openControl(settings, credentials.provider);
    return opened;
  };
  const serviceAt = (
    {url, signedFor, escapesPath}: ServicePlace,
    refusal: ServiceOptions['refusal'],
  ): Service => {
    const signer = new sdk.SignatureV4({
      ...signedFor,
      credentials: credentials.provider,
      sha256: Sha256,
      uriEscapePath: escapesPath,
      applyChecksum: false,
    });
    return new Service({endpoint: url, signer, dispatcher, refusal});
  };
  return {
    async region() {
      try {
        return await place.region();
      } catch (error) {
        throw new FailureError({
          reason: 'cloud-failed',
          text: `no region is known (${(error as Error).message})`,
          hint: 'name one: --region R, or AWS_REGION',
        });
      }
    },
    async bucket(name) {
      const at = bucketPlace(sdk, place, name, isPathStyle(env));
      return new Bucket(
        serviceAt(await at.catch(failOf('S3')), answer => s3Refusal(answer, sdk.parseXML)),
        sdk.parseXML,
      );
    },
    async function(name) {
      const at = lambdaPlace(sdk, place);
      return new LambdaFunction(serviceAt(await at.catch(failOf('Lambda')), lambdaRefusal), name);
    },
    control,
    refreshCredentials: since => credentials.refresh(since),
    close() {
      void dispatcher.destroy();
      opened?.then(({handler}) => handler.destroy()).catch(() => {});
    },
  };
}

function failOf(service: string): (error: Error) => never {
  return error => {
    throw new FailureError({
      reason: 'cloud-failed',
      text: `there is no place for requests to ${service} (${error.message})`,
      hint: 'look at AWS_ENDPOINT_URL and its like, and at the profile',
    });
  };
}
