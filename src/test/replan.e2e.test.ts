/** Builds that look again at the graph while they run: for dyndep files, and for a manifest that the build itself ages. */
import {readFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';

const rig = useRig();

/** A project of these files. */
async function described(files: Record<string, string>): Promise<Project> {
  const project = await openProject(rig, 'restat');
  for (const [name, text] of Object.entries(files)) await project.write(name, text);
  return project;
}

async function lines(project: Project, file: string): Promise<number> {
  return (await readFile(project.output(file), 'utf8')).split('\n').length - 1;
}

const DYNDEP = "printf 'ninja_dyndep_version = 1\\nbuild o: dyndep\\n' > $out";

describe('after a dyndep file', () => {
  it('goes on in spite of a failure with -k 0, and does not try what failed again', async () => {
    const project = await described({
      s: '',
      'build.ninja': `rule fail
  command = echo tried >> tries; false
rule dyndep
  command = while ! test -e tries; do :; done; ${DYNDEP}
rule cp
  command = cp $in $out
build bad: fail
build dd: dyndep
build o: cp s || dd
  dyndep = dd
build o2: cp o
`,
    });
    const done = await project.llama(['-k', '0', '--local-jobs', '2']);
    expect(done.status).toBe(1);
    expect(await lines(project, 'tries')).toBe(1);
    expect(await project.ninjaWouldRun(['o2'])).toEqual([]);
  });

  it('runs what is always dirty no second time, nor what that has already led to', async () => {
    const project = await described({
      s: '',
      'x.c': '#include "v.h"\n',
      'build.ninja': `rule dyndep
  command = while ! test -e x.o; do :; done; ${DYNDEP}
rule cp
  command = cp $in $out
rule version
  command = echo made >> versions; echo "int v;" > $out
rule note
  command = echo noted >> notes
rule cc
  command = gcc -c -MD -MF $out.d $in -o $out
  deps = gcc
  depfile = $out.d
build always: phony
build v.h: version | always
build dd: dyndep s
build o: cp s || dd
  dyndep = dd
build x.o: cc x.c || v.h
build note: note | x.o
build notes: phony note
build late: cp o | notes
`,
    });
    const done = await project.built(['--local-jobs', '2']);
    expect(done.summary?.compiles).toMatchObject({remote: 1, cached: 0, local: 0});
    expect(await lines(project, 'versions')).toBe(1);
    expect(await lines(project, 'notes')).toBe(1);
    expect(await readFile(project.output('late'), 'utf8')).toBe('');
  });
});

describe('a manifest', () => {
  it('that every build makes out of date is made twice and no more', async () => {
    const project = await described({
      'template.ninja': `rule regenerate
  command = echo again >> again; cp template.ninja $out
  generator = 1
rule version
  command = echo made >> versions; date +%N > version.txt
build version: version
build build.ninja: regenerate version.txt | template.ninja
build all: phony version
default all
`,
      'version.txt': '',
    });
    await project.write('build.ninja', await project.read('template.ninja'));
    const done = await project.built();
    expect(done.all).not.toContain('dirty after');
    expect(await lines(project, 'versions')).toBe(1);
    expect(await lines(project, 'again')).toBe(1);
  });

  it('has all done for it that ninja does: what it only waits for, and validations on the way', async () => {
    const project = await described({
      'p.in': '',
      'c.in': '',
      'g.in': '',
      'build.ninja': `rule cp
  command = cp $in $out
rule regenerate
  command = touch $out
  generator = 1
build prepared: cp p.in
build checked: cp c.in
build g: cp g.in |@ checked
build build.ninja: regenerate | g || prepared
build all: phony g
default all
`,
    });
    await project.built();
    expect(await project.ninjaWouldRun()).toEqual([]);
    for (const input of ['p.in', 'c.in']) {
      await project.touch(input);
      expect(await project.ninjaWouldRun()).not.toEqual([]);
      await project.built();
      expect(await project.ninjaWouldRun()).toEqual([]);
    }
  });
});
