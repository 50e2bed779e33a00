/**
 * Runs one local edge by the user's own ninja, from a manifest that holds that edge alone and with logs of its own, so
 * that nothing else is built behind the plan's back. What ninja recorded is read from there and handed up; the user's
 * logs are not touched.
 */
import {mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync} from 'node:fs';
import {dirname, isAbsolute, join} from 'node:path';
import {InvariantError} from '../../failure.ts';
import type {EdgeOutcome, EdgeRecord, Executor} from '../../graph/executor.ts';
import {
  EDGE_CONSOLE,
  EDGE_DEPS_GCC,
  EDGE_DEPS_MSVC,
  type EdgeId,
  type Graph,
  type NodeId,
} from '../../graph/graph.ts';
import type {StatMtime} from '../../graph/node-times.ts';
import type {Processes} from '../../process.ts';
import {parseBuildLog} from './build-log.ts';
import {readDepsLog} from './deps-log.ts';
import {singleEdgeManifest} from './single-edge-manifest.ts';

export interface NinjaExecutorOptions {
  readonly graph: Graph;
  /** Directory that the graph's relative paths count from. */
  readonly directory: string;
  /** Folder for the small manifests and their logs, relative to `directory`. */
  readonly stateDir: string;
  readonly ninja: string;
  readonly processes: Processes;
  readonly statMtime: StatMtime;
  /** Inputs known from a deps log or a depfile. */
  readonly discoveredIns: (edge: EdgeId) => Iterable<NodeId>;
  /** Takes an edge whose command ninja's language cannot express. */
  readonly otherwise: Executor;
}

export class NinjaExecutor implements Executor {
  readonly #options: NinjaExecutorOptions;
  readonly #freeSlots: number[] = [];
  #slots = 0;
  /** Ninja processes started so far. */
  runs = 0;

  constructor(options: NinjaExecutorOptions) {
    this.#options = options;
  }

  async run(edge: EdgeId, signal: AbortSignal): Promise<EdgeOutcome> {
    const slot = this.#freeSlots.pop() ?? this.#slots++;
    const folder = join(this.#options.stateDir, `ninja-${slot}`);
    try {
      return await this.#runIn(folder, edge, signal);
    } finally {
      rmSync(this.#absolute(folder), {recursive: true, force: true});
      this.#freeSlots.push(slot);
    }
  }

  async #runIn(folder: string, edge: EdgeId, signal: AbortSignal): Promise<EdgeOutcome> {
    const {graph, directory, ninja, processes, statMtime, otherwise} = this.#options;
    const manifest = singleEdgeManifest(graph, edge, {
      builddir: folder,
      isFile: node => statMtime(graph.path(node)) !== 0n,
      discovered: this.#options.discoveredIns(edge),
    });
    if (manifest === undefined) return otherwise.run(edge, signal);
    const absolute = this.#absolute(folder);
    rmSync(absolute, {recursive: true, force: true});
    mkdirSync(absolute, {recursive: true});
    writeFileSync(join(absolute, 'build.ninja'), manifest);
    // The content may hold line ends, which a manifest cannot; so the file is written here, not by ninja.
    const rspfile = graph.text(edge, 'rspfile');
    if (rspfile !== '') {
      mkdirSync(dirname(this.#absolute(rspfile)), {recursive: true});
      writeFileSync(this.#absolute(rspfile), graph.text(edge, 'rspfileContent'));
    }
    const isConsole = graph.has(edge, EDGE_CONSOLE);
    this.runs++;
    const result = await processes.run(ninja, ['--quiet', '-j1', '-f', join(folder, 'build.ninja')], {
      cwd: directory,
      stdio: isConsole ? 'inherit' : 'capture',
      abortWith: 'SIGINT',
      signal,
    });
    if (result.exitCode !== 0) {
      if (signal.aborted) return {kind: 'cancelled'};
      return {
        kind: 'failed',
        place: 'ninja',
        output: withoutNinjasEnd(result.output),
        exitCode: result.exitCode,
        duration: result.duration,
        isReported: true,
      };
    }
    if (rspfile !== '') unlinkIfThere(this.#absolute(rspfile));
    return {
      kind: 'done',
      place: 'ninja',
      record: this.#readRecord(absolute, edge, result.duration),
      output: result.output,
    };
  }

  #readRecord(folder: string, edge: EdgeId, duration: number): EdgeRecord {
    const {graph} = this.#options;
    const output = graph.path(graph.outs(edge)[0]!);
    let mtime: bigint | undefined;
    for (const line of parseBuildLog(readFileSync(join(folder, '.ninja_log'), 'utf8'))) {
      if (line.output === output) mtime = line.mtime;
    }
    if (mtime === undefined) throw new InvariantError(`ninja ran '${output}' and recorded nothing`);
    if (!graph.has(edge, EDGE_DEPS_GCC) && !graph.has(edge, EDGE_DEPS_MSVC)) return {mtime, duration};
    const log = readDepsLog(join(folder, '.ninja_deps'));
    const list = typeof log === 'string' ? undefined : log.lists.get(log.paths.indexOf(output));
    const deps =
      typeof log === 'string' || !list ? [] : Array.from(list.ins, id => graph.intern(log.paths[id]!));
    return {mtime, duration, deps};
  }

  #absolute(path: string): string {
    return isAbsolute(path) ? path : join(this.#options.directory, path);
  }
}

/** Ninja closes a failed run with a line of its own, which says nothing here where one edge is all there was. */
function withoutNinjasEnd(output: Buffer): Buffer {
  const text = output.toString('latin1');
  const end = /^ninja: build stopped: .*\n?$/m.exec(text);
  if (!end || end.index + end[0].length !== text.length) return output;
  return output.subarray(0, end.index);
}

function unlinkIfThere(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
