/**
 * A remote executor for tests, between a cloud and a discovery that do what a test says: no worker, no compiler. Knows
 * one edge, which makes a.o of a.c and a.h.
 */
import {posix} from 'node:path';
import type {EdgeDone, EdgeOutcome} from '../graph/executor.ts';
import {FileState} from '../graph/file-state.ts';
import {EDGE_DEPS_GCC} from '../graph/graph.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {ActionResult, InvocationRequest, OutputFile, WorkerFailure} from '../protocol/invocation.ts';
import {decodeParts, encodeParts, putContents, takeContents} from '../protocol/parts.ts';
import {joinNames} from '../protocol/path-groups.ts';
import {type CachedResult, type Cloud, StoreError} from '../remote/cloud.ts';
import {CompilePreparer, type RemoteCompile} from '../remote/compile-preparer.ts';
import {noCounts} from '../remote/counts.ts';
import type {Discovered, Discovery, DiscoveryOutcome, DiscoveryRequest} from '../remote/discovery.ts';
import {Epochs} from '../remote/epochs.ts';
import {InputSender} from '../remote/input-sender.ts';
import {Materialiser} from '../remote/materialise.ts';
import {RemoteExecutor} from '../remote/remote-executor.ts';
import type {Toolchains} from '../remote/toolchains.ts';
import {classify} from '../toolchain/classify.ts';
import {IdSet} from '../toolchain/id-set.ts';
import type {ToolchainIdentity} from '../toolchain/identify.ts';
import type {Input} from '../toolchain/input-finder.ts';
import {graphOf} from './plain-edge.ts';

/** No signal that ever comes. */
export const NEVER = new AbortController().signal;

/** A time of files, in seconds, long before any build. */
export const OLD = 1_600_000_000;

export type Answer = ActionResult | WorkerFailure | Error;

/**
 * An executor between a cloud and a discovery that do what a test says. The compiler reads a.c and a.h, and its object
 * is made of their bytes.
 */
export class ExecutorRig {
  readonly #directory: string;
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly cached = new Map<Digest, CachedResult[]>();
  readonly counts = noCounts();
  readonly requests: InvocationRequest[] = [];
  readonly localReasons: string[] = [];
  readonly warnings: string[] = [];
  readonly extras = new Set<string>();
  uploads = 0;
  /** What discovery finds by itself. */
  foreseen = ['a.c', 'a.h'];
  found: Partial<Discovered> = {};
  outcome: DiscoveryOutcome | undefined;
  pending: (files: readonly string[], names: readonly string[]) => readonly number[] = () => [];
  /** What the cloud's policy says. */
  reasonToStay: string | undefined;
  fallsBack = true;
  compiler: (request: InvocationRequest) => Answer = request => this.compile(request);
  onInvoke: () => void = () => {};
  storeFault: StoreError | undefined;
  depfile = 'a.o.d';
  command = 'gcc -O2 -MD -MF a.o.d -o a.o -c a.c';
  env: NodeJS.ProcessEnv = {};
  useCache = true;
  isCaptured = true;
  flags = EDGE_DEPS_GCC;
  #stamp = 1n;
  readonly #nodes: string[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Like a new build: what was known of files is forgotten. */
  executor(): RemoteExecutor {
    const files = new FileState();
    const graph = graphOf({
      texts: {command: this.command, depfile: this.depfile, rule: 'cc'},
      flags: this.flags,
      ins: ['a.c'],
      outs: ['a.o'],
    });
    const compile = classify({command: this.command, env: {}}) as RemoteCompile;
    if (compile.kind !== 'remote') throw new Error(JSON.stringify(compile));
    const identity = {
      digest: digestOf('gcc'),
      program: '/usr/bin/gcc',
      argv0: 'gcc',
      path: '/usr/bin',
      locale: 'C',
      loader: '/none',
    };
    const toolchains = {
      partFor: (whole: unknown) => whole,
      identify: async () => ({ok: true, value: identity as unknown as ToolchainIdentity}),
      upload: async () => {
        this.uploads++;
      },
      forgetUpload: () => {},
      extras: () => this.extras,
      addExtras: (_identity: unknown, paths: readonly string[]) => {
        for (const path of paths) this.extras.add(path);
      },
    } as unknown as Toolchains;
    const cloud = this.#cloud();
    const compiler = new CompilePreparer({
      files,
      toolchains,
      discovery: {
        discover: async (request: DiscoveryRequest) => this.#discover(request, files),
      } as unknown as Discovery,
      canonicalPath: posix.normalize,
      compileOf: () => compile,
      directoryOf: () => this.#directory,
      pwdOf: () => this.#directory,
      envOf: () => this.env,
    });
    return new RemoteExecutor({
      graph,
      directory: this.#directory,
      prepare: edge => compiler.prepare(edge),
      umask: 0o022,
      cloud,
      files,
      epochs: new Epochs(files, () => this.#stamp++),
      toolchains,
      sender: new InputSender(cloud.store),
      materialiser: new Materialiser(this.#at('tmp')),
      useCache: this.useCache,
      depfileDialect: 'ninja-1.12',
      canonicalPath: posix.normalize,
      expected: () => 0,
      waiting: undefined,
      isMadeName: () => true,
      pendingProducers: (paths, names) => this.pending(paths, names),
      runLocally: async (_edge, _signal, reason) => {
        this.localReasons.push(reason);
        return {...LOCAL, localReason: reason};
      },
      isCaptured: this.isCaptured,
      depsFrom: 'depfile',
      nodesOf: (_edge, paths) => this.nodes(...paths),
      warn: text => this.warnings.push(text),
      reasonToStay: () => this.reasonToStay,
      fallsBack: this.fallsBack,
      isWanted: () => true,
    });
  }

  run(signal = NEVER): Promise<EdgeOutcome> {
    return this.executor().run(0, signal);
  }

  /** As the executor's outcome names what was read. */
  nodes(...paths: readonly string[]): Int32Array {
    return Int32Array.from(paths, path => {
      const name = posix.normalize(path);
      return this.#nodes.includes(name) ? this.#nodes.indexOf(name) : this.#nodes.push(name) - 1;
    });
  }

  /** What the compiler makes of the tree that it got. */
  compile({action}: InvocationRequest, changes: Partial<ActionResult> = {}): ActionResult {
    const tree = new Map(
      action.inputs.own.directories.flatMap(({path, files}) =>
        files.map(([name, digest]) => [`${path}/${name}` as string, digest] as const),
      ),
    );
    const wanted = ['a.c', 'a.h'].filter(name => tree.has(this.#at(name)));
    const absent = ['a.c', 'a.h'].filter(name => !tree.has(this.#at(name)));
    const object = wanted.map(name => this.blobs.get(tree.get(this.#at(name))!)).join();
    const depfile = `a.o: ${wanted.join(' ')}\n`;
    return {
      kind: 'result',
      exitCode: 0,
      stdout: inline(''),
      stderr: inline('a.c:1: warning\n'),
      outputs: [output('a.o', object), output('a.o.d', depfile)],
      missing: [],
      observed: {
        read: [[this.#directory, joinNames(wanted)]],
        found: [],
        absent: [[joinNames(absent), [this.#directory]]],
        listed: [],
      },
      timing: {toolchain: 0, layout: 0, run: 5, outputs: 0, cpu: 5},
      ...changes,
    };
  }

  #cloud(): Cloud {
    return {
      counts: this.counts,
      description: '',
      preparedAhead: 0,
      preparedAtOnce: 1,
      isAway: false,
      cost: () => 0,
      expectedCost: () => 0,
      store: {
        inlineLimit: 32 << 10,
        missing: async digests => [...digests].filter(digest => !this.blobs.has(digest)),
        put: async (digest, bytes) => {
          if (this.storeFault) throw this.storeFault;
          this.blobs.set(digest, bytes);
        },
        forget: () => {},
        get: async digest => {
          const bytes = this.blobs.get(digest);
          if (!bytes) throw new StoreError('blob-missing', 'gone');
          return Buffer.from(bytes);
        },
      },
      results: {
        lookup: async key => (this.cached.get(key) ?? []).map(copyOf),
        add: async (key, result) => {
          this.cached.set(key, [result, ...(this.cached.get(key) ?? [])]);
        },
        remove: async key => {
          this.cached.delete(key);
        },
      },
      invoker: {
        width: 1,
        invoke: async request => {
          this.requests.push(request);
          this.onInvoke();
          const answer = this.compiler(request);
          if (answer instanceof Error) throw answer;
          return {version: 1, result: answer};
        },
      },
      close: async () => {},
    };
  }

  #discover({more, stamp}: DiscoveryRequest, files: FileState): DiscoveryOutcome {
    if (this.outcome) return this.outcome;
    const paths = [...new Set([...this.foreseen.map(name => this.#at(name)), ...more])];
    const found = paths.flatMap((path, id): Input[] => {
      const digest = files.digest(path);
      if (digest === undefined) return [];
      const name = path.slice(this.#directory.length + 1);
      return [{id, path, name, directory: this.#directory, file: [name, digest, OLD, 0]}];
    });
    const young = found.filter(({path}) => files.stat(path)!.mtimeNs >= stamp);
    const ids = new IdSet();
    for (const {id} of found) ids.add(id);
    return {
      kind: 'found',
      value: {
        inputs: {files: found, numbers: ids.members(), ids, young, directories: [this.#directory], links: []},
        absentIncludes: [],
        precompiled: [],
        readsClock: false,
        readsFileTime: false,
        ...this.found,
      },
    };
  }

  #at(name: string): string {
    return `${this.#directory}/${name}`;
  }
}

const LOCAL: EdgeDone = {
  kind: 'done',
  place: 'local',
  output: Buffer.alloc(0),
  record: {mtime: 9n, duration: 1},
};

/** As a cache gives back what it was given. */
function copyOf(result: CachedResult): CachedResult {
  const contents: Uint8Array[] = [];
  const {value, contents: copies} = decodeParts(encodeParts(takeContents(result, contents), contents));
  return putContents(value as CachedResult, copies);
}

export function inline(text: string): {digest: Digest; size: number; inline: Buffer} {
  return {
    digest: digestOf(text),
    size: Buffer.byteLength(text),
    inline: Buffer.from(text),
  };
}

export function output(path: string, text: string): OutputFile {
  return {...inline(text), path, executable: false};
}
