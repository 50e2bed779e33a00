/**
 * AWS, as a user types it, against servers that speak its protocols: what bootstrap makes, and builds on it that leave
 * what ninja leaves.
 */

import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {mkdtemp} from 'node:fs/promises';
import {Agent} from 'node:https';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {CloudFormationClient, CreateStackCommand} from '@aws-sdk/client-cloudformation';
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import {LambdaClient, UpdateFunctionConfigurationCommand} from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {
  certificateOf,
  hasMinistack,
  hasVersitygw,
  type Server,
  startMinistack,
  startVersitygw,
} from './cloud-servers.ts';
import {check, openProject} from './project.ts';
import {type LlamaRun, useRig} from './rig.ts';
import {expectSameAsNinja} from './same-as-ninja.ts';

const SECRET = 'tOpSeCrEt/kEyThAtNoFiLeMayHold+40chars00';

/** The emulator takes this name for the account's owner, and does not look at the secret. */
const OWNER = 'test';
/** Credentials that the emulator gives to functions, whoever has made them. */
const FUNCTION = {key: '000000000000', secret: 'test'};

interface CloudSummary {
  readonly requests: Readonly<Record<'get' | 'put' | 'head', number>>;
  readonly worker_requests: Readonly<Record<'get' | 'put' | 'head', number>>;
  readonly billed_ms: number;
  readonly cost_usd: number;
}

function figures(run: LlamaRun): CloudSummary {
  return run.summary as unknown as CloudSummary;
}

function requestsOf(run: LlamaRun): number {
  return Object.values(figures(run).requests).reduce((sum, count) => sum + count, 0);
}

const rig = useRig();
let folder: string;
let cloud: Server;
let env: Record<string, string>;

beforeAll(async () => {
  if (!hasMinistack) return;
  folder = await mkdtemp(join(tmpdir(), 'llama-cloud-'));
  cloud = await startMinistack(folder, {isStrict: true, env: {LLAMA_SCRATCH: join(folder, 'scratch-%p')}});
  env = {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_CA_BUNDLE: certificateOf(folder),
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: OWNER,
    AWS_SECRET_ACCESS_KEY: SECRET,
  };
});
afterAll(async () => {
  await cloud?.stop();
  if (folder) rmSync(folder, {recursive: true, force: true});
});

function clientOptions() {
  return {
    endpoint: cloud.endpoint,
    region: env.AWS_REGION!,
    forcePathStyle: true,
    credentials: {accessKeyId: OWNER, secretAccessKey: SECRET},
    requestHandler: {httpsAgent: new Agent({ca: readFileSync(env.AWS_CA_BUNDLE!)})},
  };
}

/** Somebody who has the stack's policy for those who build, and nothing else. */
async function makeDeveloper(policy: string): Promise<{key: string; secret: string}> {
  const iam = new IAMClient(clientOptions());
  const UserName = 'developer';
  await iam.send(new CreateUserCommand({UserName}));
  await iam.send(new AttachUserPolicyCommand({UserName, PolicyArn: policy}));
  const {AccessKey} = await iam.send(new CreateAccessKeyCommand({UserName}));
  return {key: AccessKey!.AccessKeyId!, secret: AccessKey!.SecretAccessKey!};
}

/** A role with the same policy, which only those may take on who are trusted to; answers its ARN. */
async function makeRole(policy: string, trusted: string): Promise<string> {
  const iam = new IAMClient(clientOptions());
  const RoleName = 'builders';
  const statement = {Effect: 'Allow', Action: 'sts:AssumeRole', Principal: {AWS: trusted}};
  const AssumeRolePolicyDocument = JSON.stringify({Version: '2012-10-17', Statement: [statement]});
  const {Role} = await iam.send(new CreateRoleCommand({RoleName, AssumeRolePolicyDocument}));
  await iam.send(new AttachRolePolicyCommand({RoleName, PolicyArn: policy}));
  return Role!.Arn!;
}

/** A second user: nothing of the first one's but what the cloud has, and the build directory's path. */
function another(name: string): Record<string, string> {
  const home = join(rig.scratch, name);
  mkdirSync(home, {recursive: true});
  return {HOME: home, XDG_CACHE_HOME: join(home, 'cache')};
}

describe.skipIf(!hasMinistack)('a stack', () => {
  const options = () => ({env: {...env, ...another('administrator')}});

  it('is made, left alone, changed and removed', async () => {
    const made = await rig.raw(['bootstrap', '--stack', 'one', '--yes'], options());
    expect(made.all).toContain('+ AWS::Lambda::Function Worker');
    expect(made.status, made.all).toBe(0);

    const again = await rig.raw(['bootstrap', '--stack', 'one', '--yes'], options());
    expect(again.all).toContain('nothing to change');

    const doctor = await rig.raw(['doctor'], options());
    expect(doctor.all).not.toContain('wrong');
    expect(doctor.all).toContain('the worker answers');
    expect(doctor.status).toBe(0);

    const changed = await rig.raw(['bootstrap', '--stack', 'one', '--memory', '3538', '--yes'], options());
    expect(changed.all).toContain('~ AWS::Lambda::Function Worker');
    expect((await rig.raw(['status'], options())).all).toContain('3538 MB, active');

    // What is not said stays as it is.
    const unchanged = await rig.raw(['bootstrap', '--stack', 'one', '--yes'], options());
    expect(unchanged.all).toContain('nothing to change');

    const unasked = await rig.raw(['bootstrap', '--delete'], options());
    expect(unasked.status).toBe(2);
    expect(unasked.all).toContain('--yes');
    const removed = await rig.raw(['bootstrap', '--delete', '--yes'], options());
    expect(removed.all).toContain('removed');
    expect(removed.status, removed.all).toBe(0);
    const gone = await rig.raw(['bootstrap', '--stack', 'one', '--delete', '--yes'], options());
    expect(gone.all).toContain('there is no stack one');
    expect((await rig.raw(['status'], options())).all).toContain('embedded');
  });

  it('that cannot be made says which resource, why, and leaves nothing in the way of the next try', async () => {
    const bucket = 'two-000000000000-eu-central-1';
    const s3 = new S3Client(clientOptions());
    await s3.send(new CreateBucketCommand({Bucket: bucket}));
    const failed = await rig.raw(['bootstrap', '--stack', 'two', '--yes'], options());
    expect(failed.status, failed.all).toBe(1);
    expect(failed.stderr).toMatch(/^llama: error: AWS::S3::Bucket Bucket: .*exists/);
    expect(failed.stderr).toContain('was removed again');
    await s3.send(new DeleteBucketCommand({Bucket: bucket}));
    const made = await rig.raw(['bootstrap', '--stack', 'two', '--yes'], options());
    expect(made.status, made.all).toBe(0);
    await rig.raw(['bootstrap', '--delete', '--yes'], options());
  });

  it("that is somebody else's by that name is left alone", async () => {
    const client = new CloudFormationClient(clientOptions());
    const TemplateBody = JSON.stringify({
      Resources: {Bucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: 'theirs'}}},
      Outputs: {Bucket: {Value: 'theirs'}},
    });
    await client.send(new CreateStackCommand({StackName: 'theirs', TemplateBody}));
    for (const more of [['--yes'], ['--delete', '--yes']]) {
      const refused = await rig.raw(['bootstrap', '--stack', 'theirs', ...more], options());
      expect(refused.status).toBe(1);
      expect(refused.stderr).toContain('--stack NAME');
    }
    const {Buckets} = await new S3Client(clientOptions()).send(new ListBucketsCommand({}));
    expect(Buckets?.map(({Name}) => Name)).toContain('theirs');
  });

  it('that cannot be reached is said in one line, with what to look at', async () => {
    const nowhere = {...options().env, AWS_ENDPOINT_URL: 'http://127.0.0.1:1'};
    const run = await rig.raw(['bootstrap', '--yes'], {env: nowhere});
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^llama: error: .*ECONNREFUSED.*\n {2}look at the network.*\n$/);
  });

  it('that another version made is named by doctor, and mended by it', async () => {
    const other = join(rig.scratch, 'another version');
    cpSync(dirname(rig.program), other, {recursive: true});
    appendFileSync(join(other, 'function.zip'), 'older');
    const args = [join(other, 'main.js'), 'bootstrap', '--stack', 'old', '--yes'];
    await check(rig.run(process.execPath, args, {env: {...rig.env, ...options().env}}));
    const found = await rig.raw(['doctor'], options());
    expect(found.all).toMatch(/^wrong +function old is 'llama .* worker, .*', this is 'llama .* worker, /m);
    expect(found.all).toContain('llama bootstrap');
    expect(found.status).toBe(1);
    const fixed = await rig.raw(['doctor', '--fix'], options());
    expect(fixed.status, fixed.all).toBe(0);
    expect((await rig.raw(['doctor'], options())).all).not.toContain('wrong');
    await rig.raw(['bootstrap', '--delete', '--yes'], options());
  });
});

describe.skipIf(!hasMinistack)('builds', () => {
  const cloudArgs = {llamaArgs: ['--remote-only']};

  let owner: Record<string, string>;
  let developer: {key: string; secret: string};
  let role: string;

  beforeAll(async () => {
    const made = await rig.raw(['bootstrap', '--yes'], {env});
    expect(made.status, made.all).toBe(0);
    const policy = /gets the policy (\S+)/.exec(made.all)![1]!;
    developer = await makeDeveloper(policy);
    role = await makeRole(policy, 'arn:aws:iam::000000000000:root');
    owner = env;
    env = {...env, AWS_ACCESS_KEY_ID: developer.key, AWS_SECRET_ACCESS_KEY: developer.secret};
  });
  afterAll(() => {
    env = owner;
  });

  it('may do what they need, and nothing else', async () => {
    expect((await rig.raw(['doctor'], {env})).all).not.toContain('wrong');
    const {bucket, function: FunctionName} = JSON.parse(readFileSync(configFile(), 'utf8')) as Record<
      string,
      string
    >;
    const options = {
      ...clientOptions(),
      credentials: {accessKeyId: developer.key, secretAccessKey: developer.secret},
    };
    const s3 = new S3Client(options);
    const lambda = new LambdaClient(options);
    const denied = {$metadata: {httpStatusCode: 403}};
    const Key = 'code/other.zip';
    await expect(s3.send(new PutObjectCommand({Bucket: bucket, Key, Body: 'x'}))).rejects.toMatchObject(
      denied,
    );
    const removal = new DeleteObjectsCommand({Bucket: bucket, Delete: {Objects: [{Key: 'store/a'}]}});
    await expect(s3.send(removal)).rejects.toMatchObject(denied);
    await expect(s3.send(new CreateBucketCommand({Bucket: 'another'}))).rejects.toMatchObject(denied);
    const change = new UpdateFunctionConfigurationCommand({FunctionName, MemorySize: 128});
    await expect(lambda.send(change)).rejects.toMatchObject(denied);
    const refused = await rig.raw(['bootstrap', '--yes', '--memory', '256'], {env});
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('developer policy');
  });

  it.each(
    ['mixed-languages', 'generator-chain', 'warnings', 'awkward-names', 'response-files'].filter(name =>
      existsSync(join(import.meta.dirname, '../../fixtures', name)),
    ),
  )('leave what ninja leaves: %s', async fixture => {
    const project = await openProject(rig, fixture);
    const {first, again} = await expectSameAsNinja(project, {...cloudArgs, env});
    expect(first.summary?.compiles.remote).toBeGreaterThan(0);
    expect(first.summary?.local_reasons).not.toHaveProperty('store-failed');
    expect(again.summary?.compiles).toMatchObject({remote: 0, cached: first.summary?.compiles.remote});
    expect(figures(first).billed_ms).toBeGreaterThan(0);
    expect(figures(first).cost_usd).toBeGreaterThan(0);
  });

  it('may come by a profile that takes on a role', async () => {
    const config = join(rig.scratch, 'aws-config');
    const keys = join(rig.scratch, 'aws-credentials');
    writeFileSync(config, `[profile builder]\nrole_arn = ${role}\nsource_profile = person\n`);
    writeFileSync(keys, `[person]\naws_access_key_id = ${OWNER}\naws_secret_access_key = ${SECRET}\n`);
    // The region is in the settings.
    const {AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, AWS_REGION: ___, ...others} = env;
    const files = {AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: keys, AWS_PROFILE: 'builder'};
    const project = await openProject(rig, 'mixed-languages');
    const built = await project.built(['--remote-only', '--no-cache'], {env: {...others, ...files}});
    expect(built.summary?.compiles).toMatchObject({local: 0, cached: 0});
    expect(built.all).not.toMatch(/Warning|us-east-1/);
    expect(built.summary?.compiles.remote).toBeGreaterThan(0);
    await project.ninja(['-t', 'clean']);
    const refused = await project.llama(['--remote-only', '--no-fallback', '--no-cache'], {
      env: {...others, ...files, AWS_PROFILE: 'nobody'},
    });
    expect(refused.stderr).toContain('AWS_PROFILE');
    // No other file may hold it.
    rmSync(keys);
  });

  it('leave what ninja leaves where commands called pure run there, too', async () => {
    const project = await openProject(rig, 'remote-rules');
    const llamaArgs = ['--remote-only', '--remote-rule', 'tabulate', '--remote-rule', 'join.sh'];
    const {first, again} = await expectSameAsNinja(project, {llamaArgs, env});
    expect(first.summary).toMatchObject({
      remote_rules: {remote: 6, cached: 0, local: 3},
      local_reasons: {'shell-construct': 1, 'undeclared-input': 1, 'undeclared-output': 1},
    });
    expect(again.summary).toMatchObject({remote_rules: {remote: 0, cached: 6}});
  });

  it('share their results with whoever builds the same in the same place', async () => {
    const project = await openProject(rig, 'mixed-languages');
    const first = await project.built(['--remote-only'], {env});
    await project.ninja(['-t', 'clean']);
    const second = await project.built(['--remote-only'], {
      env: {...env, ...another('colleague'), ...configOf()},
    });
    expect(second.summary?.compiles).toMatchObject({
      remote: 0,
      cached: first.summary!.compiles.remote,
    });
    // One list, and each segment once.
    expect(requestsOf(second)).toBeLessThan(6);
    expect(figures(second).requests.put).toBe(0);
  });

  it('keep no result for others where that is not wanted', async () => {
    const project = await openProject(rig, 'mixed-languages');
    const first = await project.built(['--remote-only', '--no-cache-write'], {env});
    await project.ninja(['-t', 'clean']);
    const second = await project.built(['--remote-only'], {env});
    expect(second.summary?.compiles.remote).toBe(first.summary?.compiles.remote);
  });

  it('ask the store for nothing once everything is warm', async () => {
    const project = await openProject(rig, 'mixed-languages');
    await project.built(['--remote-only', '--no-cache', '-j', '1'], {env});
    await project.ninja(['-t', 'clean']);
    const warm = await project.built(['--remote-only', '--no-cache', '-j', '1'], {env});
    expect(warm.summary?.compiles.remote).toBeGreaterThan(0);
    expect(requestsOf(warm)).toBe(0);
  });

  it('run a compile or two on the cores that are here', async () => {
    const project = await openProject(rig, 'mixed-languages');
    await project.built(['--remote-only'], {env});
    await project.append('main.cc', '// edited\n');
    const one = await project.built([], {env});
    expect(one.summary?.local_reasons).toEqual({'own-core': 1});
  });

  it('go on when everything that was stored has expired', async () => {
    const project = await openProject(rig, 'mixed-languages');
    await project.built(['--remote-only', '--no-cache'], {env});
    await emptyBucket();
    // A function that was changed gets new environments, which have nothing yet.
    await rig.raw(['bootstrap', '--memory', '2048', '--yes'], {env: owner});
    await project.ninja(['-t', 'clean']);
    const healed = await project.built(['--remote-only', '--no-cache'], {env});
    expect(healed.summary?.compiles.local, healed.all).toBe(0);
    expect(figures(healed).requests.put).toBeGreaterThan(0);
  });

  it('take compilers from a layer, where bootstrap has put them into one', async () => {
    const project = await openProject(rig, 'mixed-languages');
    await project.built(['--remote-only', '--no-cache'], {env});
    await emptyBucket();
    const layered = await rig.raw(['bootstrap', '--layer', '--yes'], {env: owner});
    expect(layered.status, layered.all).toBe(0);
    expect(layered.all).toContain('+ AWS::Lambda::LayerVersion Compilers');
    await project.ninja(['-t', 'clean']);
    const built = await project.built(['--remote-only', '--no-cache'], {env});
    expect(built.summary?.compiles.local, built.all).toBe(0);
    // Headers and lists alone: not what the compilers are made of.
    expect(await largestIn('packs/')).toBeLessThan(4 << 20);

    const kept = await rig.raw(['bootstrap', '--yes'], {env: owner});
    expect(kept.all).toContain('nothing to change');
    const without = await rig.raw(['bootstrap', '--no-layer', '--yes'], {env: owner});
    expect(without.all).toContain('- AWS::Lambda::LayerVersion Compilers');
    await project.ninja(['-t', 'clean']);
    const healed = await project.built(['--remote-only', '--no-cache'], {env});
    expect(healed.summary?.compiles.local, healed.all).toBe(0);
    expect(await largestIn('packs/')).toBeGreaterThan(4 << 20);
  });

  it('end well without the cloud, and say what was wrong with it', async () => {
    const project = await openProject(rig, 'mixed-languages');
    const {bucket} = JSON.parse(readFileSync(configFile(), 'utf8')) as {bucket: string};
    const wrong = {...owner, LLAMA_FUNCTION: 'no-such-function', LLAMA_BUCKET: bucket};
    const built = await project.built(['--remote-only', '--no-cache'], {env: wrong});
    expect(built.summary?.local_reasons).toHaveProperty('cloud-function-missing');
    expect(built.all).toContain('llama bootstrap');
    await project.ninja(['-t', 'clean']);
    await project.ninja(['-t', 'clean']);
    const refused = await project.llama(['--remote-only', '--no-cache', '--no-fallback'], {env: wrong});
    expect(refused.status).toBe(1);
    expect(refused.all).toContain('--no-fallback');
  });

  it('write no credential anywhere', async () => {
    const project = await openProject(rig, 'mixed-languages');
    const built = await project.built(['--remote-only', '--no-cache', '-v'], {env});
    const secrets = [SECRET, developer.secret, developer.key];
    expect(secrets.filter(secret => built.all.includes(secret))).toEqual([]);
    const holders = [...filesBelow(rig.scratch), ...filesBelow(folder)].filter(file => {
      const bytes = readFileSync(file);
      return secrets.some(secret => bytes.includes(secret));
    });
    expect(holders).toEqual([]);
  });

  describe.skipIf(!hasVersitygw)('over a store that verifies signatures', () => {
    let s3: Server;
    let lenient: Server;
    beforeAll(async () => {
      s3 = await startVersitygw(folder, {...FUNCTION, region: 'eu-central-1'});
      const place = join(folder, 'lenient');
      mkdirSync(place);
      lenient = await startMinistack(place, {env: {LLAMA_SCRATCH: join(place, 'scratch-%p')}});
    });
    afterAll(async () => {
      await s3?.stop();
      await lenient?.stop();
    });

    it('leave what ninja leaves', async () => {
      const signed = {
        ...env,
        ...another('strict'),
        AWS_ENDPOINT_URL: lenient.endpoint,
        AWS_ENDPOINT_URL_S3: s3.endpoint,
        AWS_ACCESS_KEY_ID: FUNCTION.key,
        AWS_SECRET_ACCESS_KEY: FUNCTION.secret,
      };
      const bucket = 'strict-000000000000-eu-central-1';
      mkdirSync(join(folder, 'buckets', bucket));
      // The emulator's function is made from its own store, which the strict one is beside.
      const plain = await rig.raw(['bootstrap', '--stack', 'strict', '--yes'], {
        env: {...signed, AWS_ENDPOINT_URL_S3: lenient.endpoint, LLAMA_STORE_ENDPOINT: s3.endpoint},
      });
      expect(plain.status, plain.all).toBe(0);
      const project = await openProject(rig, 'mixed-languages');
      const {first} = await expectSameAsNinja(project, {...cloudArgs, env: signed});
      expect(first.summary?.compiles.remote, first.all).toBeGreaterThan(0);
      const made = readdirSync(join(folder, 'buckets', bucket)).filter(name => !name.startsWith('.'));
      expect(made.sort()).toEqual(['packs', 'results']);
    });
  });

  function configFile(): string {
    return join(rig.scratch, 'home', '.config', 'llama', 'config.json');
  }

  /** Its user has the same settings. */
  function configOf(): Record<string, string> {
    return {XDG_CONFIG_HOME: join(rig.scratch, 'home', '.config')};
  }

  /** Bytes. */
  async function largestIn(Prefix: string): Promise<number> {
    const {bucket} = JSON.parse(readFileSync(configFile(), 'utf8')) as {bucket: string};
    const s3 = new S3Client(clientOptions());
    const {Contents} = await s3.send(new ListObjectsV2Command({Bucket: bucket, Prefix}));
    return Math.max(0, ...(Contents ?? []).map(({Size}) => Size ?? 0));
  }

  async function emptyBucket(): Promise<void> {
    const {bucket} = JSON.parse(readFileSync(configFile(), 'utf8')) as {bucket: string};
    const s3 = new S3Client(clientOptions());
    const {Contents} = await s3.send(new ListObjectsV2Command({Bucket: bucket}));
    const Objects = (Contents ?? [])
      .map(({Key}) => ({Key: Key!}))
      .filter(({Key}) => !Key.startsWith('code/'));
    expect(Objects.length).toBeGreaterThan(0);
    await s3.send(new DeleteObjectsCommand({Bucket: bucket, Delete: {Objects}}));
  }
});

function filesBelow(directory: string): string[] {
  return readdirSync(directory, {recursive: true, encoding: 'utf8'})
    .map(name => join(directory, name))
    .filter(file => statSync(file, {throwIfNoEntry: false})?.isFile());
}
