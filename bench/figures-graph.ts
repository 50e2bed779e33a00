/** Figures of the graph alone: loading it, planning all of it, finding that there is nothing to do, telling a list. */
import {randomUUID} from 'node:crypto';
import {existsSync} from 'node:fs';
import {readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {buildDirectory, type Configuration, configure, project} from './corpus.ts';
import {byTurns, type Figure} from './figure.ts';
import {build, buildCommand, type LlamaOptions, llama} from './llama.ts';
import type {BuildAt} from './ninja.ts';
import {place, root, say} from './place.ts';
import {must} from './process.ts';

const options: LlamaOptions = {store: place('store', 'figures')};

/** All of LLVM, configured. */
async function wholeLlvm(suffix: string): Promise<BuildAt> {
  const of: Configuration = {project: project('llvm'), type: 'Release', suffix};
  const directory = buildDirectory(of);
  if (!existsSync(join(directory, 'build.ninja'))) await configure(of);
  return {directory, targets: []};
}

export async function nothingToDo(runs: number): Promise<Figure[]> {
  const at = await wholeLlvm('-full');
  say('     all of LLVM must be up to date first: about 40 minutes of CPU where it never was built');
  await must(['ninja'], {cwd: at.directory});
  await build(at, options);
  const [ours = [], peer = []] = await byTurns(
    runs,
    async () => (await must(buildCommand(at, options))).wallMs,
    async () => (await must(['ninja'], {cwd: at.directory})).wallMs,
  );
  return [
    {
      name: 'nothing to do in all of LLVM',
      unit: 'ms',
      ours,
      peer: {name: 'ninja', samples: peer},
      limit: {kind: 'absolute', at: 300},
    },
  ];
}

/** `-n` on a build directory where nothing was built yet. */
export async function plan(runs: number): Promise<Figure[]> {
  const at = await wholeLlvm('-plan');
  const memory: number[] = [];
  const dryRun = async (): Promise<number> => {
    const {wallMs, rssMb} = await withMemory(buildCommand(at, {...options, flags: ['-n']}));
    memory.push(rssMb);
    return wallMs;
  };
  const [first = [], again = [], peer = []] = await byTurns(
    runs,
    async () => {
      await rm(join(at.directory, '.llama'), {recursive: true, force: true});
      return dryRun();
    },
    dryRun,
    async () => (await must(['ninja', '-n'], {cwd: at.directory})).wallMs,
  );
  const peers = {name: 'ninja -n', samples: peer};
  return [
    {
      name: "LLVM's whole graph planned (llama build -n)",
      note: 'no snapshot of an earlier run',
      unit: 'ms',
      ours: first,
      peer: peers,
      limit: {kind: 'absolute', at: 600},
    },
    {
      name: "LLVM's whole graph planned again",
      unit: 'ms',
      ours: again,
      peer: peers,
      limit: {kind: 'absolute', at: 600},
    },
    {name: 'memory of planning it', unit: 'MB', ours: memory, limit: {kind: 'absolute', at: 250}},
  ];
}

export async function manifest(runs: number): Promise<Figure[]> {
  const at = await wholeLlvm('-plan');
  const bundle = [process.execPath, join(root(), 'bench', 'run.mjs'), 'bundle', 'load-manifest'];
  const script = (await must(bundle)).stdout;
  const [ours = [], peer = []] = await byTurns(
    runs,
    async () => Number((await must([process.execPath, script, at.directory])).stdout),
    async () => (await must(['ninja', '-t', 'rules'], {cwd: at.directory})).wallMs,
  );
  return [
    {
      name: "LLVM's manifest loaded, in a fresh process",
      unit: 'ms',
      ours,
      peer: {name: 'ninja -t rules', samples: peer},
      limit: {kind: 'absolute', at: 250},
    },
  ];
}

/** What LLVM's compile_commands.json gives, told. */
export async function importList(runs: number): Promise<Figure[]> {
  const at = await wholeLlvm('-plan');
  const list = join(at.directory, 'compile_commands.json');
  const [ours = [], peer = []] = await byTurns(
    runs,
    async () => (await must([process.execPath, llama(), 'import', list])).wallMs,
    async () => (await must(['ninja', '-t', 'compdb'], {cwd: at.directory})).wallMs,
  );
  return [
    {
      name: "LLVM's compile_commands.json told (llama import)",
      unit: 'ms',
      ours,
      peer: {name: 'ninja -t compdb', samples: peer},
      limit: {kind: 'absolute', at: 500},
    },
  ];
}

/** Runs a node program and learns its peak memory from itself, as it ends. */
async function withMemory(argv: readonly string[]): Promise<{wallMs: number; rssMb: number}> {
  const file = join(tmpdir(), `llama-bench-rss-${randomUUID()}`);
  const write = `writeFileSync(${JSON.stringify(file)}, String(process.resourceUsage().maxRSS))`;
  const probe = `import {writeFileSync} from 'node:fs'; process.on('exit', () => ${write});`;
  const [node = '', ...args] = argv;
  try {
    const ran = await must([node, '--import', `data:text/javascript,${encodeURIComponent(probe)}`, ...args]);
    return {wallMs: ran.wallMs, rssMb: Number(await readFile(file, 'utf8')) / 1024};
  } finally {
    await rm(file, {force: true});
  }
}
