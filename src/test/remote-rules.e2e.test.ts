/** Commands that are no compiles and that the user has called pure: which go to workers, and what keeps the others here. */
import {existsSync} from 'node:fs';
import {readFile, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {check, openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {expectIdle, expectSameAsNinja} from './same-as-ninja.ts';

const rig = useRig();
const RULES = ['--remote-rule', 'tabulate', '--remote-rule', 'join.sh'];

async function open(): Promise<Project> {
  return openProject(rig, 'remote-rules');
}

describe('commands called pure', () => {
  it('make what they make here; one that does not keep to what it declares runs here, and is named', async () => {
    const project = await open();
    const {first, again} = await expectSameAsNinja(project, {llamaArgs: RULES});
    const local = {'shell-construct': 1, 'undeclared-input': 1, 'undeclared-output': 1};
    expect(first.summary).toMatchObject({
      compiles: {remote: 3, local: 0},
      remote_rules: {remote: 6, cached: 0, local: 3},
      local_reasons: local,
    });
    expect(first.stderr).toMatch(/'Generating peeks\.inc' reads '.*\/secret\.txt', which its edge does not/);
    expect(first.stderr).toMatch(/'Generating writes\.inc' changes '.*\/left-behind\.txt', which its edge/);
    expect(again.summary).toMatchObject({remote_rules: {remote: 0, cached: 6, local: 3}});
  });

  it('stay here unless they are named', async () => {
    const project = await open();
    const {summary} = await project.built();
    expect(summary).toMatchObject({remote_rules: {remote: 0, cached: 0, local: 0}, local_reasons: {}});
  });

  it('run again for what they have read, and who follows them only for what they have made', async () => {
    const project = await open();
    await project.built(RULES);
    await project.write('shared/deep.tab', 'DEEP 44\n');
    const dirty = await project.ninjaWouldRun();
    expect(dirty.filter(command => command.includes('/one.tab')).length).toBe(1);
    expect(await project.llamaWouldRun()).toEqual(dirty);
    const changed = await project.built(RULES);
    expect(changed.summary).toMatchObject({remote_rules: {remote: 2}, compiles: {remote: 1}});
    await expectIdle(project);
    await project.write('shared/common.tab', 'COMMON 3\ninclude "../shared/deep.tab"\n');
    const same = await project.built(RULES);
    expect(same.summary).toMatchObject({remote_rules: {remote: 2}, compiles: {remote: 0, cached: 0}});
    await expectIdle(project);
  });

  it('are those that a file of the project names, too', async () => {
    const project = await open();
    await project.write('llama.config.json', '{"remoteRules": ["tabulate"]}');
    const {summary} = await project.built([], {cwd: project.source});
    expect(summary).toMatchObject({remote_rules: {remote: 5}});
    await project.write('llama.config.json', '{"remoteRules": "tabulate"}');
    const wrong = await project.llama([], {cwd: project.source});
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain("llama.config.json: 'remoteRules' has to be a list of names");
  });

  it('fail as they fail here', async () => {
    const project = await open();
    await project.write('asks.tab', 'fail for a reason\n');
    const run = await project.llama(RULES);
    expect(run.status).toBe(1);
    expect(run.stderr.match(/asks\.tab: for a reason/g)).toHaveLength(1);
    await project.write('asks.tab', 'ask TABLE\n');
    await project.built(RULES);
    await expectIdle(project);
  });

  it('stay here where they may ask for a locale that no worker has', async () => {
    const project = await open();
    const run = await project.built(RULES, {env: {LC_ALL: 'de_DE.UTF-8'}});
    expect(run.summary).toMatchObject({
      remote_rules: {remote: 5},
      local_reasons: {'tool-locale': 1},
    });
    expect(run.stderr).toMatch(/may ask for the locale 'de_DE\.UTF-8'.*export LC_ALL=C\.UTF-8/);
    await expectIdle(project);
  });

  it('are told of by -d local, and a name that means nothing is told of', async () => {
    const project = await open();
    const {stdout} = await check(project.llama([...RULES, '-n', '-d', 'local']));
    expect(stdout).toMatch(/1 shell-construct: .*\n {2}shell\.inc/);
    const {stderr} = await project.built(['--remote-rule', 'tabulat', 'words']);
    expect(stderr).toContain("no program of this build is called so; did you mean 'tabulate'?");
    const empty = await project.llama(['--remote-rule', '']);
    expect([empty.status, empty.stderr]).toEqual([2, expect.stringContaining('--remote-rule needs')]);
  });

  it('are compared by --verify like compiles', async () => {
    const project = await open();
    const {summary} = await project.built([...RULES, '--verify', '1']);
    expect(summary).toMatchObject({verified: {compared: 9, differed: 0}});
    await expectIdle(project);
  });
});

describe('what comes along with a command called pure', () => {
  const run = ['--remote-rule', 'run'];
  const open = () => openProject(rig, 'remote-rules-loaded');

  it('is sent and seen: programs that it starts with their libraries, names that it lists', async () => {
    const project = await open();
    const {first, again} = await expectSameAsNinja(project, {llamaArgs: run});
    expect(first.summary).toMatchObject({remote_rules: {remote: 5, local: 0}, local_reasons: {}});
    expect(again.summary).toMatchObject({remote_rules: {remote: 0, cached: 5}});
    const kept = await rig.run('grep', ['-rl', 'nobody-declares-this', rig.store]);
    expect(kept.stdout, 'a file that was only listed').toBe('');
  });

  it('belongs to what a result rests on', async () => {
    const project = await open();
    await project.built(run);
    await project.write('value.c', 'int value(void) { return 2; }\n');
    await rm(join(project.directory, 'wrapped.txt'));
    await project.built(run);
    expect(await readFile(join(project.directory, 'wrapped.txt'), 'utf8')).toBe('value 2\n');
    await expectIdle(project);
  });

  it('is the locale as well', async () => {
    const project = await open();
    await project.built(run);
    await rm(join(project.directory, 'sorted.txt'));
    const {summary} = await project.built(run, {env: {LC_ALL: 'de_DE.UTF-8'}});
    expect(summary).toMatchObject({local_reasons: {'tool-locale': 1}});
  });

  it('is where its output goes', async () => {
    const project = await open();
    await project.built(run);
    const manifest = await readFile(join(project.directory, 'build.ninja'), 'utf8');
    await project.write(
      'build.ninja',
      manifest.replace('run = ./list.sh dir > listed.txt', 'run = ./list.sh dir'),
    );
    await rm(join(project.directory, 'listed.txt'));
    const {summary} = await project.built([...run, 'listed.txt']);
    expect(summary).toMatchObject({
      remote_rules: {cached: 0, local: 1},
      local_reasons: {'output-missing': 1},
    });
  });

  it('is who may execute an output', async () => {
    const project = await open();
    await project.built(run);
    await project.write('two.sh', '#!/bin/sh\necho 1 > "$1"\necho 2 > "$2"\nchmod +x "$2"\n');
    const {summary} = await project.built(run);
    expect(summary).toMatchObject({remote_rules: {remote: 1}});
    expect((await stat(join(project.directory, 'two.txt'))).mode & 0o111).not.toBe(0);
    await expectIdle(project);
  });

  it('is every output where it is verified', async () => {
    const project = await open();
    await project.write('two.sh', '#!/bin/sh\necho 1 > "$1"\necho "$LLAMA_TEST_VALUE" > "$2"\n');
    await project.built([...run, '--verify', '1', 'one.txt'], {env: {LLAMA_TEST_VALUE: 'here'}});
    expect(await readFile(join(project.directory, 'two.txt'), 'utf8')).toBe('here\n');
    await rm(join(project.directory, 'two.txt'));
    const {summary} = await project.built([...run, 'one.txt'], {env: {LLAMA_TEST_VALUE: 'here'}});
    expect(summary).toMatchObject({local_reasons: {'verify-differed': 1}});
  });
});

describe('what a command called pure does behind its back', () => {
  const run = ['--remote-rule', 'run'];

  it('is there as it is here, or the command runs here', async () => {
    const project = await openProject(rig, 'remote-rules-awkward');
    const {first, again} = await expectSameAsNinja(project, {llamaArgs: run});
    const local = {'tool-unfit': 2, 'undeclared-input': 1};
    expect(first.summary).toMatchObject({remote_rules: {remote: 3, local: 3}, local_reasons: local});
    expect(again.summary).toMatchObject({remote_rules: {remote: 0, cached: 3, local: 3}});
    expect(await readFile(join(project.directory, 'twin.txt'), 'utf8')).toBe('child 2\n');
  });

  it('counts where it only asks for a size', async () => {
    const project = await openProject(rig, 'remote-rules-awkward');
    await project.built([...run, 'size.txt']);
    await project.write('made.in', '');
    await project.builtByNinja(['made.txt']);
    await rm(join(project.directory, 'size.txt'));
    await project.built([...run, 'size.txt']);
    expect(await readFile(join(project.directory, 'size.txt'), 'utf8')).toBe('empty\n');
  });

  it.skipIf(!existsSync('/usr/bin/python3'))('is no hindrance to Python', async () => {
    const project = await openProject(rig, 'remote-rules-awkward');
    const {directory} = project;
    await project.write(
      'table.py',
      'import sys, json, subprocess, helper\nprint(helper.name, json.dumps([1]))\n',
    );
    await project.write('helper.py', 'name = "helped"\n');
    const command = '/usr/bin/python3 table.py > table.txt';
    await project.write(
      'build.ninja',
      `rule run\n  command = ${command}\nbuild table.txt: run table.py helper.py\n`,
    );
    const {summary, stderr} = await project.built(run);
    expect(summary, stderr).toMatchObject({remote_rules: {remote: 1, local: 0}});
    expect(await readFile(join(directory, 'table.txt'), 'utf8')).toBe('helped [1]\n');
  });
});
