/** What a compile made, by a worker now or earlier, is put where the build wants it: outputs in place, and the record. */
import {lstatSync, readFileSync} from 'node:fs';
import type {EdgeOutcome} from '../graph/executor.ts';
import {EDGE_DEPS_GCC, EDGE_RESTAT, type EdgeId} from '../graph/graph.ts';
import {digestOf} from '../protocol/digest.ts';
import type {OutputBytes, OutputFile} from '../protocol/invocation.ts';
import {type DepfileDialect, parseDepfile} from '../toolchain/depfile.ts';
import {type Store, StoreError} from './cloud.ts';
import {absoluteIn} from './discovery.ts';
import {placing, StayLocal} from './fault.ts';
import type {Materialiser} from './materialise.ts';
import type {EdgeFacts, Prepared} from './prepared.ts';

export interface DeliveryOptions {
  readonly graph: EdgeFacts;
  readonly store: Store;
  readonly materialiser: Materialiser;
  readonly depfileDialect: DepfileDialect;
  readonly canonicalPath: (path: string) => string;
  /**
   * Where the record's dependencies come from: the depfile, which is then not put in place, or what the compiler opened,
   * with the depfile left to whoever reads it.
   */
  readonly depsFrom: 'depfile' | 'observed';
  /** The nodes of files that a compile has read, by the names that the compiler gives them. */
  readonly nodesOf: (edge: EdgeId, paths: readonly string[]) => Int32Array;
  readonly warn: (text: string) => void;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #warnedDepfiles = new Set<string>();

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** What the compiler said. @throws StoreError */
  async textOf({stdout, stderr}: {stdout: OutputBytes; stderr: OutputBytes}): Promise<Buffer> {
    return Buffer.concat([await this.bytesOf(stdout), await this.bytesOf(stderr)]);
  }

  /** Puts the outputs in place, all but a depfile that only the deps log is to get; answers that one's bytes. */
  async place(prepared: Prepared, outputs: readonly OutputFile[]): Promise<Buffer | undefined> {
    const {materialiser, graph, depsFrom, canonicalPath} = this.#options;
    const {edge} = prepared;
    // Manifest and command may spell it in two ways.
    const placeOf = (path: string) => canonicalPath(absoluteIn(prepared.directory, path));
    const isTaken = depsFrom === 'depfile' && graph.has(edge, EDGE_DEPS_GCC);
    const taken = isTaken ? placeOf(graph.text(edge, 'depfile')) : undefined;
    const wanted = new Set(prepared.outputs.map(({path}) => path));
    let depfile: Buffer | undefined;
    const files: {path: string; bytes: Buffer; executable: boolean}[] = [];
    for (const output of outputs) {
      // A result that others have made may say anything.
      if (!wanted.has(output.path))
        throw new StoreError(
          'blob-corrupt',
          `a result has '${output.path}', which its command does not make`,
        );
      const path = absoluteIn(prepared.directory, output.path);
      const bytes = await this.bytesOf(output);
      if (placeOf(output.path) === taken) depfile = bytes;
      else files.push({path, bytes, executable: output.executable});
    }
    // What is named first is what others go by, ninja and make by its time: it comes last.
    for (const {path, bytes, executable} of files.reverse()) {
      if (graph.has(edge, EDGE_RESTAT) && isThere(path, bytes, executable)) continue;
      placing(() => materialiser.write(path, bytes, executable));
    }
    return depfile;
  }

  done(
    prepared: Prepared,
    run: {
      place: 'remote' | 'cached';
      output: Buffer;
      depfile: Buffer | undefined;
      /** Answers the files that the compiler opened. */
      read: () => readonly string[];
      stamp: bigint;
      duration: number;
    },
  ): EdgeOutcome {
    const {graph, depsFrom, nodesOf} = this.#options;
    const {edge} = prepared;
    const record = {mtime: run.stamp, duration: run.duration};
    const done = {kind: 'done', place: run.place, output: run.output} as const;
    if (!graph.has(edge, EDGE_DEPS_GCC)) return {...done, record};
    if (depsFrom === 'observed') return {...done, record: {...record, deps: nodesOf(edge, run.read())}};
    const parsed =
      run.depfile && run.depfile.length > 0
        ? parseDepfile(run.depfile, this.#options.depfileDialect)
        : undefined;
    if (parsed && !parsed.ok) throw new StayLocal('depfile-unreadable');
    if (!parsed)
      this.#warnOfDepfile(edge, 'is not written by the command, so that changed headers go unnoticed');
    return {...done, record: {...record, deps: nodesOf(edge, parsed?.inputs ?? [])}};
  }

  #warnOfDepfile(edge: EdgeId, what: string): void {
    const rule = this.#options.graph.text(edge, 'rule');
    if (this.#warnedDepfiles.has(rule)) return;
    this.#warnedDepfiles.add(rule);
    this.#options.warn(`depfile '${this.#options.graph.text(edge, 'depfile')}' ${what}`);
  }

  /** @throws StoreError */
  async bytesOf(output: OutputBytes): Promise<Buffer> {
    if (output.size === 0) return Buffer.alloc(0);
    const {inline, digest} = output;
    if (inline === undefined) return this.#options.store.get(digest);
    if (digestOf(inline) !== digest) throw new StoreError('blob-corrupt', 'an output was damaged on its way');
    return inline;
  }
}

/** Who follows an edge of ninja's `restat` need not run again then. */
function isThere(path: string, bytes: Buffer, executable: boolean): boolean {
  try {
    const mode = lstatSync(path).mode & 0o111;
    return (mode !== 0) === executable && readFileSync(path).equals(bytes);
  } catch {
    return false;
  }
}
