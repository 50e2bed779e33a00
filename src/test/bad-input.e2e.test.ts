/** Input that cannot be used: one clear message, the right exit status, nothing lost, never a stack trace. */
import {mkdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {fileTree} from './file-tree.ts';
import {entriesBelow} from './leftovers.ts';
import {check, openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import type {Run} from './run.ts';
import {expectIdle, expectNothingLeft} from './same-as-ninja.ts';

const rig = useRig();

/** One message of a few lines on stderr, without a trace of our own code. */
function expectClear(done: Run, status: number): void {
  expect(done.status, done.all).toBe(status);
  expect(done.stderr).not.toBe('');
  expect(done.all).not.toMatch(/^\s+at .*\d+:\d+/m);
  expect(done.all).not.toMatch(/node:internal|UnhandledPromise|Failure|reason:/);
  expect(done.stderr.trim().split('\n').length, done.stderr).toBeLessThanOrEqual(12);
}

async function withManifest(text: string): Promise<Project> {
  const project = await openProject(rig, 'order-only');
  await project.write('build.ninja', text);
  return project;
}

const RULE = 'rule cc\n  command = gcc -c $in -o $out\n';

describe('a manifest', () => {
  it.each([
    ['that ends in the middle of a build line', `${RULE}build a.o: cc`],
    ['that is cut off before the colon', `${RULE}build a.o`],
    ['with an unknown rule', `${RULE}build a.o: nothing a.c\n`],
    ['with an unknown variable of a rule', 'rule cc\n  command = gcc\n  colour = red\n'],
    ['with a tab', `${RULE}build a.o: cc a.c\n\tx = 1\n`],
    ['with a bad escape', `${RULE}build a.o: cc a$&c\n`],
    ['with two edges for one output', `${RULE}build a.o: cc a.c\nbuild a.o: cc b.c\n`],
    ['that includes a file which is not there', 'include nowhere.ninja\n'],
    ['with a pool that is not there', `${RULE}build a.o: cc a.c\n  pool = nowhere\n`],
  ])('%s is refused in ninja’s words, with file, line and column', async (_, text) => {
    const project = await withManifest(text);
    const ninja = await project.ninja();
    expect(ninja.status).not.toBe(0);
    const [line = '', ...excerpt] = ninja.stderr.slice(ninja.stderr.indexOf('ninja: ')).trimEnd().split('\n');
    const words = line.replace(/^ninja: (error|fatal): /, '');
    const done = await project.llama();
    expectClear(done, 2);
    expect(done.stderr).toContain(words);
    for (const part of excerpt) expect(done.stderr).toContain(part.trim());
  });

  it('with a cycle is refused in ninja’s words', async () => {
    const project = await withManifest(
      `${RULE}build a.o: cc b.o\nbuild b.o: cc c.o\nbuild c.o: cc a.o\ndefault a.o\n`,
    );
    const ninja = await project.ninja();
    expect(ninja.all).toContain('dependency cycle');
    const done = await project.llama();
    expectClear(done, 2);
    expect(done.stderr).toContain('dependency cycle: a.o -> b.o -> c.o -> a.o');
  });

  it('that needs a ninja of the far future is refused in ninja’s words', async () => {
    const project = await withManifest('ninja_required_version = 99.0\n');
    const done = await project.llama();
    expect([1, 2]).toContain(done.status);
    expect(done.stderr).toContain('incompatible with build file ninja_required_version version (99.0)');
  });

  it('that names a source which is not there is refused before anything runs', async () => {
    const project = await withManifest(`${RULE}build gone.o: cc gone.c\nbuild a.o: cc a.c\n`);
    const ninja = await project.ninja();
    expect(ninja.all).toContain("'gone.c', needed by 'gone.o', missing and no known rule to make it");
    const done = await project.llama();
    expectClear(done, 2);
    expect(done.stderr).toContain("'gone.c', needed by 'gone.o', missing and no known rule to make it");
  });

  it('that cannot be read is named', async () => {
    const project = await openProject(rig, 'order-only');
    await rm(project.path('build.ninja'));
    await mkdir(project.path('build.ninja'));
    const done = await project.llama();
    expectClear(done, 2);
    expect(done.stderr).toContain('build.ninja');
  });
});

describe('a directory', () => {
  it('without a description: says what was looked for, and the cmake command that makes one', async () => {
    const empty = join(rig.scratch, rig.unique('empty'));
    await mkdir(empty);
    const done = await rig.llama([empty]);
    expectClear(done, 2);
    for (const part of ['build.ninja', 'compile_commands.json', 'cmake', '-G Ninja', empty]) {
      expect(done.stderr).toContain(part);
    }
  });

  it('that is configured for make: names the generator, the command that builds it by make and one that configures another', async () => {
    const project = await openProject(rig, 'header-edits', {configure: false, name: rig.unique('for-make')});
    await check(rig.run('cmake', ['-G', 'Unix Makefiles', '-S', project.source, '-B', project.directory]));
    const done = await project.llama();
    expectClear(done, 2);
    expect(done.stderr).toContain('configured for Unix Makefiles');
    const [, byMake = ''] = /: llama (make -C .*)$/m.exec(done.stderr) ?? [];
    expect((await check(rig.raw(byMake.split(' ')))).stderr).toMatch(/llama: \d+ compiles in/);
    const [, command = ''] = /: (cmake -G Ninja .*)$/m.exec(done.stderr) ?? [];
    await check(rig.run('/bin/sh', ['-c', command]));
    await check(rig.llama([`${project.directory}-ninja`]));
  });

  it('whose build directory lies below: names that', async () => {
    const project = await openProject(rig, 'header-edits');
    const done = await rig.llama([project.root]);
    expectClear(done, 2);
    expect(done.stderr).toContain(`llama build ${project.directory}`);
  });

  it('whose name is mistyped: says that there is no such target either, and where it was looked for', async () => {
    const project = await openProject(rig, 'header-edits');
    const done = await rig.llama(['biuld'], {cwd: project.root});
    expectClear(done, 2);
    expect(done.stderr).toContain(
      "'biuld' is neither a directory nor a target of 'build/build.ninja', did you mean 'build'",
    );
    const nothing = await rig.llama(['biuld'], {cwd: project.path('include')});
    expectClear(nothing, 2);
    expect(nothing.stderr).toMatch(/no directory 'biuld'.* 'build' or '\.'/);
  });

  it('that is not there is named', async () => {
    const done = await rig.llama([join(rig.scratch, 'nowhere at all')]);
    expectClear(done, 2);
    expect(done.stderr).toContain('nowhere at all');
  });
});

describe('a target', () => {
  it('that is unknown: names the nearest ones', async () => {
    const project = await openProject(rig, 'generator-chain');
    const done = await project.llama(['generater']);
    expectClear(done, 2);
    expect(done.stderr).toMatch(/generater/);
    expect(done.stderr).toMatch(/\bgenerator\b/);
    expect(await project.ninjaWouldRun()).not.toEqual([]);
  });
});

describe('a compiler', () => {
  it('that is not there is named, once', async () => {
    const project = await withManifest(
      'rule cc\n  command = /nonexistent/bin/gcc -c $in -o $out\nbuild s.o: cc s.c\nbuild t.o: cc s.c\n',
    );
    await project.write('s.c', 'int s;\n');
    const done = await project.llama();
    expectClear(done, 1);
    expect(done.stderr).toContain('/nonexistent/bin/gcc');
  });
});

describe('a store', () => {
  it('that cannot be written to is named', async () => {
    const project = await openProject(rig, 'order-only');
    const done = await project.llama([], {store: '/sys/llama-store'});
    expectClear(done, 2);
    expect(done.stderr).toContain('/sys/llama-store');
    await project.built();
    await expectIdle(project);
  });

  it('whose path is a file is named', async () => {
    const project = await openProject(rig, 'order-only');
    const file = join(rig.scratch, rig.unique('not a store'));
    await writeFile(file, 'precious');
    const done = await project.llama([], {store: file});
    expectClear(done, 2);
    expect(done.stderr).toContain(file);
    expect(await readFile(file, 'utf8')).toBe('precious');
    const below = await project.llama([], {store: join(file, 'below')});
    expectClear(below, 2);
    expect(below.stderr).toContain(`cannot use the store '${join(file, 'below')}'`);
    expect(await project.ninjaWouldRun()).not.toEqual([]);
  });

  it('whose limit is no size is told the forms that are', async () => {
    const project = await openProject(rig, 'order-only');
    const done = await project.llama([], {env: {LLAMA_STORE_LIMIT: 'plenty'}});
    expectClear(done, 2);
    expect(done.stderr).toMatch(/LLAMA_STORE_LIMIT.*20G.*'plenty'/);
    await project.built([], {env: {LLAMA_STORE_LIMIT: '1.5g'}});
  });

  it('on a full disk: says so, and the next build with room is right', async ({skip}) => {
    const full = join(rig.scratch, rig.unique('full'));
    await mkdir(full);
    const mounted = await rig
      .run('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', full])
      .catch(() => undefined);
    skip(mounted?.status !== 0, 'needs user namespaces to mount a small file system');
    const project = await openProject(rig, 'header-edits');
    const command = 'mount -t tmpfs -o size=256k none "$0" && exec "$@" --store "$0"';
    const args = [process.execPath, rig.program, 'build', project.directory, '--progress', 'none'];
    const done = await rig.run('unshare', ['-rm', '/bin/sh', '-c', command, full, ...args]);
    expect(done.all).toContain(full);
    expect(done.all).not.toMatch(/^\s+at .*\d+:\d+/m);
    expect([0, 1, 2]).toContain(done.status);
    await project.built();
    await expectIdle(project);
    await expectNothingLeft(rig);
  });

  it('with room, but none in the build directory: says so, and what is finished stays so', async ({skip}) => {
    const full = join(rig.scratch, rig.unique('full'));
    await mkdir(full);
    const mount = 'mount -t tmpfs -o size=1m none "$0"';
    const mounted = await rig.run('unshare', ['-rm', '/bin/sh', '-c', mount, full]).catch(() => undefined);
    skip(mounted?.status !== 0, 'needs user namespaces to mount a small file system');
    const sources = Array.from({length: 12}, (_, i) => `f${i}`);
    const manifest = [
      'rule cc',
      '  command = gcc -MD -MF $out.d -c $in -o $out',
      '  deps = gcc',
      '  depfile = $out.d',
      ...sources.map(name => `build ${name}.o: cc ${name}.c`),
    ];
    const script = `
      ${mount}; cd "$0"; printf '%s\\n' "$MANIFEST" > build.ninja
      for f in ${sources.join(' ')}; do echo "char $f[120000] = {1};" > $f.c; done
      "$@" || echo "status $?"
      echo room; mount -o remount,size=8m none .
      "$@" && ninja`;
    const args = [process.execPath, rig.program, 'build', '.', '--progress', 'plain', '--store', rig.store];
    const done = await rig.run('unshare', ['-rm', '/bin/sh', '-ec', script, full, ...args], {
      env: {MANIFEST: manifest.join('\n')},
    });
    expect(done.all).not.toMatch(/^\s+at .*\d+:\d+/m);
    const [without = '', within = ''] = done.all.split('room\n');
    expect(without).toMatch(/no space left on device.*make room/);
    expect(without).toContain('status 1');
    expect(done.status, done.all).toBe(0);
    expect(within).toContain('ninja: no work to do');
    const again = Number(/built (\d+) compiles/.exec(within)?.[1]);
    expect(again).toBeGreaterThan(0);
    expect(again).toBeLessThan(sources.length);
    await expectNothingLeft(rig);
  });

  it('with corrupted blobs: they are found and replaced, and the objects are right', async () => {
    const store = join(rig.scratch, rig.unique('store'));
    const project = await openProject(rig, 'mixed-languages');
    await project.built([], {store});
    const before = await fileTree(project.root);
    await project.builtByNinja(['-t', 'clean']);
    expect(await corrupt(store)).toBeGreaterThan(10);
    await project.built([], {store});
    expect(await fileTree(project.root)).toEqual(before);
    await project.builtByNinja(['-t', 'clean']);
    const healed = await project.built([], {store});
    expect(healed.summary?.compiles).toMatchObject({remote: 0, cached: 5});
    expect(await fileTree(project.root)).toEqual(before);
  });
});

/** Changes a byte in the middle of each file of a store that is named by a digest; returns how many there were. */
async function corrupt(store: string): Promise<number> {
  let count = 0;
  for (const entry of await entriesBelow(store)) {
    const file = join(store, entry);
    if (!/[0-9a-f]{32}/.test(entry.replaceAll('/', '')) || !(await stat(file)).isFile()) continue;
    const bytes = await readFile(file);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 0x55;
    await writeFile(file, bytes);
    count += 1;
  }
  return count;
}

describe('compile_commands.json', () => {
  it.each([
    ['cut off', '[{"directory": ".", "file": "a.c", "comm', /1:\d+|line 1/],
    ['no list', '{"directory": "."}', /compile_commands\.json/],
    ['with an entry that is none', '[\n  {"directory": 3}\n]', /compile_commands\.json/],
    [
      'with a stray comma on line 3',
      '[\n  {"directory": ".", "file": "a.c", "command": "gcc -c a.c"},\n]',
      /3:\d+|line 3/,
    ],
  ])('%s: is refused with its position', async (_, text, where) => {
    const project = await openProject(rig, 'compile-commands');
    await project.write('compile_commands.json', text);
    const done = await project.llama();
    expectClear(done, 2);
    expect(done.stderr).toContain('compile_commands.json');
    expect(done.stderr).toMatch(where);
  });
});

describe('the command line', () => {
  it.each([
    [['build', '--local-job', '3'], '--local-jobs'],
    [['build', '--no-cash'], '--no-cache'],
    [['biuld'], 'build'],
    [['build', '-j', 'many'], '-j'],
    [['build', '-j', '0'], '-j'],
    [['build', '-k', '-3x'], '-k'],
    [['build', '--verify', 'most'], '--verify'],
    [['build', '--progress', 'loud'], '--progress'],
    [['build', '-d', 'nonsense'], '-d'],
    [['build', '--commands'], '--commands'],
  ])('%j is refused, naming %s', async (args, named) => {
    const done = await rig.raw(args);
    expectClear(done, 2);
    expect(done.stderr).toContain(named);
  });

  it('a file for the summary or the commands that is not there is named', async () => {
    const project = await openProject(rig, 'order-only');
    const summary = await check(Promise.resolve(await project.ninja(['-n']))).then(() =>
      rig.raw([
        'build',
        project.directory,
        '--store',
        rig.store,
        '--summary',
        join(rig.scratch, 'no/such/place'),
      ]),
    );
    expect(summary.all).toContain('no/such/place');
    expect(summary.all).not.toMatch(/^\s+at .*\d+:\d+/m);
    const folder = await rig.raw([
      'build',
      project.directory,
      '--store',
      rig.store,
      '--summary',
      rig.scratch,
    ]);
    expectClear(folder, 2);
    expect(folder.stderr).toContain(`'${rig.scratch}': it is a directory`);
    expect(await project.ninjaWouldRun()).not.toEqual([]);
    const commands = await project.llama(['--commands', join(rig.scratch, 'no commands')]);
    expectClear(commands, 2);
    expect(commands.stderr).toContain('no commands');
  });

  it('a reader that has seen enough of the output changes nothing', async () => {
    // More than a pipe holds.
    const names = Array.from({length: 3000}, (_, i) => `object-with-a-long-name-${i}.o`);
    const edges = names.map(name => `build ${name}: cc a.c\n`).join('');
    const project = await withManifest(`${RULE}${edges}`);
    await project.write('a.c', '');
    const script = '{ "$@"; echo status $? >&2; } | head -n 1';
    const args = [process.execPath, rig.program, 'build', project.directory, '-n'];
    const done = await check(rig.run('/bin/sh', ['-c', script, 'sh', ...args]));
    expect(done.stdout).toBe(`${names[0]}\n`);
    expect(done.stderr).toBe('status 0\n');
  });

  it('an output that takes nothing is a failure', async () => {
    const args = [process.execPath, rig.program, '--help'];
    const done = await rig.run('/bin/sh', ['-c', 'exec "$@" > /dev/full', 'sh', ...args]);
    expectClear(done, 1);
    expect(done.stderr).toContain('ENOSPC');
  });

  it('shows help and version on stdout', async () => {
    const help = await check(rig.raw(['--help']));
    expect(help.stdout).toContain('build');
    const build = await check(rig.raw(['build', '--help']));
    for (const flag of [
      '--local-jobs',
      '--store',
      '--no-cache',
      '--verify',
      '--summary',
      '--progress',
      '--commands',
    ]) {
      expect(build.stdout).toContain(flag);
    }
    const version = await check(rig.raw(['--version']));
    expect(version.stdout).toMatch(/^(llama )?\d+\.\d+\.\d+\n$/);
  });
});

describe('another system', () => {
  it.each(['platform', 'arch'])('by its %s gets one clear sentence', async property => {
    const pretend = `Object.defineProperty(process, '${property}', {value: 'other'})`;
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`];
    const project = await openProject(rig, 'order-only');
    const done = await rig.raw(['build', project.directory], {nodeArgs});
    expectClear(done, 2);
    expect(done.stderr).toMatch(/Linux/);
    expect(done.stderr.trim().split('\n')).toHaveLength(1);
  });
});
