import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {RegoEngine, TemplateFile} from '@aws/cloudformation-validate';
import {describe, expect, it, onTestFinished} from 'vitest';
import {functionDescription, type StackSettings, stackTemplate} from './template.ts';

const SETTINGS: StackSettings = {
  stack: 'llama',
  memory: 1769,
  concurrency: undefined,
  expireDays: 31,
  code: {key: 'code/abc.zip', description: functionDescription('1.2.3', 2, 'abcdef0123456789')},
  storeEndpoint: undefined,
  layer: undefined,
};

interface Statement {
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource?: unknown;
}

function faultsOf(settings: StackSettings): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'llama-template-'));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  const file = join(folder, 'template.json');
  writeFileSync(file, JSON.stringify(stackTemplate(settings)));
  const engine = new RegoEngine();
  try {
    const {diagnostics} = engine.validateStandard(new TemplateFile(file));
    return diagnostics
      .filter(({severity}) => /error|fatal/i.test(severity))
      .map(({ruleId, message}) => `${ruleId}: ${message}`);
  } finally {
    engine.free();
  }
}

/** All statements, wherever in the template. */
function statementsIn(value: unknown): Statement[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = (value as {Statement?: readonly Statement[]}).Statement ?? [];
  return [...own, ...Object.values(value).flatMap(statementsIn)];
}

describe('the template', () => {
  it.each([
    ['whole', SETTINGS],
    ['before there is code', {...SETTINGS, code: undefined}],
    [
      'with a limit and another store',
      {...SETTINGS, concurrency: 50, storeEndpoint: 'http://127.0.0.1:7070'},
    ],
    ['with compilers in a layer', {...SETTINGS, layer: 'code/def.zip'}],
  ])('is valid: %s', (_, settings) => {
    expect(faultsOf(settings)).toEqual([]);
  });

  it('would be told of if it were not', () => {
    expect(faultsOf({...SETTINGS, memory: 1})).not.toEqual([]);
  });

  it('allows no action and no resource by a wildcard', () => {
    const statements = statementsIn(stackTemplate(SETTINGS));
    expect(statements.length).toBeGreaterThan(8);
    for (const {Action, Resource} of statements) {
      expect(Action.filter(action => action.includes('*'))).toEqual([]);
      expect([Resource].flat()).not.toContain('*');
    }
  });

  it('lets a worker write to its own prefix alone, and nobody over plain HTTP', () => {
    const {WorkerRole, BucketPolicy} = stackTemplate(SETTINGS).Resources;
    const puts = statementsIn(WorkerRole).filter(({Action}) =>
      Action.some(name => name.startsWith('s3:Put')),
    );
    expect(puts).toEqual([
      {Effect: 'Allow', Action: ['s3:PutObject'], Resource: [{'Fn::Sub': `\${Bucket.Arn}/out/*`}]},
    ]);
    expect(statementsIn(BucketPolicy)).toMatchObject([
      {Effect: 'Deny', Principal: '*', Condition: {Bool: {'aws:SecureTransport': 'false'}}},
    ]);
  });

  it('lets a developer do what a build asks for, and no more', () => {
    const actions = statementsIn(stackTemplate(SETTINGS).Resources.DeveloperPolicy).flatMap(
      ({Action}) => Action,
    );
    expect([...new Set(actions)].sort()).toEqual([
      'lambda:GetFunctionConcurrency',
      'lambda:GetFunctionConfiguration',
      'lambda:InvokeFunction',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
    ]);
  });

  it('leaves out what is not wanted', () => {
    expect(Object.keys(stackTemplate({...SETTINGS, code: undefined}).Resources)).toEqual([
      'Bucket',
      'BucketPolicy',
    ]);
    expect(JSON.stringify(stackTemplate(SETTINGS))).not.toContain('ReservedConcurrentExecutions');
    expect(JSON.stringify(stackTemplate(SETTINGS))).not.toContain('""');
  });

  it('lets everything expire but the code that the function has', () => {
    const {LifecycleConfiguration} = stackTemplate({...SETTINGS, expireDays: 7}).Resources.Bucket!
      .Properties as {
      LifecycleConfiguration: {Rules: {Prefix?: string; ExpirationInDays?: number}[]};
    };
    const expiring = LifecycleConfiguration.Rules.filter(({ExpirationInDays}) => ExpirationInDays === 7);
    expect(expiring.map(({Prefix}) => Prefix)).toEqual(['store/', 'packs/', 'out/', 'results/']);
  });
});
