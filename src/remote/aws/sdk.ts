/**
 * AWS's SDK, as far as builds use it. With `sdk-control.ts` the only module that imports it; both are bundled apart and
 * loaded when they are used: to load it costs more than to
 * find out that a build has nothing to do.
 */
export {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
export {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
export {defaultProvider} from '@aws-sdk/credential-provider-node';
export {UndiciHttpHandler} from '@smithy/undici-http-handler';
export {Agent, EnvHttpProxyAgent} from 'undici';
