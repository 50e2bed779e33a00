/**
 * The result cache: what it must give back after `ninja -t clean`, and what it must not. The edits are of files that no
 * depfile of the edge names, so only the cache's own keys stand between the user and a wrong object.
 */
import {createHash} from 'node:crypto';
import {copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {decodeParts, encodeParts} from '../protocol/parts.ts';
import type {CachedResult} from '../remote/cloud.ts';
import {fileTree} from './file-tree.ts';
import {check, openProject, Project} from './project.ts';
import {type LlamaOptions, type LlamaRun, useRig} from './rig.ts';

const rig = useRig();

const SOURCES = ['incbin', 'system', 'maybe', 'shadow', 'profiled', 'variable', 'bystander', 'dated'];
const OBJECTS = SOURCES.length - 1; // dated.o is built when it is named.
const LOCAL = 1;

/** Environment of the project: its headers under CPATH, and a directory that may hold a compiler of its own. */
function environment(project: Project, headers = 'var-a'): LlamaOptions {
  return {env: {CPATH: project.path(headers), PATH: `${project.path('bin')}:${rig.env.PATH}`}};
}

/** A project whose sources no other test has, so that the shared store knows none of its results. */
async function hiddenInputs(): Promise<Project> {
  const project = await openProject(rig, 'hidden-inputs');
  const mark = rig.unique('only');
  for (const name of SOURCES) await project.append(`${name}.c`, `/* ${mark} */\n`);
  await makeProfiles(project);
  return project;
}

/** Writes profiled.gcda, and keeps one in which the other branch is the likely one as high.profile. */
async function makeProfiles(project: Project): Promise<void> {
  const sh = (command: string) => check(rig.run('/bin/sh', ['-ec', command], {cwd: project.directory}));
  await sh(
    'gcc -O2 -fprofile-generate -c profiled.c -o profiled.o && gcc --coverage profiled.o profile-run.c -o run',
  );
  await sh(
    './run 50 && mv profiled.gcda high.profile && ./run 5 && rm profiled.o run && rm -f *.gcno run-*.gcda',
  );
}

async function cleanly(
  project: Project,
  build: () => Promise<unknown>,
): Promise<ReadonlyMap<string, string>> {
  await project.builtByNinja(['-t', 'clean']);
  await build();
  const all = await fileTree(project.directory);
  return new Map([...all].filter(([path]) => path.endsWith('.o')));
}

async function warmed(): Promise<Project> {
  return warm(await hiddenInputs());
}

async function warm(project: Project): Promise<Project> {
  const done = await project.built([], environment(project));
  // What reads a profile may stay local, by name; nothing else here has a reason to.
  const {remote = 0, local = 0} = done.summary?.compiles ?? {};
  expect(remote + local).toBe(OBJECTS);
  expect(local, JSON.stringify(done.summary?.local_reasons)).toBeLessThanOrEqual(LOCAL);
  return project;
}

/** Expects this many compiles to be anew, and all others from the cache or, where they may, local. */
function expectAnew(done: LlamaRun | undefined, anew: number): void {
  const {remote = -1, cached = -1, local = -1} = done?.summary?.compiles ?? {};
  expect(remote + cached + local).toBe(OBJECTS);
  expect(local).toBeLessThanOrEqual(LOCAL);
  expect(remote).toBeLessThanOrEqual(anew);
  expect(remote).toBeGreaterThanOrEqual(anew - LOCAL);
}

describe('after ninja -t clean', () => {
  it('everything comes from the cache, and is what was there', async () => {
    const project = await warmed();
    const before = await fileTree(project.directory);
    await project.builtByNinja(['-t', 'clean']);
    const again = await project.built([], environment(project));
    expectAnew(again, 0);
    expect(await fileTree(project.directory)).toEqual(before);
  });

  it('nothing comes from it with --no-cache, nor is anything kept', async () => {
    const project = await hiddenInputs();
    for (const _ of ['first', 'second']) {
      await project.builtByNinja(['-t', 'clean']);
      const done = await project.built(['--no-cache'], environment(project));
      expectAnew(done, OBJECTS);
    }
    await project.builtByNinja(['-t', 'clean']);
    const done = await project.built([], environment(project));
    expectAnew(done, OBJECTS);
  });

  it('nothing comes from it after llama clean --cache', async () => {
    const project = await warmed();
    await check(rig.raw(['clean', '--cache', '--store', rig.store]));
    await project.builtByNinja(['-t', 'clean']);
    const done = await project.built([], environment(project));
    expectAnew(done, OBJECTS);
  });
});

describe('the cache misses, and the object is the right one,', () => {
  const EDITS: readonly [string, string, (project: Project) => Promise<unknown>][] = [
    ['the data of an .incbin is edited', 'incbin', project => project.write('data.bin', 'other data')],
    [
      'a system header is edited under -MMD',
      'system',
      project => project.write('sys/system.h', '#define SYSTEM 9\n'),
    ],
    [
      'a file that __has_include asked for appears',
      'maybe',
      project => project.write('second/maybe.h', '\n'),
    ],
    [
      'a header appears earlier on the search path',
      'shadow',
      project => project.write('first/shadow.h', '#define SHADOW 9\n'),
    ],
    [
      'profile data is edited',
      'profiled',
      project => copyFile(project.path('high.profile'), project.path('profiled.gcda')),
    ],
  ];

  it.each(EDITS)('when %s', async (_, source, edit) => {
    const project = await warmed();
    const options = environment(project);
    const before = await cleanly(project, () => project.builtByNinja([], options));
    await edit(project);
    const expected = await cleanly(project, () => project.builtByNinja([], options));
    expect(expected.get(`${source}.o`)).not.toEqual(before.get(`${source}.o`));

    let done: LlamaRun | undefined;
    const actual = await cleanly(project, async () => {
      done = await project.built([], options);
    });
    expect(actual).toEqual(expected);
    if (source !== 'profiled') expect(done?.summary?.compiles.remote).toBe(1);
    expectAnew(done, 1);
  });

  it('when a variable that the compiler reads names other headers', async () => {
    const project = await warmed();
    const other = environment(project, 'var-b');
    const before = await cleanly(project, () => project.builtByNinja([], environment(project)));
    const expected = await cleanly(project, () => project.builtByNinja([], other));
    expect(expected.get('variable.o')).not.toEqual(before.get('variable.o'));
    expect(await cleanly(project, () => project.built([], other))).toEqual(expected);
    // And the first ones are still there for whoever goes back.
    expect(await cleanly(project, () => project.built([], environment(project)))).toEqual(before);
  });

  it('when another compiler stands behind the same name', async () => {
    const project = await hiddenInputs();
    await mkdir(project.path('bin'));
    await symlink('/usr/bin/gcc', project.path('bin/gcc'));
    await warm(project);
    const options = environment(project);
    const before = await cleanly(project, () => project.builtByNinja([], options));
    await rm(project.path('bin/gcc'));
    await symlink('/usr/bin/g++', project.path('bin/gcc'));
    const expected = await cleanly(project, () => project.builtByNinja([], options));
    expect(expected.get('bystander.o')).not.toEqual(before.get('bystander.o'));
    expect(await cleanly(project, () => project.built([], options))).toEqual(expected);
  });
});

describe('__DATE__ and __TIME__', () => {
  it('keep a compile out of the cache', async () => {
    const project = await warmed();
    for (const _ of ['first', 'second']) {
      await project.builtByNinja(['-t', 'clean']);
      const done = await project.built(['dated.o'], environment(project));
      expect(done.summary?.compiles).toMatchObject({cached: 0});
    }
  });

  it('do not with SOURCE_DATE_EPOCH, which is part of the key', async () => {
    const project = await warmed();
    const at = (epoch: string): LlamaOptions => ({
      env: {...environment(project).env, SOURCE_DATE_EPOCH: epoch},
    });
    const ours = (epoch: string) => cleanly(project, () => project.built(['dated.o'], at(epoch)));
    const theirs = (epoch: string) => cleanly(project, () => project.builtByNinja(['dated.o'], at(epoch)));
    const early = await ours('100000000');
    expect(early).toEqual(await theirs('100000000'));
    await project.builtByNinja(['-t', 'clean']);
    const again = await project.built(['dated.o'], at('100000000'));
    expect(again.summary?.compiles).toMatchObject({remote: 0, cached: 1});
    const late = await ours('200000000');
    expect(late).not.toEqual(early);
    expect(late).toEqual(await theirs('200000000'));
  });
});

describe('--verify', () => {
  it('compiles again here and finds the same objects', async () => {
    const project = await hiddenInputs();
    const done = await project.built(['--verify', '1'], environment(project));
    expect(done.all).not.toMatch(/differ/);
    expect(await project.ninjaWouldRun()).toEqual([]);
    await project.builtByNinja(['-t', 'clean']);
    await project.built(['--verify', '1'], environment(project));
    expect(await project.ninjaWouldRun()).toEqual([]);
  });

  it('finds a wrong object, keeps both, and lets the wrong one serve nobody any more', async () => {
    const project = await warmed();
    const right = await readFile(project.path('bystander.o'));
    await falsify(project.path('bystander.c'));
    await project.builtByNinja(['-t', 'clean']);
    const done = await project.built(['--verify', '1'], environment(project));
    expect(done.all).toMatch(/bystander\.o' differs from a local compile/);
    expect(done.summary?.local_reasons).toMatchObject({'verify-differed': 1});
    expect(await readFile(project.path('bystander.o'))).toEqual(right);
    expect(await project.ninjaWouldRun()).toEqual([]);
    const kept = project.path('.llama/differing');
    const names = (await readdir(kept)).sort();
    expect(names).toEqual([
      expect.stringMatching(/bystander\.o\.local$/),
      expect.stringMatching(/bystander\.o\.remote$/),
    ]);
    expect(await readFile(join(kept, names[0]!))).toEqual(right);
    expect(await readFile(join(kept, names[1]!))).not.toEqual(right);
    // Such flags stay local from now on. When that is forgotten, the cache gives nothing wrong either.
    await project.builtByNinja(['-t', 'clean']);
    const next = await project.built([], environment(project));
    expect(next.summary?.local_reasons['verify-differed']).toBeGreaterThan(0);
    await rm(project.path('.llama/distrusted.json'));
    await project.builtByNinja(['-t', 'clean']);
    expectAnew(await project.built([], environment(project)), 1);
    expect(await readFile(project.path('bystander.o'))).toEqual(right);
  });
});

/** Gives the result that the cache holds for a source another object, and all the seals that a true one has. */
async function falsify(source: string): Promise<void> {
  const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
  const folder = join(rig.store, 'results');
  let found = 0;
  for (const name of await readdir(folder, {recursive: true})) {
    const file = join(folder, name);
    if (!(await stat(file)).isFile()) continue;
    const {value, contents} = decodeParts((await readFile(file)).subarray(65));
    const content = value as {results: CachedResult[]};
    const all = [...contents];
    const isOfSource = (result: CachedResult) =>
      result.inputs.read.some(([directory, entries]) =>
        entries.split('/').some(entry => `${directory}/${entry}` === source),
      );
    if (!content.results.some(isOfSource)) continue;
    found++;
    for (const output of content.results[0]!.outputs) {
      if (!output.path.endsWith('.o')) continue;
      const number = Number(output.inline);
      const wrong = Buffer.concat([all[number]!, Buffer.from('\n')]);
      all[number] = wrong;
      Object.assign(output, {digest: sha256(wrong), size: wrong.length});
    }
    const parts = encodeParts(content, all);
    await writeFile(file, Buffer.concat([Buffer.from(`${sha256(parts)}\n`), parts]));
  }
  expect(found).toBe(1);
}

describe('llama stats', () => {
  it('tells what the store holds', async () => {
    await warmed();
    const stats = await check(rig.raw(['stats', '--store', rig.store]));
    expect(stats.stdout).toMatch(/\d/);
    const empty = await rig.raw(['stats', '--store', join(rig.scratch, 'no store here')]);
    expect(empty.status, empty.all).toBe(0);
  });
});

describe('a symbolic link that leads elsewhere', () => {
  async function relink(project: Project, name: string, target: string): Promise<void> {
    await rm(project.path(name));
    await symlink(target, project.path(name));
  }

  async function expectRight(project: Project, object: string, options: LlamaOptions): Promise<void> {
    const {directory} = project;
    await rm(join(directory, object), {force: true});
    const done = await check(rig.llama([directory], options));
    expect(done.summary?.compiles).toMatchObject({local: 0});
    const there = await readFile(join(directory, object));
    await rm(join(directory, object));
    await check(rig.run('ninja', ['-C', directory, object], options));
    expect(there.equals(await readFile(join(directory, object)))).toBe(true);
  }

  it('changes which directories are the same, and so the order of search', async () => {
    const project = await openProject(rig, 'moved-links');
    await expectRight(project, 'twice.o', {});
    await relink(project, 'b', 'd');
    await expectRight(project, 'twice.o', {});
  });

  it('puts another checkout in the place of the one that was built', async () => {
    const project = await openProject(rig, 'moved-links');
    const directory = project.path('current/build');
    const inside = new Project(rig, {root: project.root, source: project.source, directory});
    const options = {cwd: directory};
    await expectRight(inside, 'w.o', options);
    await relink(project, 'current', 'two');
    await expectRight(inside, 'w.o', options);
  });
});

describe('the time of a file', () => {
  it('is read here, where it is true', async () => {
    const project = await openProject(rig, 'moved-links');
    await project.write('twice.c', 'const char *changed = __TIMESTAMP__;\n');
    const options = {env: {SOURCE_DATE_EPOCH: '1000000000'}};
    for (const time of [1_000_000_000, 1_500_000_000]) {
      await project.setTime('twice.c', time);
      await rm(project.output('twice.o'), {force: true});
      const done = await project.built([], options);
      expect(done.summary?.local_reasons).toEqual({'file-time': 1});
      const there = await readFile(project.output('twice.o'));
      await project.remove('twice.o');
      await project.builtByNinja(['twice.o'], options);
      expect(there.equals(await readFile(project.output('twice.o')))).toBe(true);
    }
  });
});

describe('a response file that is no text', () => {
  it('keeps its compile here', async () => {
    const project = await openProject(rig, 'compiled-from-outputs');
    await writeFile(project.path('flags.in'), Buffer.from('-DANSWER="\'\xe9\'"\n', 'latin1'));
    const done = await project.built(['answer.o']);
    expect(done.summary?.local_reasons).toEqual({'response-file': 1});
  });
});

describe('what is remembered of a compiler', () => {
  it('does not bind, when a file of the system is gone that was wanted once', async () => {
    const project = await openProject(rig, 'moved-links');
    await project.built();
    const folder = join(rig.store, 'toolchains');
    const digests = await readdir(join(rig.store, 'unpacked'));
    const lists = digests.map(digest => join(folder, `${digest}.extras.json`));
    expect(lists).not.toEqual([]);
    for (const list of lists) await writeFile(list, '["/usr/share/zoneinfo/gone"]');
    await project.append('twice.c', `/* ${rig.unique('')} */\n`);
    const done = await project.built();
    expect(done.summary?.compiles).toMatchObject({remote: 1, local: 0});
    for (const list of lists) await rm(list);
  });

  it('is learnt where the temporary directory is not there', async () => {
    const project = await openProject(rig, 'moved-links');
    const store = await mkdtemp(join(rig.scratch, 'store-'));
    const args = ['build', project.directory, '--store', store];
    const done = await check(rig.raw(args, {env: {TMPDIR: '/nonexistent'}}));
    expect(done.all).toContain('(1 remote, 0 cached, 0 local)');
  });
});
