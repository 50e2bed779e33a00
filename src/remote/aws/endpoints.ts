/** Where a service is, by the rules that the SDK's clients carry: regions, partitions, FIPS, and what settings name. */
import type {EndpointParameterInstructions, EndpointV2} from '@smithy/types';

type Sdk = typeof import('./sdk.ts');

export interface ServicePlace {
  readonly url: URL;
  /** What requests there are signed for. */
  readonly signedFor: {readonly service: string; readonly region: string};
  /** Whether paths are escaped once more for their signature. */
  readonly escapesPath: boolean;
}

export interface Place {
  readonly region: () => Promise<string>;
  readonly useFipsEndpoint: () => Promise<boolean>;
  readonly useDualstackEndpoint: () => Promise<boolean>;
}

export function placeOf(sdk: Sdk, region: string | undefined, profile: string | undefined): Place {
  const from = {...(profile !== undefined && {profile})};
  return sdk.resolveRegionConfig<Pick<Place, 'useDualstackEndpoint'>>({
    region:
      region ??
      sdk.loadConfig(sdk.NODE_REGION_CONFIG_OPTIONS, {...sdk.NODE_REGION_CONFIG_FILE_OPTIONS, ...from}),
    useFipsEndpoint: sdk.loadConfig(sdk.NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS, from),
    useDualstackEndpoint: sdk.loadConfig<boolean>(sdk.NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS, from),
  });
}

export async function lambdaPlace(sdk: Sdk, place: Place): Promise<ServicePlace> {
  const config = sdk.lambda.resolveClientEndpointParameters({...place});
  const endpoint = await sdk.getEndpointFromInstructions({}, asking(sdk.lambda.commonParams), {
    ...config,
    serviceId: 'Lambda',
    endpointProvider: sdk.lambda.defaultEndpointResolver,
  });
  return placed(endpoint, 'lambda', await place.region());
}

export async function bucketPlace(
  sdk: Sdk,
  place: Place,
  bucket: string,
  forcePathStyle: boolean,
): Promise<ServicePlace> {
  const config = sdk.s3.resolveClientEndpointParameters({...place, forcePathStyle});
  const parameters = {...sdk.s3.commonParams, Bucket: {type: 'contextParams', name: 'Bucket'} as const};
  const endpoint = await sdk.getEndpointFromInstructions({Bucket: bucket}, asking(parameters), {
    ...config,
    serviceId: 'S3',
    endpointProvider: sdk.s3.defaultEndpointResolver,
  });
  return placed(endpoint, 's3', await place.region());
}

function asking(parameters: EndpointParameterInstructions) {
  return {getEndpointParameterInstructions: () => parameters};
}

interface Scheme {
  readonly name: string;
  readonly signingName?: string;
  readonly signingRegion?: string;
  readonly disableDoubleEncoding?: boolean;
}

function placed({url, properties}: EndpointV2, service: string, region: string): ServicePlace {
  const schemes = (properties?.authSchemes ?? []) as unknown as readonly Scheme[];
  const scheme = schemes.find(({name}) => name === 'sigv4');
  if (!scheme && schemes.length > 0)
    throw new Error(`requests to ${url.host} are signed by ${schemes[0]!.name}, which builds do not know`);
  return {
    url,
    signedFor: {service: scheme?.signingName ?? service, region: scheme?.signingRegion ?? region},
    escapesPath: scheme?.disableDoubleEncoding !== true,
  };
}
