/** Commands that are no compiles and that the user has called pure: which go to workers, and what keeps the others here. */
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
