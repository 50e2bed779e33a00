/**
 * AWS's SDK, as far as builds use it: what finds regions, credentials and endpoints and signs, without its clients, which
 * cost more to load and for each request than all the rest of a compile (`service.ts`). With `sdk-control.ts` the only
 * module that imports it; both are bundled apart and loaded when they are used. Of undici the part that sends alone.
 */
import * as lambdaParameters from '@aws-sdk/client-lambda/dist-es/endpoint/EndpointParameters.js';
import * as lambdaResolver from '@aws-sdk/client-lambda/dist-es/endpoint/endpointResolver.js';
import * as s3Parameters from '@aws-sdk/client-s3/dist-es/endpoint/EndpointParameters.js';
import * as s3Resolver from '@aws-sdk/client-s3/dist-es/endpoint/endpointResolver.js';

export {emitWarningIfUnsupportedVersion} from '@aws-sdk/core/client';
export {defaultProvider} from '@aws-sdk/credential-provider-node';
export {parseXML} from '@aws-sdk/xml-builder';
export {
  loadConfig,
  NODE_REGION_CONFIG_FILE_OPTIONS,
  NODE_REGION_CONFIG_OPTIONS,
  NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS,
  NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS,
  resolveRegionConfig,
} from '@smithy/core/config';
export {getEndpointFromInstructions} from '@smithy/core/endpoints';
export {SignatureV4} from '@smithy/signature-v4';
export {default as Agent} from 'undici/lib/dispatcher/agent.js';

/** Each service's rules for its endpoints. */
export const lambda = {...lambdaParameters, ...lambdaResolver};
export const s3 = {...s3Parameters, ...s3Resolver};

export async function loadProxyAgent() {
  // All of undici: it needs what only the whole adds to its parts.
  return (await import('undici')).EnvHttpProxyAgent;
}
