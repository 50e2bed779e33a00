/** `llama watch`: after each edit, of whatever kind, ninja has nothing to do, and the objects are those of a clean build. */
import {copyFile, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {Summary} from '../event.ts';
import {processesIn} from './leftovers.ts';
import {openProject, type Project} from './project.ts';
import {Random} from './random.ts';
import {type Edit, expectCleanBuildEqual, header, renumber, SOURCE_EDITS, source} from './random-edits.ts';
import {useRig} from './rig.ts';
import {expectNothingLeft} from './same-as-ninja.ts';
import {Watching} from './watching.ts';

const rig = useRig();

/** Ways in which editors and version control change files; each leaves a project that can be built. */
const EDITS: readonly Edit[] = [
  ...SOURCE_EDITS,
  [
    'save by a temporary file and a rename',
    async (project, random) => {
      const file = header(random);
      await project.tick();
      await copyFile(project.path(file), project.path(`.${file}.swp`));
      await writeFile(project.path(`.${file}.swp`), `${await project.read(file)}/* ${random.below(99)} */\n`);
      await project.rename(`.${file}.swp`, file);
    },
  ],
  [
    'rename a header, and name it so where it is included',
    async (project, random) => {
      const from = header(random);
      const to = `h${10 + random.below(1_000_000)}.h`;
      await project.tick();
      await project.rename(from, to);
      for (let i = 0; i < 12; i++) await replaceIn(project, `s${i}.c`, [from, to]);
      for (let i = 0; i < 10; i++) await replaceIn(project, `h${i}.h`, [from, to]);
      await project.write(from, await project.read(to));
    },
  ],
  [
    'move the sources away and back with a change, as a checkout does',
    async (project, random) => {
      await project.tick();
      await rig.run('cp', ['-a', project.source, `${project.source}.new`]);
      await rename(project.source, `${project.source}.old`);
      await rename(`${project.source}.new`, project.source);
      await rm(`${project.source}.old`, {recursive: true});
      await renumber(project, header(random), random);
    },
  ],
  [
    'break a source and mend it',
    async (project, random) => {
      const file = source(random);
      const whole = await project.read(file);
      await project.append(file, 'int broken(\n');
      await project.write(file, whole);
    },
  ],
];

async function replaceIn(project: Project, file: string, [from, to]: [string, string]): Promise<void> {
  const text = await readFile(project.path(file), 'utf8').catch(() => '');
  if (text.includes(`"${from}"`))
    await writeFile(project.path(file), text.replaceAll(`"${from}"`, `"${to}"`));
}

/** A system in which a program has so many watches of inotify, and no more. */
function withInotifyWatches(most: number): readonly string[] {
  const limit = `echo ${most} > /proc/sys/user/max_inotify_watches && exec "$@"`;
  return ['unshare', '-Ur', 'sh', '-c', limit, 'sh'];
}

describe('random edits under a watch', () => {
  it.each([
    [5, [], {}],
    [29, [], {}],
    [41, ['--poll', '0.1'], {under: withInotifyWatches(0)}],
  ] as const)('seed %i %j', {timeout: 180_000}, async (seed, args, options) => {
    const random = new Random(seed);
    const project = await openProject(rig, 'random-edits');
    const watching = new Watching(project, args, options);
    await watching.built();
    const history: string[] = [];
    for (let step = 0; step < 12; step++) {
      const [name, apply] = random.pick(EDITS);
      history.push(name);
      await apply(project, random);
      await watching.untilIdle();
    }
    expect((await watching.end()).status).toBe(130);
    await expectCleanBuildEqual(project, history.join(', '));
    await expectNothingLeft(rig);
  });
});

describe('a watch', () => {
  it('keeps a failure until it is mended, also in a header that only failed compiles have read', async () => {
    const project = await openProject(rig, 'header-edits');
    await project.write('include/deep.h', '#define DEEP +\n');
    const watching = new Watching(project);
    expect(await watching.built()).toMatchObject({result: 'failed', failed: 2, broken: 2});
    await project.write('include/deep.h', '#define DEEP 4\n');
    const events = await watching.until('ready');
    expect(events[0]).toMatchObject({type: 'began', changed: [project.path('include/deep.h')]});
    expect(events.at(-2)).toMatchObject({type: 'built', result: 'built', failed: 0, broken: 0});
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
  });

  it('is told by a new file of what a failed compile has missed', async () => {
    const project = await openProject(rig, 'header-edits');
    await project.append('main.c', '#include "fresh.h"\n');
    const watching = new Watching(project);
    expect(await watching.built()).toMatchObject({result: 'failed', failed: 1});
    await project.write('include/fresh.h', '#define FRESH 1\n');
    expect(await watching.built()).toMatchObject({result: 'built'});
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
  });

  it('compiles nothing for a header whose content is as it was, and says what ran', async () => {
    const project = await openProject(rig, 'header-edits');
    const watching = new Watching(project);
    await watching.built();
    await project.touch('include/deep.h');
    const events = await watching.until('ready');
    const places = events.filter(({type}) => type === 'finished').map(({place}) => place);
    expect(places).toContain('cached');
    expect(places).not.toContain('remote');
    expect(places).not.toContain('local');
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
  });

  it('outlives a description that cannot be read, and builds when it is mended', async () => {
    const project = await openProject(rig, 'header-edits');
    const watching = new Watching(project);
    await watching.built();
    const whole = await project.read('CMakeLists.txt');
    await project.write('CMakeLists.txt', `${whole}\nadd_executable(\n`);
    expect(await watching.built()).toMatchObject({result: 'failed'});
    await project.write('second.c', 'int main(void) { return 0; }\n');
    await project.write('CMakeLists.txt', `${whole}\nadd_executable(second second.c)\n`);
    await watching.untilIdle();
    expect(await project.ninjaWouldRun(['second'])).toEqual([]);
    await watching.end();
  });

  it('compiles what a new header hides another one from, though ninja sees nothing to do', async () => {
    const project = await openProject(rig, 'header-edits');
    const watching = new Watching(project);
    await watching.built();
    await project.write('base.h', 'int base(void);\n#define DEEP 77\n');
    expect(await watching.built()).toMatchObject({result: 'built', compiles: 2});
    const objects = ['base', 'app'].map(target => join(project.directory, `CMakeFiles/${target}.dir`));
    const made = await Promise.all([readFile(`${objects[0]}/base.c.o`), readFile(`${objects[1]}/main.c.o`)]);
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
    await project.builtByNinja(['-t', 'clean']);
    await project.builtByNinja();
    expect(made).toEqual(
      await Promise.all([readFile(`${objects[0]}/base.c.o`), readFile(`${objects[1]}/main.c.o`)]),
    );
  });

  it('does not wait for a compile that a change has made stale', async () => {
    const project = await openProject(rig, 'header-edits');
    const slow =
      'constexpr long f() { long s = 0; for (long i = 0; i < 2000000000; i++) s += i; return s; }\n';
    const flags = '-fconstexpr-loop-limit=2147483647 -fconstexpr-ops-limit=2147483647';
    await project.write('slow.cc', 'int slow;\n');
    await project.append(
      'CMakeLists.txt',
      `enable_language(CXX)\nadd_library(slow slow.cc)\ntarget_compile_options(slow PRIVATE ${flags})\n`,
    );
    await project.configure([]);
    const watching = new Watching(project);
    await watching.built();
    await project.append('slow.cc', `${slow}static_assert(f() != 0);\n`);
    while (!(await processesIn(rig.scratch)).some(line => line.includes('cc1plus')));
    await project.write('slow.cc', 'int quick;\n');
    const events = await watching.until('ready');
    expect(events.filter(({type}) => type === 'began')).toHaveLength(1);
    expect(events.filter(({type}) => type === 'built')).toMatchObject([
      {result: 'built', compiles: 1, failed: 0},
    ]);
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
    await expectNothingLeft(rig);
  });

  it('builds by a description that was written by hand, as it is now', async () => {
    const project = await openProject(rig, 'blocking-command', {configure: false});
    const rule = 'rule copy\n  command = cp $in $out\n';
    await project.write('in', 'text\n');
    await project.write('build.ninja', `${rule}build one: copy in\n`);
    const watching = new Watching(project);
    await watching.built();
    await project.write('build.ninja', `${rule}build one: copy in\nbuild two: copy one\n`);
    const events = await watching.until('ready');
    expect(events[0]).toMatchObject({changed: [project.path('build.ninja')]});
    expect(await project.read('two')).toBe('text\n');
    expect(await project.ninjaWouldRun()).toEqual([]);
    await project.write('build.ninja', `${rule}build one: copy\n  broken\n`);
    expect(await watching.built()).toMatchObject({result: 'failed'});
    await project.write('build.ninja', `${rule}build three: copy in\n`);
    expect(await watching.built()).toMatchObject({result: 'built', others: 1});
    await watching.end();
  });

  it('outlives a source that is gone, and builds when it is back', async () => {
    const project = await openProject(rig, 'header-edits');
    const watching = new Watching(project);
    await watching.built();
    await project.rename('other.c', 'other.c.aside');
    const events = await watching.until('ready');
    expect(events.filter(({type}) => type === 'note')).toMatchObject([
      {text: expect.stringContaining("other.c'")},
    ]);
    expect(events.at(-2)).toMatchObject({type: 'built', result: 'failed'});
    await project.touch('base.c');
    expect(await watching.built()).toMatchObject({result: 'failed'});
    await project.rename('other.c.aside', 'other.c');
    expect(await watching.built()).toMatchObject({result: 'built', compiles: 1});
    expect(await project.ninjaWouldRun()).toEqual([]);
    await project.remove('other.c');
    expect(await watching.built()).toMatchObject({result: 'failed'});
    const lists = await project.read('CMakeLists.txt');
    await project.write('CMakeLists.txt', lists.replace(' other.c', ''));
    expect(await watching.built()).toMatchObject({result: 'built'});
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
  });

  it('builds nothing but what it was asked for when that is gone for a while', async () => {
    const project = await openProject(rig, 'blocking-command', {configure: false});
    const rule = 'rule copy\n  command = cp $in $out\n';
    await project.write('in', 'text\n');
    await project.write('build.ninja', `${rule}build one: copy in\nbuild two: copy in\n`);
    const watching = new Watching(project, ['one']);
    await watching.built();
    await project.write('build.ninja', `${rule}build two: copy in\n`);
    const events = await watching.until('ready');
    expect(events.filter(({type}) => type === 'note')).toMatchObject([
      {text: expect.stringContaining("'one'")},
    ]);
    expect(events.filter(({type}) => type === 'built')).toMatchObject([{result: 'failed', others: 0}]);
    await project.write('build.ninja', `${rule}build one: copy in\nbuild two: copy one\n`);
    await project.write('in', 'more\n');
    await watching.untilIdle(['one']);
    expect(await project.ninjaWouldRun()).toHaveLength(1);
    await watching.end();
  });

  it('forces a compile anew whose first try failed on a new header that hides another', async () => {
    const project = await openProject(rig, 'header-edits');
    const watching = new Watching(project);
    await watching.built();
    await project.write('base.h', 'int base(void\n');
    expect(await watching.built()).toMatchObject({result: 'failed', failed: 2});
    await project.write('base.h', 'int base(void);\n#define DEEP 78\n');
    expect(await watching.built()).toMatchObject({result: 'built', compiles: 2});
    await watching.end();
  });

  it('keeps what the program prints out of the lines for editors', async () => {
    const project = await openProject(rig, 'header-edits');
    const watching = new Watching(project, ['--run', 'printf program']);
    await watching.until('program-ended');
    const ended = await watching.end();
    expect(ended.stderr).toContain('program');
    for (const line of ended.stdout.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  });

  it('takes what a plain ninja built meanwhile for built', async () => {
    const project = await openProject(rig, 'header-edits');
    const watching = new Watching(project);
    await watching.built();
    await project.builtByNinja(['-t', 'clean']);
    await project.builtByNinja();
    await project.append('base.c', 'int more;\n');
    expect(await watching.built()).toMatchObject({result: 'built', compiles: 1, failed: 0});
    expect(await project.ninjaWouldRun()).toEqual([]);
    await watching.end();
  });

  it('starts the program anew after each build without failures, and ends it with itself', async () => {
    const project = await openProject(rig, 'header-edits');
    const watching = new Watching(project, ['--run', 'echo started; exec sleep 1000']);
    await watching.until('program-started');
    await project.append('base.c', 'int more;\n');
    await watching.until('program-started');
    await project.append('base.c', 'int broken(\n');
    const events = await watching.until('ready');
    expect(events.map(({type}) => type)).not.toContain('program-started');
    const ended = await watching.end();
    expect(ended.status).toBe(130);
    expect(ended.all.match(/^started$/gm)).toHaveLength(2);
    await expectNothingLeft(rig);
  });

  it('tells how a program ended that ended by itself', async () => {
    const project = await openProject(rig, 'header-edits');
    const watching = new Watching(project, ['--run', 'exit 7']);
    const events = await watching.until('program-ended');
    expect(events.at(-1)).toMatchObject({command: 'exit 7', status: 7});
    await watching.end();
  });

  it('tells people in lines: what changed, what was done, how long it took', async () => {
    const project = await openProject(rig, 'header-edits');
    const running = rig.startRaw(['watch', project.directory, '--store', rig.store], {cwd: project.source});
    await running.untilSaid(/watching \d+ files\n/);
    expect(running.said).toMatch(
      /^\d\d:\d\d:\d\d {2}3 compiles, 2 other steps · [\d.]+ s \(compile .*, us .*\)$/m,
    );
    await project.append('base.c', 'int broken(\n');
    await running.untilSaid(/ 1 failed · /);
    expect(running.said).toContain('FAILED: CMakeFiles/base.dir/base.c.o\n');
    expect(running.said).toContain('  base.c changed → 1 compile · 1 failed · ');
    running.signal('SIGINT');
    expect((await running.done).status).toBe(130);
  });

  it('writes a summary after each build, of that build alone', async () => {
    const project = await openProject(rig, 'header-edits');
    const file = join(rig.scratch, 'each.json');
    const read = async () => JSON.parse(await readFile(file, 'utf8')) as Summary;
    const store = join(rig.scratch, 'store-of-summaries');
    const watching = new Watching(project, ['--no-cache', '--store', store, '--summary', file]);
    await watching.built();
    const first = await read();
    expect(first).toMatchObject({result: 'built', invocations: {started: first.compiles.remote}});
    expect(first.compiles.remote).toBeGreaterThan(1);
    await project.append('base.c', 'int one_more;\n');
    await watching.untilIdle();
    const second = await read();
    expect(second).toMatchObject({
      result: 'built',
      edges: {compiles: 1},
      compiles: {remote: 1, cached: 0, local: 0, failed: 0},
      invocations: {started: 1},
    });
    // The compiler and the headers went once.
    expect(second.bytes.up).toBeLessThan(first.bytes.up);
    expect(second.requests.put).toBeLessThan(first.requests.put);
    await project.append('base.c', 'int broken(\n');
    await watching.built();
    expect(await read()).toMatchObject({result: 'failed', compiles: {failed: 1}});
    await watching.end();
    expect((await readdir(rig.scratch)).filter(name => name.startsWith('each.json'))).toEqual(['each.json']);
  });

  it('names the limit of the system, and the command that raises it', async () => {
    const project = await openProject(rig, 'header-edits');
    const args = ['watch', project.directory, '--store', rig.store];
    const done = await rig.raw(args, {under: withInotifyWatches(2)});
    expect(done.status, done.all).toBe(2);
    expect(done.stderr).toMatch(
      /limit of inotify watches is reached .*\n.*sudo sysctl fs\.inotify\.max_user_watches=/s,
    );
  });

  it.each([
    [['-n'], '-n is for one build'],
    [['--summary', '/nowhere/x.json'], "--summary: cannot write '/nowhere/x.json'"],
    [['--commands', '-'], '--commands - can be read once only'],
    [['--run', ' '], '--run needs a command'],
    [['--poll', '0'], "--poll takes seconds such as 1 or 0.5, at most a day of them, not '0'"],
    [['--clera'], "unknown flag '--clera'"],
  ])('refuses %j', async (args, text) => {
    const done = await rig.raw(['watch', ...args]);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain(text);
  });
});
