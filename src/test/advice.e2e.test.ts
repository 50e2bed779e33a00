/** What a build tells beyond its work: reasons, what stays local, what was verified; and that its advice is true. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {check, openProject, type Project} from './project.ts';
import {type LlamaRun, useRig} from './rig.ts';

const rig = useRig();

const RULES = `
rule cc
  command = gcc $flags -c $in -o $out
rule script
  command = ./a.gcc -c $in -o $out
rule copy
  command = cp $in $out
`;

/** Compiles that stay here for reasons that commands, compilers and files tell, and two that travel. */
async function mixed(): Promise<Project> {
  const project = await openProject(rig, 'order-only', {name: rig.unique('mixed up')});
  const script = join(project.directory, 'a.gcc');
  await project.write('a.gcc', '#!/bin/sh\nexec gcc "$@"\n');
  await check(rig.run('chmod', ['+x', script]));
  for (const name of ['a.c', 'b.c', 'c.c', 'd.c', 'pre.h']) await project.write(name, '');
  await project.write('time.c', 'const char *time = __TIMESTAMP__;\n');
  await project.write('pre.c', '#include "pre.h"\n');
  await project.write(
    'build.ninja',
    `${RULES}
build pre.h.gch: cc pre.h
  flags = -x c-header
build pre.o: cc pre.c | pre.h.gch
build time.o: cc time.c
build a.o: script a.c
build b.o: script b.c
build c.o: cc c.c
build made.c: copy d.c
build made.o: cc made.c
build temps.o: cc d.c
  flags = -save-temps=obj
`,
  );
  return project;
}

/** Reasons of `-n -d local`, counted. */
function listed({stdout}: {readonly stdout: string}): Record<string, number> {
  return Object.fromEntries(
    [...stdout.matchAll(/^(\d+) ([\w-]+): .+$/gm)].map(([, count, reason]) => [reason, Number(count)]),
  );
}

/** Runs the command that a text advises, as the shell takes it. */
async function advised(text: string, pattern: RegExp): Promise<LlamaRun> {
  const [, command] = pattern.exec(text) ?? [];
  expect(command, text).toMatch(/^llama build /);
  const program = `llama() { "${process.execPath}" "${rig.program}" "$@"; }`;
  return rig.run('/bin/sh', ['-c', `${program}; ${command}`]);
}

function build(project: Project, ...args: string[]) {
  return rig.raw(['build', project.directory, '--store', rig.store, ...args]);
}

describe('-n -d local', () => {
  it('lists before a build and after it what the build counts, each reason with a sentence', async () => {
    const project = await mixed();
    const before = await check(build(project, '-n', '-d', 'local'));
    expect(before.stdout).toContain('1 unknown until its inputs are made\n  made.o');
    const built = await project.built();
    expect(Object.keys(built.summary?.local_reasons ?? {}).sort()).toHaveLength(4);
    expect(listed(before)).toEqual(built.summary?.local_reasons);
    const after = await check(build(project, '-n', '-d', 'local'));
    expect(listed(after)).toEqual(built.summary?.local_reasons);
    expect(after.stdout).not.toContain('unknown until');
    expect(after.stdout).toContain('pre.o');
  });

  it('is what a build advises, in a form that can be pasted', async () => {
    const project = await mixed();
    const built = await check(build(project, 'a.o', 'time.o'));
    expect(built.stderr).toMatch(/local: 1 [\w-]+, 1 [\w-]+ {4}llama build/);
    expect(built.stderr).toContain('  file-time: ');
    const told = await advised(built.stderr, / {4}(llama build .*) tells why/);
    expect(Object.values(listed(told))).toEqual([1, 1]);
    expect(told.stdout).toMatch(/\n {2}a\.o/);
    expect(told.stdout).not.toContain('b.o');
  });

  it('says so where nothing would', async () => {
    const project = await openProject(rig, 'header-edits');
    expect((await check(build(project, '-n', '-d', 'local'))).stdout).toBe('no compile would stay local\n');
  });

  it('goes together with -d explain', async () => {
    const project = await mixed();
    const {stdout} = await check(build(project, '-n', '-d', 'local', '-d', 'explain', 'temps.o'));
    expect(stdout).toMatch(/^temps\.o\n {2}temps\.o: .* is missing\n1 save-temps: .*\n {2}temps\.o/);
  });
});

describe('-d while building', () => {
  it('explains each edge once, on standard error', async () => {
    const project = await mixed();
    const {stdout, stderr} = await check(build(project, '-d', 'explain', 'made.o'));
    expect(stdout).toBe('');
    expect(stderr.match(/^explain: .*$/gm)).toEqual([
      expect.stringMatching(/^explain: made\.c: .* is missing$/),
      expect.stringMatching(/^explain: made\.o: .*made\.c/),
    ]);
    expect((await check(build(project, '-d', 'explain', 'made.o'))).stderr).toMatch(/^nothing to do /);
  });

  it('lists what stays local, also where nothing is to be done', async () => {
    const project = await mixed();
    for (const end of [/\nbuilt 1 compile /, /\nnothing to do /]) {
      const {stderr} = await check(build(project, '-d', 'local', 'temps.o'));
      expect(stderr).toMatch(/^1 save-temps: .*\n {2}temps\.o/);
      expect(stderr).toMatch(end);
    }
  });
});

describe('the end of a build', () => {
  it('says that nothing was to be done, with a summary as without', async () => {
    const project = await openProject(rig, 'header-edits');
    await project.built();
    const file = join(rig.scratch, 'nothing.json');
    for (const args of [[], ['--summary', file]]) {
      expect((await check(build(project, ...args))).stderr).toMatch(/^nothing to do \(\d+\.\d\d s\)\n$/);
    }
  });

  it('tells what was verified', async () => {
    const project = await openProject(rig, 'header-edits');
    const done = await check(build(project, '--verify', '1'));
    expect(done.stderr).toMatch(/^ {2}verified (\d+) of \1 compiles: all equal$/m);
  });

  it('advises commands that can be pasted after a failure', async () => {
    const project = await mixed();
    await writeFile(join(project.directory, 'broken it.c'), 'int main(');
    await project.append('build.ninja', 'build broken$ it.o: cc broken$ it.c\n');
    const failed = await build(project, 'broken it.o');
    expect(failed.status).toBe(1);
    const alone = await advised(failed.stderr, /to see it alone: (llama build .*)$/m);
    expect(alone.status).toBe(1);
    expect(alone.stderr).toContain('FAILED: broken it.o');
  });
});
