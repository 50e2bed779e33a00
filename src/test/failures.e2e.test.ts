/** What fails in the user's own code and commands: shown as the local compiler shows it, recorded as ninja records it. */
import {describe, expect, it} from 'vitest';
import {openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {expectIdle, expectNothingLeft, expectSameAsNinja} from './same-as-ninja.ts';

const rig = useRig();

/** What the compiler prints for one object of the project, taken from the local compiler itself. */
async function localWords(project: Project, object: string): Promise<string> {
  const commands = await project.ninja(['-t', 'commands', object]);
  const command = commands.stdout.trim().split('\n').at(-1) ?? '';
  const done = await rig.run(
    '/bin/sh',
    ['-c', command.replace(/ -o \S+/, ' -o /dev/null').replaceAll(/-MF \S+/g, '-MF /dev/null')],
    {
      cwd: project.directory,
    },
  );
  expect(done.stderr, command).not.toBe('');
  return done.stderr;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe('a compile that fails', () => {
  it('is shown once, in the words of the local compiler, with its object', async () => {
    const project = await openProject(rig, 'failing-compile');
    await project.write('worse.c', 'int worse(void) { return 0; }\n');
    const words = await localWords(project, 'CMakeFiles/app.dir/broken.c.o');
    expect(words).toContain('undeclared_thing');
    const failed = await project.llama();
    expect(failed.status).toBe(1);
    expect(count(failed.all, words), failed.all).toBe(1);
    expect(failed.all).toContain('CMakeFiles/app.dir/broken.c.o');
    expect(failed.summary).toMatchObject({result: 'failed', compiles: {failed: 1}});
    await expectNothingLeft(rig);
  });

  it.each([1, 2])('is followed by no more than -k %i allows, one at a time', async keep => {
    const project = await openProject(rig, 'moved-links');
    const names = ['one', 'two', 'three', 'four', 'five'];
    const rule = 'rule cc\n  command = gcc -c $in -o $out\n';
    await project.write('build.ninja', rule + names.map(name => `build ${name}.o: cc ${name}.c\n`).join(''));
    for (const name of names) await project.write(`${name}.c`, `#error ${name}\n`);
    const done = await project.llama(['-j', '1', '-k', String(keep)]);
    expect(done.status).toBe(1);
    expect(done.all.match(/^FAILED/gm)).toHaveLength(keep);
  });

  it('leaves the others built and recorded, and the next build takes it up from there', async () => {
    const project = await openProject(rig, 'failing-compile');
    const failed = await project.llama(['-k', '0']);
    expect(failed.status).toBe(1);
    expect(failed.summary?.compiles.failed).toBe(2);
    expect(failed.all).toContain('undeclared_thing');
    expect(failed.all).toContain('another_unknown');
    const next = await project.ninjaWouldRun();
    expect(next).toHaveLength(3);
    expect(next.join('\n')).toMatch(/broken\.c$/m);
    expect(next.join('\n')).toMatch(/worse\.c$/m);
    expect(await project.llamaWouldRun()).toEqual(next);

    await project.write('broken.c', '#include "broken.h"\nint broken(void) { return BROKEN; }\n');
    await project.write('worse.c', 'int worse(void) { return 0; }\n');
    const mended = await project.built();
    expect(mended.summary?.compiles).toMatchObject({remote: 2, failed: 0});
    await expectIdle(project);
  });

  it('leaves no object of the attempt, and no older one in its place', async () => {
    const project = await openProject(rig, 'header-edits');
    await project.built();
    const good = await project.read('base.c');
    await project.append('base.c', 'no such type;\n');
    const expected = await project.ninja();
    expect(expected.status).toBe(1);
    const failed = await project.llama();
    expect(failed.status).toBe(1);
    expect(await project.llamaWouldRun()).toEqual(await project.ninjaWouldRun());
    await project.write('base.c', good);
    await project.built();
    await expectIdle(project);
  });

  it('is never taken from the cache: the same failure is compiled again', async () => {
    const project = await openProject(rig, 'failing-compile');
    for (const _ of ['first', 'second']) {
      const failed = await project.llama(['CMakeFiles/app.dir/broken.c.o']);
      expect(failed.status).toBe(1);
      expect(count(failed.all, 'error: ‘undeclared_thing’'), failed.all).toBe(1);
      expect(failed.summary?.compiles).toMatchObject({failed: 1, cached: 0});
    }
  });

  it('names a header that is nowhere as the compiler does', async () => {
    const project = await openProject(rig, 'header-edits');
    await project.write('other.c', '#include "nowhere.h"\n');
    const failed = await project.llama(['-k', '0']);
    expect(failed.status).toBe(1);
    expect(failed.all).toContain('fatal error: nowhere.h: No such file or directory');
    const words = await localWords(project, 'CMakeFiles/app.dir/other.c.o');
    expect(count(failed.all, words), failed.all).toBe(1);
  });
});

describe('a command that fails', () => {
  it('is shown with what it said and the exit status is 1', async () => {
    const project = await openProject(rig, 'failing-command');
    const failed = await project.llama(['-k', '0']);
    expect(failed.status).toBe(1);
    expect(count(failed.all, 'make.sh: cannot make it'), failed.all).toBe(1);
    expect(failed.all).toContain('made.h');
    expect(failed.summary?.result).toBe('failed');
    const next = await project.ninjaWouldRun();
    expect(next.join('\n')).not.toContain('apart.c');
    expect(await project.llamaWouldRun()).toEqual(next);
    await expectNothingLeft(rig);
    await project.write('make.sh', 'echo "#define MADE 0" > made.h\n');
    await project.built();
    await expectIdle(project);
  });
});

describe('exit statuses', () => {
  it('are 0 for built and for nothing to do, 1 for failed, 2 for wrong usage', async () => {
    const project = await openProject(rig, 'failing-compile');
    expect((await project.llama(['CMakeFiles/app.dir/good.c.o'])).status).toBe(0);
    expect((await project.llama(['CMakeFiles/app.dir/good.c.o'])).status).toBe(0);
    expect((await project.llama(['CMakeFiles/app.dir/broken.c.o'])).status).toBe(1);
    expect((await project.llama(['--no-such-flag'])).status).toBe(2);
    expect((await project.llama(['-n'])).status).toBe(0);
  });
});

describe('warnings', () => {
  it('are shown once and whole, from the worker as from the cache', async () => {
    const project = await openProject(rig, 'warnings');
    const words = [
      await localWords(project, 'CMakeFiles/warn.dir/loud.c.o'),
      await localWords(project, 'CMakeFiles/warn.dir/also.c.o'),
    ];
    expect(words[0]).toContain('-Wunused-variable');
    expect(words[1]).toContain('odd.h');
    const {first, again} = await expectSameAsNinja(project);
    for (const done of [first, again]) {
      for (const part of words) expect(count(done.all, part), done.all).toBe(1);
      expect(count(done.all, 'warning:'), done.all).toBe(2);
    }
    expect(again.summary?.compiles).toMatchObject({remote: 0, cached: 3});
  });

  it('become errors with -Werror, here as there', async () => {
    const project = await openProject(rig, 'warnings', {configure: ['-DCMAKE_C_FLAGS=-Werror']});
    const failed = await project.llama(['-k', '0']);
    expect(failed.status).toBe(1);
    expect(failed.summary?.compiles.failed).toBe(2);
    expect((await project.ninjaWouldRun()).join('\n')).not.toMatch(/quiet\.c$/m);
  });
});
