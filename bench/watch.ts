/**
 * `watch [start] [re2] [llvm] [soak] [walk] [--runs N] [--builds N] [--count N] [--seed N]`: what it takes to begin; how
 * long `llama watch` takes from a save (the rename) to the object, and to the program, beyond what the compiler, the
 * archiver and the linker take by themselves; by turns, medians. `soak`: whether memory and descriptors grow over many
 * builds of a small project. `walk`: whether it is right over many edits of a real one.
 */
import {existsSync} from 'node:fs';
import {appendFile, copyFile, cp, mkdir, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {WatchedFiles} from '../src/commands/watched-files.ts';
import {lookAt} from '../src/engine/look.ts';
import {loadNinjaProject} from '../src/frontends/ninja/ninja-project.ts';
import {FileWatch} from '../src/watch/file-watch.ts';
import {PolledDirectories} from '../src/watch/polled-directories.ts';
import {buildDirectory, type Configuration, configure, project, sourceCopy} from './corpus.ts';
import {type Figure, keeps, plain, table} from './figure.ts';
import {outputsOf} from './ninja.ts';
import {check, parseArguments, place, root, say, UsageError} from './place.ts';
import {median, must} from './process.ts';
import {writeResult} from './results.ts';
import {WatchProcess} from './watch-process.ts';
import {type WalkCount, walk} from './watch-walk.ts';

/** What is built of each project. */
const PROGRAMS: Readonly<Record<string, string>> = {re2: 'dfa_test', llvm: 'llvm-tblgen'};

interface Place {
  readonly directory: string;
  readonly program: string;
  readonly source: string;
}

/** What is measured is the compile, not the cache. */
function open({directory, program}: Place): WatchProcess {
  const flags = ['--no-cache', '--store', place('store', 'watch')];
  return new WatchProcess({directory, targets: [program]}, flags);
}

async function prepare(name: string): Promise<Place> {
  const of = project(name);
  const copy = join(place('edited', `${name}-watch`), of.subdirectory);
  const source = existsSync(copy) ? copy : await sourceCopy(of, 'watch');
  const how: Configuration = {project: of, type: 'Release', suffix: '-watch', source};
  const directory = buildDirectory(how);
  if (!existsSync(join(directory, 'build.ninja'))) await configure(how);
  return {directory, program: PROGRAMS[name]!, source: join(source, of.oneSource)};
}

/** The compile of the source, and what follows it up to the program, as they are run. */
async function commandsOf({directory, program, source}: Place): Promise<{compile: string; rest: string[]}> {
  const at = {directory, targets: [program]};
  const before = new Set(await commandsToRun(at.targets, directory));
  if (before.size > 0) throw new Error(`${program} is not up to date`);
  await appendFile(source, '\n');
  const all = await commandsToRun(at.targets, directory);
  const compile = all.find(command => command.includes(' -c ') && command.includes(source));
  if (compile === undefined)
    throw new Error(`no compile of ${source} in ${(await outputsOf(at)).length} edges`);
  return {compile, rest: all.filter(command => command !== compile)};
}

async function commandsToRun(targets: readonly string[], directory: string): Promise<string[]> {
  const {stdout} = await must(['ninja', '-n', '-v', ...targets], {cwd: directory});
  return stdout.split('\n').flatMap(line => /^\[\d+\/\d+\] (.*)$/.exec(line)?.[1] ?? []);
}

/** Milliseconds of these commands, one after the other. */
async function timeOf(commands: readonly string[], directory: string): Promise<number> {
  const began = performance.now();
  for (const command of commands) await must(['sh', '-c', command], {cwd: directory});
  return performance.now() - began;
}

async function measure(name: string, runs: number): Promise<Figure[]> {
  const at = await prepare(name);
  let watch = open(at);
  await watch.until('ready');
  await watch.end();
  const {compile, rest} = await commandsOf(at);
  watch = open(at);
  await watch.until('ready');
  const object: number[] = [];
  const program: number[] = [];
  for (let run = 0; run < runs; run++) {
    const saved = `${at.source}.saved`;
    await copyFile(at.source, saved);
    await appendFile(saved, `// ${process.pid} ${run}\n`);
    const began = performance.now();
    await rename(saved, at.source);
    const events = await watch.until('built');
    await watch.until('ready');
    const [first] = events.filter(({type}) => type === 'finished');
    if (first === undefined || events.at(-1)!.result !== 'built') throw new Error(JSON.stringify(events));
    const alone = await timeOf([compile], at.directory);
    const after = await timeOf(rest, at.directory);
    object.push(first.at - began - alone);
    program.push(events.at(-1)!.at - began - alone - after);
    say(
      `     ${name}: object after ${ms(first.at - began)}, program after ${ms(events.at(-1)!.at - began)}; ` +
        `compile alone ${ms(alone)}, ${rest.length} steps after it ${ms(after)}`,
    );
  }
  await watch.end();
  await rm(`${at.source}.saved`, {force: true});
  return [
    {
      name: `${name}: from save to object, beyond the compile`,
      unit: 'ms',
      ours: object,
      limit: {kind: 'absolute', at: 50},
    },
    {
      name: `${name}: from save to program, beyond compile and links`,
      unit: 'ms',
      ours: program,
      limit: {kind: 'absolute', at: 100},
    },
  ];
}

/** What it takes to begin to watch 10,000 files in 500 directories, once they have been looked at. */
async function start(runs: number): Promise<Figure[]> {
  const directory = place('build', 'watch-start');
  await rm(directory, {recursive: true, force: true});
  const files: string[] = [];
  for (let folder = 0; folder < 500; folder++) {
    await mkdir(join(directory, `d${folder}`), {recursive: true});
    for (let file = 0; file < 20; file++) files.push(`d${folder}/f${file}.c`);
  }
  for (const file of files) await writeFile(join(directory, file), '');
  const manifest = `rule cat\n  command = cat $in > $out\nbuild out: cat ${files.join(' ')}\n`;
  await writeFile(join(directory, 'build.ninja'), manifest);
  const project = loadNinjaProject({
    directory,
    manifest: 'build.ninja',
    environment: process.env,
    useSnapshot: false,
  });
  const times: number[] = [];
  let polling: number | undefined;
  const sizes: number[] = [];
  for (let run = 0; run < runs; run++) {
    const look = lookAt(project, []);
    const before = process.memoryUsage.rss();
    const began = performance.now();
    const watched = WatchedFiles.of(look, {more: [], before: undefined});
    const watch = new FileWatch({onRest: () => {}});
    watch.set(watched);
    times.push(performance.now() - began);
    sizes.push((process.memoryUsage.rss() - before) / (1 << 20));
    watch.close();
    if (watched.size !== files.length) throw new Error(`${watched.size} files are watched`);
    polling ??= await pollingCpu(watched);
  }
  return [
    {name: 'begin to watch 10,000 files', unit: 'ms', ours: times, limit: {kind: 'absolute', at: 50}},
    // Later runs find the memory of the first one free.
    {name: 'memory of it', unit: 'MB', ours: sizes.slice(0, 1), limit: {kind: 'absolute', at: 10}},
    {name: 'CPU of --poll 1 for each second of rest', unit: 'ms', ours: [polling!]},
  ];
}

/** CPU that a second of polling all of them each second takes once it has begun, in ms. */
async function pollingCpu(watched: WatchedFiles): Promise<number> {
  const seconds = 10;
  const watch = new FileWatch({
    onRest: () => {},
    watcher: listener => new PolledDirectories(listener, 1000),
  });
  watch.set(watched);
  // The look at everything that ends its beginning.
  await watch.next(new AbortController().signal);
  const before = process.cpuUsage();
  await sleep(seconds * 1000);
  const {user, system} = process.cpuUsage(before);
  watch.close();
  return (user + system) / 1000 / seconds;
}

/** A source and a header are edited by turns; every fiftieth time it is a source that cannot be compiled. */
async function soak(builds: number): Promise<boolean> {
  const source = place('edited', 'watch-soak');
  const directory = place('build', 'watch-soak');
  for (const folder of [source, directory]) await rm(folder, {recursive: true, force: true});
  await cp(join(root(), 'fixtures', 'header-edits'), source, {recursive: true});
  await must(['cmake', '-G', 'Ninja', '-S', source, '-B', directory]);
  const watch = open({directory, program: 'app', source});
  await watch.until('ready');
  const sizes: {memory: number; descriptors: number}[] = [];
  for (let build = 0; build < builds; build++) {
    const [file, text] =
      build % 50 === 49
        ? ['base.c', 'int broken(\n']
        : build % 2 === 0
          ? ['base.c', `#include "base.h"\n#include "deep.h"\nint base(void) { return DEEP + ${build}; }\n`]
          : ['include/deep.h', `#define DEEP ${build}\n`];
    await writeFile(join(source, 'saved'), text);
    await rename(join(source, 'saved'), join(source, file));
    await watch.until('ready');
    sizes.push(await watch.size());
    if (build % 100 === 99)
      say(`     ${build + 1}: ${sizes.at(-1)!.memory.toFixed(0)} MB, ${sizes.at(-1)!.descriptors}`);
  }
  await watch.end();
  const tenth = Math.ceil(builds / 10);
  const of = (from: typeof sizes, field: 'memory' | 'descriptors') => median(from.map(size => size[field]));
  const [early, late] = [sizes.slice(tenth, 2 * tenth), sizes.slice(-tenth)];
  const text =
    `${builds} builds: memory ${of(early, 'memory').toFixed(0)} -> ${of(late, 'memory').toFixed(0)} MB, ` +
    `descriptors ${of(early, 'descriptors')} -> ${of(late, 'descriptors')} (medians of the second and the last tenth)`;
  const isSteady =
    of(late, 'memory') <= 1.1 * of(early, 'memory') && of(late, 'descriptors') <= of(early, 'descriptors');
  return check(isSteady, text);
}

function ms(time: number): string {
  return `${time.toFixed(0)} ms`;
}

function walkOptions(flags: ReadonlyMap<string, string>): WalkCount {
  const whole = (name: string, otherwise: string) => {
    const text = flags.get(name) ?? otherwise;
    if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`--${name} is a whole number from 1, not '${text}'`);
    return Number(text);
  };
  return {count: whole('count', '200'), seed: whole('seed', '1')};
}

export async function main(argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv);
  delete process.env.NODE_EXTRA_CA_CERTS;
  const all = ['start', ...Object.keys(PROGRAMS), 'soak', 'walk'];
  const unknown = names.find(name => !all.includes(name));
  if (unknown !== undefined) throw new UsageError(`no '${unknown}'; there are ${all.join(', ')}`);
  const asked = walkOptions(flags);
  const runs = Number(flags.get('runs') ?? 9);
  const figures: Figure[] = [];
  const chosen = names.length > 0 ? names : all;
  if (chosen.includes('start')) figures.push(...(await start(runs)));
  for (const name of Object.keys(PROGRAMS)) {
    if (chosen.includes(name)) figures.push(...(await measure(name, runs)));
  }
  if (figures.length > 0) say(table(figures));
  const isSteady = !chosen.includes('soak') || (await soak(Number(flags.get('builds') ?? 2000)));
  const isRight = !chosen.includes('walk') || (await walk(asked));
  await writeResult('watch', {runs, figures: figures.map(plain), isSteady, isRight});
  return isSteady && isRight && figures.every(figure => keeps(figure) !== false) ? 0 : 1;
}
