import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {FailureError} from '../failure.ts';
import {failureText} from '../ui/failure-text.ts';
import {readSettings, remoteRules, userFile} from './settings.ts';

let home: string;
let project: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'llama-settings-'));
  project = join(home, 'project', 'deep', 'down');
  mkdirSync(project, {recursive: true});
  env = {XDG_CONFIG_HOME: join(home, 'config')};
});
afterEach(() => rmSync(home, {recursive: true}));

function writeUser(values: unknown): void {
  mkdirSync(join(home, 'config', 'llama'), {recursive: true});
  writeFileSync(userFile(env), typeof values === 'string' ? values : JSON.stringify(values));
}

function writeProject(values: unknown): string {
  const file = join(home, 'project', 'llama.config.json');
  writeFileSync(file, typeof values === 'string' ? values : JSON.stringify(values));
  return file;
}

function refusal(): string {
  try {
    readSettings({}, project, env);
  } catch (error) {
    if (error instanceof FailureError) return failureText(error.failure);
    throw error;
  }
  return '';
}

describe('settings', () => {
  it('are none where nobody has set any', () => {
    expect(readSettings({}, project, env)).toEqual({});
  });

  it('come from the flag, then the environment, then the project, then the user, and say so', () => {
    writeUser({cloud: 'aws', region: 'user', bucket: 'user', function: 'user', memory: 1});
    const file = writeProject({region: 'project', bucket: 'project', function: 'project'});
    Object.assign(env, {AWS_REGION: 'environment', LLAMA_BUCKET: 'environment'});
    expect(readSettings({region: 'flag'}, project, env)).toEqual({
      region: {value: 'flag', from: '--region'},
      bucket: {value: 'environment', from: 'LLAMA_BUCKET'},
      function: {value: 'project', from: file},
      cloud: {value: 'aws', from: userFile(env)},
      memory: {value: 1, from: userFile(env)},
    });
  });

  it('of an empty variable are none', () => {
    Object.assign(env, {AWS_REGION: '', AWS_DEFAULT_REGION: 'second'});
    expect(readSettings({}, project, env).region).toEqual({value: 'second', from: 'AWS_DEFAULT_REGION'});
  });

  it.each([
    ['{"cloud": "azure"}', 'cloud is aws or embedded'],
    ['{"clout": "aws"}', "unknown setting 'clout'"],
    ['{"memory": "1769"}', "'memory' has to be a number"],
    ['{"remoteRules": [""]}', "'remoteRules' has to be a list of names"],
    ['[]', 'JSON object'],
    ['{"cloud": ', 'llama.config.json: '],
  ])('that are wrong are refused with the file: %s', (text, words) => {
    writeProject(text);
    expect(refusal()).toContain(words);
    expect(refusal()).toContain(join(home, 'project', 'llama.config.json'));
  });

  it('name rules besides those of the command line', () => {
    writeProject('{"remoteRules": ["protoc", "bison"]}');
    expect([...remoteRules(['gen', 'protoc'], project, env)]).toEqual(['gen', 'protoc', 'bison']);
    expect(readSettings({}, project, env)).toEqual({});
  });

  it('that cannot be read are refused', () => {
    mkdirSync(userFile(env), {recursive: true});
    expect(refusal()).toContain('cannot read');
  });
});
