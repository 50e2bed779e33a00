/**
 * The one module that imports AWS's SDK. It is bundled apart and loaded when AWS is used: to load it costs more than to
 * find out that a build has nothing to do.
 */
export {
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeEventsCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
export {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
export {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
export {GetCallerIdentityCommand, STSClient} from '@aws-sdk/client-sts';
export {UndiciHttpHandler} from '@smithy/undici-http-handler';
export {Agent, EnvHttpProxyAgent} from 'undici';
