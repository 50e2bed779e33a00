/**
 * Runs an edge's command on this machine as the client's own child, the way ninja would: through `/bin/sh`, both
 * streams in one, the response file before and the depfile read after. For compiles that stay local.
 */
import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, isAbsolute, join} from 'node:path';
import type {EdgeOutcome, Executor} from '../graph/executor.ts';
import type {EdgeId, Graph} from '../graph/graph.ts';
import type {Processes} from '../process.ts';
import {type DepfileDialect, parseDepfile} from '../toolchain/depfile.ts';

export interface LocalExecutorOptions {
  readonly graph: Graph;
  readonly directory: string;
  /** Where an edge's command runs. */
  readonly directoryOf: (edge: EdgeId) => string;
  readonly processes: Processes;
  readonly takeStamp: () => bigint;
  readonly depfileDialect: DepfileDialect;
  /** The nodes of files that a command has read, by their paths. */
  readonly nodesOf: (edge: EdgeId, paths: readonly string[]) => Int32Array;
  /** What becomes of a depfile: `take` it into the deps log and remove it, `read` it and leave it, or `leave` it. */
  readonly depfileUse: (edge: EdgeId) => 'take' | 'read' | 'leave';
  /** Why this edge is run here, if that is to be told. */
  readonly reasonOf: (edge: EdgeId) => string | undefined;
}

export class LocalExecutor implements Executor {
  readonly #options: LocalExecutorOptions;

  constructor(options: LocalExecutorOptions) {
    this.#options = options;
  }

  async run(edge: EdgeId, signal: AbortSignal): Promise<EdgeOutcome> {
    return this.runFor(edge, signal, this.#options.reasonOf(edge));
  }

  /** As {@link run}, with a reason that the caller knows. */
  async runFor(edge: EdgeId, signal: AbortSignal, localReason: string | undefined): Promise<EdgeOutcome> {
    const {graph, directoryOf, processes, takeStamp} = this.#options;
    const stamp = takeStamp();
    for (const out of graph.outs(edge)) {
      mkdirSync(dirname(this.#absolute(graph.path(out))), {recursive: true});
    }
    const rspfile = graph.text(edge, 'rspfile');
    if (rspfile !== '') {
      mkdirSync(dirname(this.#absolute(rspfile)), {recursive: true});
      writeFileSync(this.#absolute(rspfile), graph.text(edge, 'rspfileContent'));
    }
    const result = await processes.run('/bin/sh', ['-c', graph.text(edge, 'command')], {
      cwd: directoryOf(edge),
      stdio: 'capture',
      abortWith: 'interrupt',
      signal,
    });
    if (signal.aborted) {
      // As ninja does: what an interrupted command may have left half-written must not be taken for an output, whatever
      // the command says of it.
      for (const out of graph.outs(edge)) rmSync(this.#absolute(graph.path(out)), {force: true});
      this.#dropDepfile(edge);
      return {kind: 'cancelled'};
    }
    const failed = (output: Buffer): EdgeOutcome => ({
      kind: 'failed',
      place: 'local',
      output,
      exitCode: result.exitCode || 1,
      duration: result.duration,
      isReported: false,
    });
    if (result.exitCode !== 0) {
      this.#dropDepfile(edge);
      return failed(result.output);
    }
    let deps: Int32Array | undefined;
    const use = this.#options.depfileUse(edge);
    if (use !== 'leave') {
      const found = this.#readDepfile(edge, use);
      if (typeof found === 'string') return failed(Buffer.concat([result.output, Buffer.from(`${found}\n`)]));
      deps = found && this.#options.nodesOf(edge, found);
    }
    if (rspfile !== '') rmSync(this.#absolute(rspfile), {force: true});
    return {
      kind: 'done',
      place: 'local',
      record: {mtime: stamp, duration: result.duration, ...(deps ? {deps} : {})},
      output: result.output,
      ...(localReason === undefined ? {} : {localReason}),
    };
  }

  /** One that only the deps log is to get stays behind in no case. */
  #dropDepfile(edge: EdgeId): void {
    const depfile = this.#options.graph.text(edge, 'depfile');
    if (depfile !== '' && this.#options.depfileUse(edge) === 'take')
      rmSync(this.#absolute(depfile), {force: true});
  }

  /**
   * The inputs that a depfile names. One to be taken counts as empty where it is missing, as with ninja's `deps = gcc`;
   * one to be read is then no answer. A text is an error.
   */
  #readDepfile(edge: EdgeId, use: 'take' | 'read'): readonly string[] | string | undefined {
    const depfile = this.#options.graph.text(edge, 'depfile');
    if (depfile === '' && use === 'read') return undefined;
    if (depfile === '') return 'edge with deps=gcc but no depfile makes no sense';
    const file = this.#absolute(depfile);
    let bytes: Buffer;
    try {
      bytes = readFileSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return use === 'take' ? [] : undefined;
      throw error;
    }
    const parsed = bytes.length === 0 ? undefined : parseDepfile(bytes, this.#options.depfileDialect);
    if (parsed && !parsed.ok) return `${depfile}: ${parsed.text}`;
    if (use === 'take') rmSync(file, {force: true});
    return parsed?.ok ? parsed.inputs.map(path => this.#fromDirectory(edge, path)) : [];
  }

  /** A command names files from where it runs; the graph names them from the project's directory. */
  #fromDirectory(edge: EdgeId, path: string): string {
    const {directory, directoryOf} = this.#options;
    const place = directoryOf(edge);
    return place === directory || isAbsolute(path) ? path : `${place}/${path}`;
  }

  #absolute(path: string): string {
    return isAbsolute(path) ? path : join(this.#options.directory, path);
  }
}
