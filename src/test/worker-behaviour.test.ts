import {spawnSync} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setImmediate as turn} from 'node:timers/promises';
import {afterAll, afterEach, beforeAll, beforeEach, expect, it} from 'vitest';
import {digestOf} from '../protocol/digest.ts';
import {encodePositions} from '../protocol/file-list.ts';
import type {ActionInputs, ActionResult, OutputBytes, WorkerFailure} from '../protocol/invocation.ts';
import {type PathGroups, unshareNames} from '../protocol/path-groups.ts';
import type {Tree} from '../protocol/tree.ts';
import {sources, WorkerRig} from './worker-rig.ts';

let rig: WorkerRig;
let directory: string;

beforeAll(async () => {
  rig = new WorkerRig({sandbox: false});
  await rig.start();
});
beforeEach(() => {
  directory = sources({
    'a.c': '#include "a.h"\nint a = A;\n',
    'a.h': '#define A 1\n',
    'b.c': '#if __has_include("a.h") || __has_include("later.h")\nint seen;\n#endif\nint b;\n',
  });
});
afterEach(() => rmSync(directory, {recursive: true, force: true}));
afterAll(() => rig.close());

function finished(result: ActionResult | WorkerFailure): ActionResult {
  if (result.kind === 'failure') throw new Error(`${result.reason}: ${result.text}`);
  return result;
}

function failed(result: ActionResult | WorkerFailure): WorkerFailure {
  if (result.kind === 'result') throw new Error(`status ${result.exitCode}: ${text(result.stderr)}`);
  return result;
}

function text(bytes: OutputBytes): string {
  return Buffer.from(bytes.inline ?? []).toString();
}

function paths(groups: PathGroups): string[] {
  return groups.flatMap(([folder, names]) =>
    names.split('/').map(name => `${folder === '/' ? '' : folder}/${name}`),
  );
}

const compile = (source: string, more: readonly string[] = [], extra: readonly string[] = []) =>
  rig.action({
    argv: ['gcc', ...more, '-c', source, '-o', 'out.o'],
    cwd: directory,
    outputs: ['out.o'],
    extra,
  });

/** Everything in the worker's root that neither the toolchain nor an action put there. */
function filesInRoot(): string[] {
  const roots = join(rig.directory, 'scratch', 'roots');
  const [root = ''] = readdirSync(roots);
  const at = join(roots, root, 'root');
  const temporaries = readdirSync(join(at, 'tmp')).filter(name => !directory.startsWith(`/tmp/${name}`));
  return [...temporaries, ...readdirSync(join(at, directory))].sort();
}

it('names what the compiler read, and what it looked for in vain', async () => {
  const {observed, exitCode} = finished(await rig.ask(await compile('a.c')));
  expect(exitCode).toBe(0);
  const read = paths(observed.read);
  expect(read).toContain(join(directory, 'a.c'));
  expect(read).toContain(join(directory, 'a.h'));
  expect(read.filter(path => /\/(cc1|as)$|\.so|out\.o|\.s$/.test(path))).toEqual([]);
  const absent = paths(unshareNames(finished(await rig.ask(await compile('b.c'))).observed.absent));
  expect(absent).toContain(join(directory, 'later.h'));
  expect(absent.filter(path => /out\.o|specs$/.test(path))).toEqual([]);
});

it('hides a file of an earlier command from the next', async () => {
  expect(finished(await rig.ask(await compile('a.c'))).exitCode).toBe(0);
  const [object] = finished(await rig.ask(await compile('b.c'))).outputs;
  if (!object) throw new Error('no object');
  expect(rig.bytes(object).includes('seen')).toBe(false);
  const action = await compile('a.c');
  const without = action.inputs.own.directories.map(entry => ({
    ...entry,
    files: entry.files.filter(([name]) => name !== 'a.h'),
  }));
  const result = finished(
    await rig.ask({...action, inputs: {lists: [], own: {links: [], directories: without}}}),
  );
  expect(result.exitCode).toBe(1);
  expect(text(result.stderr)).toContain('a.h: No such file or directory');
  expect(result.missing).toEqual(['out.o']);
  expect(paths(unshareNames(result.observed.absent))).toContain(join(directory, 'a.h'));
});

it('gives the new content of an edited file, and the time of a touched one', async () => {
  const before = finished(await rig.ask(await compile('a.c')));
  writeFileSync(join(directory, 'a.h'), '#define A 2\n');
  const after = finished(await rig.ask(await compile('a.c')));
  expect(after.outputs[0]?.digest).not.toBe(before.outputs[0]?.digest);
  // Two headers alike in all but their place are one file to `#pragma once` if their times are equal, else two.
  for (const name of ['one.h', 'two.h']) writeFileSync(join(directory, name), '#pragma once\nX\n');
  writeFileSync(
    join(directory, 'c.c'),
    '#define X int x;\n#include "one.h"\n#undef X\n#define X int y = 2;\n#include "two.h"\n',
  );
  const objects = new Set<string>();
  for (const time of [1_600_000_000, 1_600_000_001]) {
    utimesSync(join(directory, 'one.h'), 1_600_000_000, 1_600_000_000);
    utimesSync(join(directory, 'two.h'), time, time);
    const here = spawnSync('gcc', ['-c', 'c.c', '-o', 'out.o'], {cwd: directory});
    expect(here.stderr.toString()).toBe('');
    const object = readFileSync(join(directory, 'out.o'));
    rmSync(join(directory, 'out.o'));
    const [output] = finished(await rig.ask(await compile('c.c', [], ['one.h', 'two.h']))).outputs;
    if (!output) throw new Error('no object');
    expect(rig.bytes(output).equals(object)).toBe(true);
    objects.add(output.digest);
  }
  expect(objects.size).toBe(2);
});

it('keeps nothing of what a command wrote', async () => {
  finished(await rig.ask(await compile('a.c', ['-save-temps', '-fdump-tree-original'])));
  expect(filesInRoot()).toEqual(['a.c', 'a.h']);
});

it("answers what the user does wrong with the compiler's own words and status", async () => {
  writeFileSync(join(directory, 'bad.c'), 'int f(void) { return missing; }\n');
  const result = finished(await rig.ask(await compile('bad.c')));
  const here = spawnSync('gcc', ['-c', 'bad.c', '-o', 'out.o'], {cwd: directory});
  expect(result.exitCode).toBe(here.status);
  expect(text(result.stderr)).toBe(here.stderr.toString());
  expect(text(result.stdout)).toBe('');
});

it('names every blob that is missing or spoilt, and works again once they are there', async () => {
  const action = await compile('a.c');
  const files = new Map(
    action.inputs.own.directories.flatMap(({files}) => files.map(file => [file[0], file[1]] as const)),
  );
  const [source, header] = [files.get('a.c'), files.get('a.h')];
  if (!source || !header) throw new Error('not in the tree');
  rmSync(rig.blob(source));
  rmSync(rig.blob(header));
  const missing = failed(await rig.ask(action));
  expect(missing.reason).toBe('blob-missing');
  expect([...(missing.digests ?? [])].sort()).toEqual([source, header].sort());
  writeFileSync(rig.blob(source), readFileSync(join(directory, 'a.c')));
  writeFileSync(rig.blob(header), 'something else');
  const corrupt = failed(await rig.ask(action));
  expect(corrupt.reason).toBe('blob-corrupt');
  expect(corrupt.digests).toEqual([header]);
  writeFileSync(rig.blob(header), readFileSync(join(directory, 'a.h')));
  expect(finished(await rig.ask(action)).exitCode).toBe(0);
});

it('refuses trees that would leave the root, and other versions of the protocol', async () => {
  const action = await compile('a.c');
  const [digest] = action.inputs.own.directories.flatMap(({files}) => files.map(file => file[1]));
  if (!digest) throw new Error('an empty tree');
  const outside = `${rig.directory}/outside`;
  for (const tree of [
    {directories: [{path: `/..${outside}`, files: []}], links: []},
    {directories: [{path: 'relative', files: []}], links: []},
    {directories: [{path: '/x', files: [[`../..${outside}`, digest, 0, 0]]}], links: []},
    {directories: [{path: '/x/y', files: [['z', digest, 0, 0]]}], links: [['/x', rig.directory]]},
  ] as const)
    for (const inputs of [{lists: [], own: tree}, listed(tree)])
      expect(failed(await rig.ask({...action, inputs: inputs as typeof action.inputs})).reason).toBe(
        'request-invalid',
      );
  expect(finished(await rig.ask(action)).exitCode).toBe(0);
});

it('takes inputs by their positions in lists, and names a list that it cannot have', async () => {
  const action = await compile('a.c');
  const whole = finished(await rig.ask(action));
  const inputs = listed(action.inputs.own);
  const list = inputs.lists[0]![0];
  expect(finished(await rig.ask({...action, inputs})).outputs).toEqual(whole.outputs);
  // What a worker has read once it does not ask for again.
  rmSync(rig.blob(list));
  expect(finished(await rig.ask({...action, inputs})).outputs).toEqual(whole.outputs);
  const nothing = {...inputs, lists: [[digestOf('none'), 'AQ=='] as const]};
  const answer = failed(await rig.ask({...action, inputs: nothing}));
  expect([answer.reason, answer.digests]).toEqual(['blob-missing', [digestOf('none')]]);
  const hidden = {...inputs, lists: [[list, ''] as const]};
  expect(finished(await rig.ask({...action, inputs: hidden})).missing).toEqual(['out.o']);
});

it.each(['no JSON', '{}', '{"directories":[{"path":"/x"}]}', '[]', 'null'])(
  'refuses a list that is none: %s',
  async text => {
    const action = await compile('a.c');
    const list = rig.keep(text);
    const inputs = {...action.inputs, lists: [[list, 'AQ=='] as const]};
    expect(failed(await rig.ask({...action, inputs})).reason).toBe('request-invalid');
  },
);

/** The same tree, with all its files in a list. */
function listed(tree: Tree): ActionInputs {
  const count = tree.directories.reduce((sum, {files}) => sum + files.length, 0);
  const all = encodePositions(new Uint8Array(Math.ceil(count / 8)).fill(0xff));
  const list = rig.keep(JSON.stringify({directories: tree.directories}));
  const directories = tree.directories.map(({path}) => ({path, files: []}));
  return {lists: [[list, all]], own: {links: tree.links, directories}};
}

/** A compile that takes far longer than any test may. */
async function endless() {
  writeFileSync(
    join(directory, 'endless.cc'),
    'constexpr long f(long n) { long s = 0; for (long i = 0; i < n; i++) s += i; return s; }\nstatic_assert(f(1L << 60));\n',
  );
  const limits = ['-fconstexpr-ops-limit=9000000000000000000', '-fconstexpr-loop-limit=2147483647'];
  // The dependencies are asked for without compiling, so only the worker runs for ever.
  return rig.action({
    argv: ['g++', ...limits, '-c', 'endless.cc', '-o', 'out.o'],
    cwd: directory,
    outputs: ['out.o'],
  });
}

/** Processes of this test's compiles. */
function compilers(): string[] {
  return readdirSync('/proc').filter(pid => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      return /^\d+$/.test(pid) && words.includes(`${rig.directory}/scratch`) && words.includes('cc1plus');
    } catch {
      return false; // Gone meanwhile.
    }
  });
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came to be');
    await turn();
  }
}

it('kills a command at its time limit, with its children, and goes on', async () => {
  const action = await endless();
  const result = rig.ask(action, 3000);
  expect(failed(await result).reason).toBe('timed-out');
  expect(compilers()).toEqual([]);
  expect(finished(await rig.ask(await compile('a.c'))).exitCode).toBe(0);
});

it('leaves no compiler behind when it is killed, and starts cleanly afterwards', async () => {
  const action = await endless();
  void rig.ask(action);
  await until(() => compilers().length > 0);
  rig.worker?.kill('SIGKILL');
  await until(() => compilers().length === 0);
  await rig.restart();
  expect(finished(await rig.ask(await compile('a.c'))).exitCode).toBe(0);
  expect(filesInRoot()).toEqual(['a.c', 'a.h']);
});

it('ends with its input, and takes a command in flight along', async () => {
  const action = await endless();
  void rig.ask(action);
  await until(() => compilers().length > 0);
  const worker = rig.worker;
  const ended = new Promise<number | null>(resolve => worker?.once('exit', code => resolve(code)));
  worker?.stdin?.end();
  expect(await ended).toBe(0);
  expect(compilers()).toEqual([]);
  await rig.restart();
});

/** Ends the worker; in order unless a signal is given. */
async function end(signal?: NodeJS.Signals): Promise<void> {
  const {worker} = rig;
  const ended = new Promise(resolve => worker?.once('exit', resolve));
  if (signal) worker?.kill(signal);
  else worker?.stdin?.end();
  await ended;
}

/** The header as it lies in the worker's root. */
function laidOut(): string {
  const roots = join(rig.directory, 'scratch', 'roots');
  return join(roots, readdirSync(roots)[0]!, 'root', directory, 'a.h');
}

const keptFile = () => join(rig.directory, 'scratch', 'kept-roots.json');

it('that ended in order leaves its files to the next, who changes the difference alone', async () => {
  finished(await rig.ask(await compile('a.c')));
  const {ino} = statSync(laidOut());
  await end();
  await rig.restart();
  const again = finished(await rig.ask(await compile('a.c')));
  expect(again.exitCode).toBe(0);
  expect(statSync(laidOut()).ino).toBe(ino);
  await end();
  writeFileSync(join(directory, 'a.h'), '#define A 2\n');
  await rig.restart();
  const edited = finished(await rig.ask(await compile('a.c')));
  expect(edited.outputs[0]?.digest).not.toBe(again.outputs[0]?.digest);
  await end();
  rmSync(join(directory, 'a.h'));
  await rig.restart();
  const action = await compile('b.c');
  expect(paths(unshareNames(finished(await rig.ask(action)).observed.absent))).toContain(
    join(directory, 'a.h'),
  );
  expect(filesInRoot()).toEqual(['b.c']);
});

it.each<[string, () => void]>([
  ['that was killed', () => {}],
  ['whose list is cut off', () => writeFileSync(keptFile(), readFileSync(keptFile()).subarray(0, 200))],
  [
    'that ended before the machine was started anew',
    () =>
      writeFileSync(
        keptFile(),
        readFileSync(keptFile(), 'utf8').replace(/"boot":"[^"]*"/, '"boot":"another"'),
      ),
  ],
])('%s leaves nothing to the next', async (what, spoil) => {
  finished(await rig.ask(await compile('a.c')));
  // Whatever was left is false, and nobody may believe it.
  writeFileSync(laidOut(), '#define A 3\n');
  await end(what === 'that was killed' ? 'SIGKILL' : undefined);
  expect(existsSync(keptFile())).toBe(what !== 'that was killed');
  spoil();
  await rig.restart();
  const [object] = finished(await rig.ask(await compile('a.c'))).outputs;
  expect(object).toBeDefined();
  expect(readFileSync(laidOut(), 'utf8')).toBe('#define A 1\n');
  const trash = join(rig.directory, 'scratch', 'trash');
  await until(() => readdirSync(trash).length === 0);
});
