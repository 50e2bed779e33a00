/**
 * Tells ninja's logs what was built. While a build runs only the journal grows; {@link Recorder.flush} appends to the
 * logs, dependencies first, and empties the journal. Whatever is in doubt is not recorded: ninja then builds it again,
 * which is right.
 */
import {mkdirSync} from 'node:fs';
import {dirname, isAbsolute, join} from 'node:path';
import {type BuildRecords, NO_ENTRY} from '../../graph/build-records.ts';
import type {EdgeRecord} from '../../graph/executor.ts';
import {EDGE_DEPS_GCC, EDGE_DEPS_MSVC, type EdgeId, type Graph, type NodeId} from '../../graph/graph.ts';
import {appendBuildLog, type BuildLogVersion, buildLogVersion} from './build-log.ts';
import {appendDepsLog, type DepsLogVersion} from './deps-log.ts';
import {DepsLogIndex} from './deps-log-index.ts';
import {fileStamp} from './file-stamp.ts';
import {describeOutput, Journal, type JournalEntry, type JournalOutput, readJournal} from './journal.ts';

export interface LogFiles {
  /** Absolute paths. */
  readonly buildLog: string;
  readonly depsLog: string;
  readonly journal: string;
  readonly buildLogVersion: BuildLogVersion;
  readonly depsLogVersion: DepsLogVersion;
}

export interface RecorderOptions {
  readonly graph: Graph;
  readonly records: BuildRecords;
  readonly directory: string;
  readonly files: LogFiles;
  /** Of the deps log as the records tell it. */
  readonly depsIndex?: DepsLogIndex | undefined;
  /** Told what could not be recorded, and why. */
  readonly onProblem: (text: string) => void;
}

/** As the graph names its files. */
type Entry = JournalEntry<NodeId>;

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #pending: Entry[];
  readonly #journal: Journal<NodeId>;
  readonly #depsIndex: DepsLogIndex;
  readonly #began = performance.now();
  readonly #started = new Set<EdgeId>();
  readonly #placeOf = (node: NodeId) => this.#absolute(this.#options.graph.path(node));
  /** Of the logs while only this recorder has written to them. */
  #stamps: readonly string[] | undefined;

  /** Takes over what an earlier build left in the journal, into the records at once and into the logs at the flush. */
  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#stamps = this.#stampsNow();
    const {graph, files} = options;
    this.#depsIndex = options.depsIndex ?? new DepsLogIndex(graph);
    // What does not hold leaves no nodes behind.
    this.#pending = readJournal(files.journal)
      .filter(entry => this.#stillHolds(entry))
      .map(entry => inGraph(entry, graph));
    this.#journal = new Journal(files.journal, node => graph.path(node));
    for (const entry of this.#pending) {
      this.#enter(entry);
      this.#adopt(entry);
    }
  }

  /** Whether there is something that ninja's logs do not tell yet. */
  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  get takenOver(): number {
    return this.#pending.length;
  }

  /** Of the logs as the records tell them; undefined where somebody else has written to them meanwhile. */
  get logStamps(): readonly string[] | undefined {
    return this.#isAlone() ? this.#stamps : undefined;
  }

  /**
   * Before a command changes its outputs: what the log has of them counts no more, whatever becomes of the command and
   * of us. Dependencies in the deps log say so by themselves, being older than the outputs.
   */
  start(edge: EdgeId): void {
    const {graph, records, files} = this.#options;
    if (graph.has(edge, EDGE_DEPS_GCC) || graph.has(edge, EDGE_DEPS_MSVC) || this.#started.has(edge)) return;
    this.#started.add(edge);
    const recorded = [...graph.outs(edge)].filter(node => records.logMtime(node) !== NO_ENTRY);
    if (recorded.length === 0) return;
    const nothing = {mtime: 0n, hash: [0, 0] as const};
    for (const node of recorded) records.setLog(node, {...nothing, duration: records.duration(node)});
    this.#writeAlone(() => {
      if (buildLogVersion(files.buildLog) !== files.buildLogVersion) return;
      const lines = recorded.map(node => ({...nothing, output: graph.path(node), start: 0, end: 0}));
      appendBuildLog(files.buildLog, files.buildLogVersion, lines);
    });
  }

  /** Prereq: the outputs are in place. */
  record(edge: EdgeId, record: EdgeRecord): void {
    const {graph} = this.#options;
    const end = Math.round(performance.now() - this.#began);
    const hasDeps = graph.has(edge, EDGE_DEPS_GCC) || graph.has(edge, EDGE_DEPS_MSVC);
    const entry: Entry = {
      outputs: Array.from(graph.outs(edge), node => describeOutput(node, this.#placeOf(node))),
      hash: [graph.arrays.commandHash[2 * edge]!, graph.arrays.commandHash[2 * edge + 1]!],
      mtime: record.mtime,
      start: Math.max(0, end - Math.round(record.duration)),
      end,
      ...(hasDeps && record.deps ? {deps: record.deps} : {}),
    };
    this.#enter(entry);
    this.#pending.push(entry);
    this.#adopt(entry);
  }

  /** Without the journal a crash would lose what was built; the build itself goes on. */
  #enter(entry: Entry): void {
    try {
      this.#journal.append(entry);
    } catch (error) {
      const {files, onProblem} = this.#options;
      onProblem(
        `cannot write to ${files.journal} (${faultText(error)}): if this build is killed, what it has finished will be built again`,
      );
    }
  }

  /**
   * Puts into ninja's logs what is not there yet, and answers whether they tell everything now. Prereq: no ninja works
   * in the directory.
   */
  flush(): boolean {
    if (this.#pending.length === 0) return true;
    try {
      return this.#append();
    } catch (error) {
      if (typeof (error as NodeJS.ErrnoException).syscall !== 'string') throw error;
      const {buildLog} = this.#options.files;
      this.#options.onProblem(
        `cannot record what was built in ${dirname(buildLog)} (${faultText(error)}): the next llama build records it, or builds it again; a plain ninja builds it again`,
      );
      return false;
    }
  }

  /** @throws the file system's error; ninja's logs then have all of it, or hold what they held. */
  #append(): boolean {
    const wasAlone = this.#isAlone();
    if (!wasAlone) this.#depsIndex.settle(undefined);
    // Another ninja that worked here meanwhile may have made an output anew, and recorded that.
    const isDone = this.#write(
      wasAlone ? this.#pending : this.#pending.filter(({outputs}) => this.#areThere(outputs, this.#placeOf)),
    );
    this.#stamps = wasAlone ? this.#stampsNow() : undefined;
    return isDone;
  }

  #write(pending: readonly Entry[]): boolean {
    const {graph, files, onProblem} = this.#options;
    const version = buildLogVersion(files.buildLog);
    if (version !== 'absent' && version !== files.buildLogVersion) {
      const found = version === 'unknown' ? 'an unknown version' : `version ${version}`;
      onProblem(
        `nothing was recorded: ${files.buildLog} is of ${found}, this ninja writes version ${files.buildLogVersion}; a plain ninja will build again what was built here`,
      );
      return false;
    }
    mkdirSync(dirname(files.buildLog), {recursive: true});
    const withDeps = pending.filter(entry => entry.deps);
    if (withDeps.length > 0) {
      const outcome = appendDepsLog(
        files.depsLog,
        files.depsLogVersion,
        withDeps.flatMap(entry =>
          entry.outputs.map(({file, mtime}) => ({output: file, mtime, ins: entry.deps ?? []})),
        ),
        this.#depsIndex,
      );
      if (outcome !== 'appended') {
        onProblem(
          outcome === 'unknown-format'
            ? `nothing was recorded: ${files.depsLog} has a format that is not known here; a plain ninja will build again what was built here`
            : `nothing was recorded: ${files.depsLog} did not hold what was written to it and was restored; a plain ninja will build again what was built here`,
        );
        return false;
      }
    }
    appendBuildLog(
      files.buildLog,
      files.buildLogVersion,
      pending.flatMap(entry =>
        entry.outputs.map(({file}) => ({
          output: graph.path(file),
          start: entry.start,
          end: entry.end,
          mtime: entry.mtime,
          hash: entry.hash,
        })),
      ),
    );
    this.#pending.length = 0;
    this.#journal.clear();
    return true;
  }

  close(): void {
    this.#journal.close();
  }

  #adopt(entry: Entry): void {
    const {records} = this.#options;
    const deps = entry.deps && Int32Array.from(entry.deps);
    for (const {file: node, mtime} of entry.outputs) {
      records.setLog(node, {mtime: entry.mtime, hash: entry.hash, duration: entry.end - entry.start});
      if (deps) records.setDeps(node, mtime, deps);
    }
  }

  /**
   * Whether an entry of an earlier build is news, and tells of the files that are there. Its command may be another than
   * the manifest's: just then the logs must tell it.
   */
  #stillHolds(entry: JournalEntry<string>): boolean {
    const {graph, records} = this.#options;
    const isNews = entry.outputs.every(({file}) => {
      const node = graph.find(file);
      if (node === undefined) return true;
      const recorded = records.logMtime(node);
      return (
        recorded < entry.mtime ||
        (recorded === entry.mtime && !records.logHashEquals(node, entry.hash[0], entry.hash[1]))
      );
    });
    return isNews && this.#areThere(entry.outputs, path => this.#absolute(path));
  }

  /** Whether the outputs are the files that the entry tells of. */
  #areThere<P>(outputs: readonly JournalOutput<P>[], placeOf: (file: P) => string): boolean {
    return outputs.every(output => {
      const now = describeOutput(output.file, placeOf(output.file));
      return now.mtime === output.mtime && now.size === output.size && now.inode === output.inode;
    });
  }

  #absolute(path: string): string {
    return isAbsolute(path) ? path : join(this.#options.directory, path);
  }

  /** Writes to a log ahead of the flush. A fault is nothing new: the flush meets it again, and tells of it. */
  #writeAlone(write: () => void): void {
    const wasAlone = this.#isAlone();
    try {
      write();
    } catch (error) {
      if (typeof (error as NodeJS.ErrnoException).syscall !== 'string') throw error;
    }
    this.#stamps = wasAlone ? this.#stampsNow() : undefined;
  }

  #isAlone(): boolean {
    return this.#stamps !== undefined && this.#stamps.join() === this.#stampsNow().join();
  }

  #stampsNow(): string[] {
    const {buildLog, depsLog} = this.#options.files;
    return [buildLog, depsLog].map(fileStamp);
  }
}

function inGraph({outputs, deps, ...rest}: JournalEntry<string>, graph: Graph): Entry {
  return {
    ...rest,
    outputs: outputs.map(output => ({...output, file: graph.intern(output.file)})),
    ...(deps && {deps: Int32Array.from(deps as readonly string[], path => graph.intern(path))}),
  };
}

/** Without the path, which is named already. */
function faultText(error: unknown): string {
  return (error as Error).message.replace(/, \w+( '.*)?$/s, '');
}
