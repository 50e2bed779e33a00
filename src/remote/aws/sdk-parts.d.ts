/** Parts of packages that say no types for them. */
declare module '@aws-sdk/client-lambda/dist-es/endpoint/endpointResolver.js' {
  export {defaultEndpointResolver} from '@aws-sdk/client-lambda/dist-types/endpoint/endpointResolver.js';
}
declare module '@aws-sdk/client-s3/dist-es/endpoint/endpointResolver.js' {
  export {defaultEndpointResolver} from '@aws-sdk/client-s3/dist-types/endpoint/endpointResolver.js';
}
declare module 'undici/lib/dispatcher/agent.js' {
  export {Agent as default} from 'undici';
}
declare module '@aws-sdk/client-lambda/dist-es/endpoint/EndpointParameters.js' {
  export {
    commonParams,
    resolveClientEndpointParameters,
  } from '@aws-sdk/client-lambda/dist-types/endpoint/EndpointParameters.js';
}
declare module '@aws-sdk/client-s3/dist-es/endpoint/EndpointParameters.js' {
  export {
    commonParams,
    resolveClientEndpointParameters,
  } from '@aws-sdk/client-s3/dist-types/endpoint/EndpointParameters.js';
}
