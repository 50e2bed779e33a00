/** Figures of whole builds: cold, from caches, after one edit, and what a compile costs the client. */
import {existsSync} from 'node:fs';
import {appendFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {
  type BuildType,
  buildDirectory,
  type Configuration,
  configure,
  project,
  sourceCopy,
} from './corpus.ts';
import {byTurns, type Figure} from './figure.ts';
import {build, type LlamaOptions, type Summary, told} from './llama.ts';
import {type BuildAt, compileCommands} from './ninja.ts';
import {place, say} from './place.ts';
import {must, mustTimed} from './process.ts';

const options: LlamaOptions = {store: place('store', 'figures')};
const ccacheEnv = {CCACHE_DIR: place('ccache'), CCACHE_MAXSIZE: '5G'};

/** A build directory of our own copy of LLVM, configured once and used again. */
async function llvm(type: BuildType, how: 'plain' | 'ccache', target: string): Promise<BuildAt> {
  const copy = place('edited', 'llvm-figures', 'llvm');
  const source = existsSync(copy) ? copy : await sourceCopy(project('llvm'), 'figures');
  const launcher = ['-DCMAKE_C_COMPILER_LAUNCHER=ccache', '-DCMAKE_CXX_COMPILER_LAUNCHER=ccache'];
  const of: Configuration = {
    project: project('llvm'),
    type,
    suffix: `-figures-${how}`,
    source,
    options: how === 'ccache' ? launcher : [],
  };
  const directory = buildDirectory(of);
  if (!existsSync(join(directory, 'build.ninja'))) await configure(of);
  return {directory, targets: [target]};
}

/** As configured and never built: no outputs, no records. */
async function makeFresh({directory}: BuildAt): Promise<void> {
  await must(['ninja', '-t', 'clean'], {cwd: directory});
  for (const name of ['.ninja_log', '.ninja_deps', '.llama']) {
    await rm(join(directory, name), {recursive: true, force: true});
  }
}

async function clean({directory}: BuildAt): Promise<void> {
  await must(['ninja', '-t', 'clean'], {cwd: directory});
}

function ninjaBuild(at: BuildAt, flags: readonly string[] = []): ReturnType<typeof mustTimed> {
  return mustTimed(['ninja', ...flags, ...at.targets], {cwd: at.directory, env: ccacheEnv});
}

export async function cold(runs: number): Promise<Figure[]> {
  const at = await llvm('Release', 'plain', 'llvm-tblgen');
  const [ours = [], peer = []] = await byTurns(
    runs,
    async () => {
      await makeFresh(at);
      await rm(options.store, {recursive: true, force: true});
      const built = await build(at, options);
      say(`     cold: ${told(built.summary)}`);
      return built.wallMs / 1000;
    },
    async () => {
      await makeFresh(at);
      return (await ninjaBuild(at, ['-j2'])).wallMs / 1000;
    },
  );
  return [
    {
      name: 'cold build of llvm-tblgen',
      unit: 's',
      ours,
      peer: {name: 'ninja -j2', samples: peer},
      limit: {kind: 'ratio', at: 1.1},
    },
  ];
}

export async function cached(runs: number): Promise<Figure[]> {
  const ours = await llvm('Release', 'plain', 'llvm-tblgen');
  const theirs = await llvm('Release', 'ccache', 'llvm-tblgen');
  await build(ours, options);
  await ninjaBuild(theirs);
  const [mine = [], peer = []] = await byTurns(
    runs,
    async () => {
      await clean(ours);
      const built = await build(ours, options);
      say(`     cached: ${told(built.summary)}`);
      return built.wallMs / 1000;
    },
    async () => {
      await clean(theirs);
      return (await ninjaBuild(theirs)).wallMs / 1000;
    },
  );
  return [
    {
      name: 'llvm-tblgen again after ninja -t clean, from the cache',
      unit: 's',
      ours: mine,
      peer: {name: 'ninja with warm ccache', samples: peer},
      limit: {kind: 'ratio', at: 1},
    },
  ];
}

/** `how`: with another store and environment it is another cloud. */
export async function oneFile(runs: number, how: LlamaOptions = options): Promise<Figure[]> {
  const at = await llvm('Release', 'plain', 'llvm-tblgen');
  await build(at, how);
  let edits = 0;
  const edit = (): Promise<void> =>
    appendFile(
      place('edited', 'llvm-figures', 'llvm', project('llvm').oneSource),
      `// ${process.pid} ${edits++}\n`,
    );
  const [ours = [], peer = []] = await byTurns(
    runs,
    async () => {
      await edit();
      return (await build(at, how)).wallMs / 1000;
    },
    async () => {
      await edit();
      return (await ninjaBuild(at)).wallMs / 1000;
    },
  );
  return [
    {
      name: 'one source edited, llvm-tblgen rebuilt',
      unit: 's',
      ours,
      peer: {name: 'ninja', samples: peer},
      limit: {kind: 'ratio', at: 1.1},
    },
  ];
}

/** CPU of the client for each compile of lib/Support, beside what a ccache hit and `-M` cost. */
export async function clientCpu(runs: number, type: BuildType): Promise<Figure[]> {
  const ours = await llvm(type, 'plain', 'LLVMSupport');
  const theirs = await llvm(type, 'ccache', 'LLVMSupport');
  await ninjaBuild(theirs);
  const commands = await compileCommands(ours);
  const summaries: Summary[] = [];
  const known: Summary[] = [];
  const hits: Summary[] = [];
  const [, , , hit = [], scan = []] = await byTurns(
    runs,
    async () => {
      await makeFresh(ours);
      await rm(options.store, {recursive: true, force: true});
      const {summary} = await build(ours, options);
      say(`     lib/Support ${type}: ${told(summary)}`);
      summaries.push(summary);
      return 0;
    },
    async () => {
      await clean(ours);
      const {summary} = await build(ours, {...options, flags: ['--no-cache']});
      say(`     with all inputs in the store: ${told(summary)}`);
      known.push(summary);
      return 0;
    },
    async () => {
      await clean(ours);
      hits.push((await build(ours, options)).summary);
      return 0;
    },
    async () => {
      await clean(theirs);
      return (await ninjaBuild(theirs)).treeCpuMs / commands.length;
    },
    () => preprocessorCpu(ours, commands),
  );
  const perCompile = (from: readonly Summary[], field: 'client_cpu_ms' | 'discovery_cpu_ms'): number[] =>
    from.map(each => each[field] / commands.length);
  const release = type === 'Release';
  return [
    {
      name: `discovery for each compile of lib/Support, ${type}`,
      unit: 'ms CPU',
      ours: perCompile(summaries, 'discovery_cpu_ms'),
      peer: {name: 'cc -M', samples: scan},
      limit: {kind: 'absolute', at: 1.5},
    },
    {
      name: `whole client for each remote compile of lib/Support, ${type}, empty store`,
      unit: 'ms CPU',
      ours: perCompile(summaries, 'client_cpu_ms'),
      peer: {name: 'ninja + ccache hit', samples: hit},
    },
    {
      name: `the same with all inputs in the store, ${type}`,
      unit: 'ms CPU',
      ours: perCompile(known, 'client_cpu_ms'),
      peer: {name: 'ninja + ccache hit', samples: hit},
      ...(release ? {limit: {kind: 'absolute', at: 5}} : {}),
    },
    {
      name: `whole client for each cached compile of lib/Support, ${type}`,
      unit: 'ms CPU',
      ours: perCompile(hits, 'client_cpu_ms'),
      peer: {name: 'ninja + ccache hit', samples: hit},
    },
  ];
}

/** CPU of `cc -M` over every eighth of these compiles, for each. */
async function preprocessorCpu(at: BuildAt, commands: readonly string[]): Promise<number> {
  const chosen = commands.filter((_, index) => index % 8 === 0);
  const script = chosen.map(command => command.replace(/ -MD .* -c /, ' -M -o /dev/null -c ')).join('\n');
  return (await mustTimed(['sh', '-ec', script], {cwd: at.directory})).treeCpuMs / chosen.length;
}
