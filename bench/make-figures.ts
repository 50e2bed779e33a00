/**
 * `make-figures [NAME...] [--runs N]`: what `llama make` costs and gains. `wide`: redis with workers that take a second for each
 * compile; `stub`: its CPU alone; `client`: CPU of an answered compile, stub and client, by workers here that have all
 * inputs in their store; `redis`, `busybox`: from the result cache, beside make with a warm ccache.
 */
import {mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {Interposer} from '../src/make/interposer.ts';
import {StubServer} from '../src/make/stub-server.ts';
import {openCloud} from './cloud-place.ts';
import {byTurns, type Figure} from './figure.ts';
import {told} from './llama.ts';
import {llamaMake, plainMake} from './make.ts';
import {fresh, makeProject} from './make-corpus.ts';
import {check, place, root, say} from './place.ts';
import {mustTimed} from './process.ts';
import {type Measures, runFigures} from './run-figures.ts';
import {SlowFunction} from './slow-function.ts';

const LOCAL_JOBS = 2;
const REMOTE_MS = 1000;

/** Real compilers, linkers and archivers below a folder, sampled as often as can be. */
class RealTools {
  most = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string) {
    const look = () => {
      this.most = Math.max(this.most, runningIn(folder));
      this.#timer = setTimeout(look, 2);
    };
    look();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

const TOOLS = /^(?:cc1|cc1plus|as|ld|ar|lto1|lto-wrapper)$/;

/** Those that a make in this folder runs; what runs for one of them counts as one. */
function runningIn(folder: string): number {
  const found = new Map<string, string>();
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const [, name = '', rest = ''] =
        /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
      if (TOOLS.test(name) && readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)) found.set(pid, rest);
    } catch {
      // It has ended meanwhile.
    }
  }
  return new Set(found.values()).size;
}

async function wide(runs: number): Promise<Figure[]> {
  const of = makeProject('redis');
  const cloud = await openCloud();
  const slow = await SlowFunction.listen(cloud.server.endpoint);
  const env = {...cloud.env, AWS_ENDPOINT_URL_LAMBDA: slow.endpoint};
  const flags = ['--store', cloud.store, '--cloud', 'aws', '--no-cache', `-j${LOCAL_JOBS}`];
  const walls: number[] = [];
  const inFlight: number[] = [];
  const cpu: number[] = [];
  let most = 0;
  try {
    const first = await llamaMake(of, await fresh(of), {flags: [...flags, '--remote-jobs', '4'], env});
    say(`     ${told(first.summary)}`);
    slow.answerAfter(REMOTE_MS);
    for (let n = 0; n < runs; n++) {
      const folder = await fresh(of);
      slow.answerAfter(REMOTE_MS);
      const tools = new RealTools(folder);
      const built = await llamaMake(of, folder, {flags, env});
      tools.end();
      say(
        `     ${told(built.summary)}; ${slow.most} in flight, ${slow.unknown} unknown, ${tools.most} real tools`,
      );
      walls.push(built.wallMs / 1000);
      inFlight.push(slow.most);
      cpu.push(built.summary.client_cpu_ms / built.summary.compiles.remote);
      most = Math.max(most, tools.most);
    }
  } finally {
    slow.close();
    await cloud.stop();
  }
  check(
    most <= LOCAL_JOBS,
    `at most ${most} real compilers, linkers and archivers at once, of ${LOCAL_JOBS} allowed`,
  );
  check(Math.min(...inFlight) >= 90, `${Math.min(...inFlight)} compiles in flight, of at least 90 wanted`);
  return [
    {
      name: `redis, workers of ${REMOTE_MS / 1000} s`,
      unit: 's',
      ours: walls,
      limit: {kind: 'absolute', at: 9},
    },
    {name: 'client, for each of its compiles', unit: 'ms CPU', ours: cpu},
  ];
}

const COUNT = 500;

/** The stub alone, between a shell and a client that answers at once. */
async function stub(runs: number): Promise<Figure[]> {
  const folder = place('stub');
  await rm(folder, {recursive: true, force: true});
  mkdirSync(folder, {recursive: true});
  const interposer = await Interposer.open({
    env: process.env,
    cacheDir: folder,
    make: '/bin/sh',
    sources: join(root(), 'src/make'),
  });
  const server = await StubServer.listen(interposer.socket, {
    answer: async () => ({kind: 'done', status: 0, stderr: Buffer.alloc(0)}),
    onFault: error => {
      throw error;
    },
  });
  const loop = (command: string) => [
    '/bin/sh',
    '-c',
    `n=0; while [ $n -lt ${COUNT} ]; do ${command}; n=$((n+1)); done`,
  ];
  const each = async (command: string, env: NodeJS.ProcessEnv) =>
    (await mustTimed(loop(command), {cwd: folder, env})).treeCpuMs / COUNT;
  try {
    const [ours = [], nothing = []] = await byTurns(
      runs,
      () => each('gcc -O2 -c a.c -o a.o', interposer.env),
      () => each('/bin/true', process.env),
    );
    return [
      {
        name: 'the stub, for each compile',
        unit: 'ms CPU',
        ours,
        peer: {name: '/bin/true', samples: nothing},
        limit: {kind: 'absolute', at: 5},
      },
    ];
  } finally {
    server.close();
    interposer.close();
  }
}

async function client(runs: number): Promise<Figure[]> {
  const of = makeProject('redis');
  const flags = ['--store', place('store', 'make-figures-client'), '-j2', '--no-cache'];
  await llamaMake(of, await fresh(of), {flags});
  const ofStub = (await stub(runs))[0]!.ours;
  const ours: number[] = [];
  for (let n = 0; n < runs; n++) {
    const {summary} = await llamaMake(of, await fresh(of), {flags});
    say(`     ${told(summary)}`);
    ours.push(summary.client_cpu_ms / summary.compiles.remote + ofStub[n]!);
  }
  return [
    {
      name: 'redis by workers here, all inputs in the store: client and stub, for each compile',
      unit: 'ms CPU',
      ours,
      limit: {kind: 'absolute', at: 5},
    },
  ];
}

async function cached(name: string, runs: number): Promise<Figure[]> {
  const of = makeProject(name);
  const store = place('store', `make-figures-${name}`);
  const flags = ['--store', store, '-j2'];
  // By the compilers' names, so that the words are the same.
  const bin = place('ccache-bin');
  rmSync(bin, {recursive: true, force: true});
  mkdirSync(bin, {recursive: true});
  for (const compiler of ['gcc', 'cc', 'g++', 'c++']) symlinkSync('/usr/bin/ccache', join(bin, compiler));
  const env = {PATH: `${bin}:${process.env.PATH}`, CCACHE_DIR: place('ccache'), CCACHE_MAXSIZE: '5G'};
  await llamaMake(of, await fresh(of), {flags});
  await plainMake(of, await fresh(of), ['-j2'], env);
  const [ours = [], peer = []] = await byTurns(
    runs,
    async () => {
      const built = await llamaMake(of, await fresh(of), {flags});
      say(`     ${told(built.summary)}`);
      return built.wallMs / 1000;
    },
    async () => (await plainMake(of, await fresh(of), ['-j2'], env)).wallMs / 1000,
  );
  return [
    {
      name: `${name} from the result cache`,
      unit: 's',
      ours,
      peer: {name: 'make with warm ccache', samples: peer},
      limit: {kind: 'ratio', at: 1.05},
    },
  ];
}

const measures: Measures = {
  wide,
  stub,
  client,
  redis: runs => cached('redis', runs),
  busybox: runs => cached('busybox', runs),
};

export function main(argv: readonly string[]): Promise<number> {
  return runFigures('make-figures', measures, argv);
}
