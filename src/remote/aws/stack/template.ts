/**
 * The CloudFormation template of everything that `llama bootstrap` makes, as a value: what is not wanted is left out
 * rather than set to nothing. Property names are those of AWS's resource specification.
 */
import {BLOB_PREFIXES} from '../../../protocol/places.ts';

export interface StackSettings {
  /** Names the stack, the function and, with account and region, the bucket. */
  readonly stack: string;
  readonly memory: number;
  /** Environments that may run at once; undefined leaves it to the account's limit. */
  readonly concurrency: number | undefined;
  readonly expireDays: number;
  /** Absent before the bucket that holds it exists. */
  readonly code: FunctionCode | undefined;
  /** The layer's zip file in the bucket; undefined for none. */
  readonly layer: string | undefined;
  /** Another S3 than AWS's own, for the workers. */
  readonly storeEndpoint: string | undefined;
}

export interface FunctionCode {
  /** Its object in the bucket, named by digest. */
  readonly key: string;
  /** What the function says of itself; see {@link functionDescription}. */
  readonly description: string;
}

/** Prefixes of the bucket. Each has its readers and its writer; a worker may write to `out/` alone. */
export const PREFIX = {
  ...BLOB_PREFIXES,
  /** Segments of results, from clients that have verified them. */
  results: 'results/',
  /** Zip files of the function by digest, from whoever bootstraps. */
  code: 'code/',
} as const;

/** With the output `MadeBy` it tells our stacks from others of the same name. */
export const STACK_DESCRIPTION =
  'llama: the store, the worker and the permissions of remote C and C++ compiles';
export const MADE_BY = 'llama';

/** The function's time limit in seconds, the most that Lambda allows. */
export const TIME_LIMIT_S = 900;
/** MB of the function's scratch disk: packs, several compilers unpacked, sources and objects. */
export const SCRATCH_MB = 4096;
const LOG_DAYS = 14;
/** What a request over plain HTTP is refused, whoever makes it. */
const DENIED_WITHOUT_TLS = [
  's3:GetObject',
  's3:GetObjectVersion',
  's3:PutObject',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:ListBucketMultipartUploads',
  's3:ListMultipartUploadParts',
  's3:AbortMultipartUpload',
];

export interface Template {
  readonly AWSTemplateFormatVersion: '2010-09-09';
  readonly Description: string;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, {readonly Description: string; readonly Value: Value}>>;
}

interface Resource {
  readonly Type: string;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: 'Delete';
  readonly UpdateReplacePolicy?: 'Delete';
  readonly Properties: Readonly<Record<string, Value>>;
}

type Value = string | number | boolean | readonly Value[] | {readonly [name: string]: Value};

/** The whole stack; before there is code, the part that the code is stored in. */
export function stackTemplate(settings: StackSettings): Template {
  const {code} = settings;
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: STACK_DESCRIPTION,
    Resources: {
      Bucket: bucket(settings),
      BucketPolicy: bucketPolicy(),
      ...(code && {
        WorkerLog: workerLog(settings),
        WorkerRole: workerRole(settings),
        ...(settings.layer !== undefined && {Compilers: compilers(settings, settings.layer)}),
        Worker: worker(settings, code),
        DeveloperPolicy: developerPolicy(settings),
      }),
    },
    Outputs: {
      Bucket: {Description: 'Store of blobs, packs and results', Value: {Ref: 'Bucket'}},
      MadeBy: {Description: 'Whose it is', Value: MADE_BY},
      ExpireDays: {Description: 'Life of what is stored', Value: String(settings.expireDays)},
      ...(code && {
        Memory: {Description: 'MB of the worker', Value: String(settings.memory)},
        ...(settings.concurrency !== undefined && {
          Concurrency: {Description: 'Workers at once, at most', Value: String(settings.concurrency)},
        }),
        ...(settings.layer !== undefined && {
          Layer: {Description: 'Compilers that workers have from the start', Value: settings.layer},
        }),
        Function: {Description: 'The worker', Value: {Ref: 'Worker'}},
        DeveloperPolicy: {
          Description: 'Managed policy of those who build',
          Value: {Ref: 'DeveloperPolicy'},
        },
      }),
    },
  };
}

function bucket({stack, expireDays}: StackSettings): Resource {
  const expiry = (prefix: string) => ({
    Id: `expire-${prefix.slice(0, -1)}`,
    Status: 'Enabled',
    Prefix: prefix,
    ExpirationInDays: expireDays,
  });
  const {store, packs, out, results} = PREFIX;
  return {
    Type: 'AWS::S3::Bucket',
    // All that it holds can be made again, and `llama bootstrap --delete` asks before it empties it.
    DeletionPolicy: 'Delete',
    UpdateReplacePolicy: 'Delete',
    Properties: {
      BucketName: sub(`${stack}-\${AWS::AccountId}-\${AWS::Region}`),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: {Rules: [{ObjectOwnership: 'BucketOwnerEnforced'}]},
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: 'AES256'}}],
      },
      LifecycleConfiguration: {
        Rules: [
          ...[store, packs, out, results].map(expiry),
          {
            Id: 'abort-incomplete-uploads',
            Status: 'Enabled',
            AbortIncompleteMultipartUpload: {DaysAfterInitiation: 1},
          },
        ],
      },
    },
  };
}

function bucketPolicy(): Resource {
  return {
    Type: 'AWS::S3::BucketPolicy',
    Properties: {
      Bucket: {Ref: 'Bucket'},
      PolicyDocument: policy({
        Sid: 'TlsOnly',
        Effect: 'Deny',
        Principal: '*',
        Action: DENIED_WITHOUT_TLS,
        Resource: [arnOf('Bucket'), sub(`\${Bucket.Arn}/*`)],
        Condition: {Bool: {'aws:SecureTransport': 'false'}},
      }),
    },
  };
}

function workerLog({stack}: StackSettings): Resource {
  return {
    Type: 'AWS::Logs::LogGroup',
    DeletionPolicy: 'Delete',
    UpdateReplacePolicy: 'Delete',
    Properties: {LogGroupName: `/aws/lambda/${stack}`, RetentionInDays: LOG_DAYS},
  };
}

/** A worker reads what clients sent, and writes what its compiler made; nothing else. */
function workerRole({stack}: StackSettings): Resource {
  const {store, packs, out} = PREFIX;
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: sub(`${stack}-worker-\${AWS::Region}`),
      AssumeRolePolicyDocument: policy({
        Effect: 'Allow',
        Principal: {Service: 'lambda.amazonaws.com'},
        Action: ['sts:AssumeRole'],
      }),
      Policies: [
        {
          PolicyName: 'worker',
          PolicyDocument: policy(
            {Effect: 'Allow', Action: ['s3:GetObject'], Resource: objects(store, packs, out)},
            {Effect: 'Allow', Action: ['s3:PutObject'], Resource: objects(out)},
            // Without it S3 calls a missing object forbidden.
            {Effect: 'Allow', Action: ['s3:ListBucket'], Resource: arnOf('Bucket')},
            {
              Effect: 'Allow',
              Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              Resource: arnOf('WorkerLog'),
            },
          ),
        },
      ],
    },
  };
}

function compilers({stack}: StackSettings, key: string): Resource {
  return {
    Type: 'AWS::Lambda::LayerVersion',
    Properties: {
      LayerName: `${stack}-compilers`,
      Description: 'Compilers that llama would else fetch from its store',
      CompatibleRuntimes: ['nodejs24.x'],
      CompatibleArchitectures: ['x86_64'],
      Content: {S3Bucket: {Ref: 'Bucket'}, S3Key: key},
    },
  };
}

function worker(
  {stack, memory, concurrency, storeEndpoint, layer}: StackSettings,
  code: FunctionCode,
): Resource {
  return {
    Type: 'AWS::Lambda::Function',
    DependsOn: ['WorkerLog'],
    Properties: {
      FunctionName: stack,
      Description: code.description,
      Runtime: 'nodejs24.x',
      Architectures: ['x86_64'],
      Handler: 'aws.handler',
      Code: {S3Bucket: {Ref: 'Bucket'}, S3Key: code.key},
      ...(layer !== undefined && {Layers: [{Ref: 'Compilers'}]}),
      Role: arnOf('WorkerRole'),
      MemorySize: memory,
      Timeout: TIME_LIMIT_S,
      EphemeralStorage: {Size: SCRATCH_MB},
      Environment: {
        Variables: {
          LLAMA_BUCKET: {Ref: 'Bucket'},
          LLAMA_DOMAIN: {Ref: 'AWS::URLSuffix'},
          ...(storeEndpoint !== undefined && {LLAMA_STORE_ENDPOINT: storeEndpoint}),
        },
      },
      ...(concurrency !== undefined && {ReservedConcurrentExecutions: concurrency}),
    },
  };
}

/** For those who build but do not administer. */
function developerPolicy({stack}: StackSettings): Resource {
  const {store, packs, out, results} = PREFIX;
  return {
    Type: 'AWS::IAM::ManagedPolicy',
    Properties: {
      ManagedPolicyName: sub(`${stack}-developer-\${AWS::Region}`),
      Description: 'May compile with llama: call the worker, read and write its store',
      PolicyDocument: policy(
        {
          Effect: 'Allow',
          Action: [
            'lambda:InvokeFunction',
            'lambda:GetFunctionConfiguration',
            'lambda:GetFunctionConcurrency',
          ],
          Resource: arnOf('Worker'),
        },
        {Effect: 'Allow', Action: ['s3:GetObject'], Resource: objects(store, packs, out, results)},
        {Effect: 'Allow', Action: ['s3:PutObject'], Resource: objects(store, packs, results)},
        {Effect: 'Allow', Action: ['s3:ListBucket'], Resource: arnOf('Bucket')},
      ),
    },
  };
}

/** What tells a function's version: {@link FunctionCode.key} says which code, the number which program made it. */
export function functionDescription(version: string, protocol: number, digest: string): string {
  return `llama ${version} worker, protocol ${protocol}, code ${digest.slice(0, 12)}`;
}

function policy(...statements: readonly Value[]): Value {
  return {Version: '2012-10-17', Statement: statements};
}

function objects(...prefixes: readonly string[]): Value {
  return prefixes.map(prefix => sub(`\${Bucket.Arn}/${prefix}*`));
}

function arnOf(resource: string): Value {
  return {'Fn::GetAtt': [resource, 'Arn']};
}

function sub(text: string): Value {
  return {'Fn::Sub': text};
}
