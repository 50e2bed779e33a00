/**
 * Tells ninja's logs what was built. While a build runs only the journal grows; {@link Recorder.flush} appends to the
 * logs, dependencies first, and empties the journal. Whatever is in doubt is not recorded: ninja then builds it again,
 * which is right.
 */
import {mkdirSync, statSync} from 'node:fs';
import {dirname, isAbsolute, join} from 'node:path';
import type {BuildRecords} from '../../graph/build-records.ts';
import type {EdgeRecord} from '../../graph/executor.ts';
import {EDGE_DEPS_GCC, EDGE_DEPS_MSVC, type EdgeId, type Graph} from '../../graph/graph.ts';
import {appendBuildLog, type BuildLogVersion, buildLogVersion} from './build-log.ts';
import {appendDepsLog, type DepsLogVersion} from './deps-log.ts';
import {describeOutput, Journal, type JournalEntry, readJournal} from './journal.ts';

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
  /** Told what could not be recorded, and why. */
  readonly onProblem: (text: string) => void;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #pending: JournalEntry[];
  readonly #journal: Journal;
  readonly #began = performance.now();

  /** Takes over what an earlier build left in the journal, into the records at once and into the logs at the flush. */
  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#pending = readJournal(options.files.journal).filter(entry => this.#stillHolds(entry));
    this.#journal = new Journal(options.files.journal);
    for (const entry of this.#pending) {
      this.#enter(entry);
      this.#adopt(entry);
    }
  }

  get takenOver(): number {
    return this.#pending.length;
  }

  /** Prereq: the outputs are in place. */
  record(edge: EdgeId, record: EdgeRecord): void {
    const {graph, directory} = this.#options;
    const end = Math.round(performance.now() - this.#began);
    const hasDeps = graph.has(edge, EDGE_DEPS_GCC) || graph.has(edge, EDGE_DEPS_MSVC);
    const entry: JournalEntry = {
      outputs: Array.from(graph.outs(edge), node => {
        const path = graph.path(node);
        return describeOutput(path, isAbsolute(path) ? path : join(directory, path));
      }),
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
  #enter(entry: JournalEntry): void {
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
    const {files, onProblem} = this.#options;
    const version = buildLogVersion(files.buildLog);
    if (version !== 'absent' && version !== files.buildLogVersion) {
      const found = version === 'unknown' ? 'an unknown version' : `version ${version}`;
      onProblem(
        `nothing was recorded: ${files.buildLog} is of ${found}, this ninja writes version ${files.buildLogVersion}; a plain ninja will build again what was built here`,
      );
      return false;
    }
    mkdirSync(dirname(files.buildLog), {recursive: true});
    const withDeps = this.#pending.filter(entry => entry.deps);
    if (withDeps.length > 0) {
      const outcome = appendDepsLog(
        files.depsLog,
        files.depsLogVersion,
        withDeps.flatMap(entry =>
          entry.outputs.map(({path, mtime}) => ({output: path, mtime, ins: entry.deps ?? []})),
        ),
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
      this.#pending.flatMap(entry =>
        entry.outputs.map(({path}) => ({
          output: path,
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

  #adopt(entry: JournalEntry): void {
    const {graph, records} = this.#options;
    const deps = entry.deps && Int32Array.from(entry.deps, path => graph.intern(path));
    for (const output of entry.outputs) {
      const node = graph.intern(output.path);
      records.setLog(node, {mtime: entry.mtime, hash: entry.hash, duration: entry.end - entry.start});
      if (deps) records.setDeps(node, output.mtime, deps);
    }
  }

  /** Whether an entry of an earlier build still tells of the files that are there, and is news. */
  #stillHolds(entry: JournalEntry): boolean {
    const {graph, records, directory} = this.#options;
    return entry.outputs.every(output => {
      const node = graph.find(output.path);
      if (node === undefined) return false;
      const edge = graph.producer(node);
      if (edge < 0) return false;
      const {commandHash} = graph.arrays;
      if (commandHash[2 * edge] !== entry.hash[0] || commandHash[2 * edge + 1] !== entry.hash[1])
        return false;
      if (records.logMtime(node) >= entry.mtime) return false;
      const now = statSync(isAbsolute(output.path) ? output.path : join(directory, output.path), {
        bigint: true,
        throwIfNoEntry: false,
      });
      return (
        now !== undefined &&
        now.mtimeNs === output.mtime &&
        Number(now.size) === output.size &&
        Number(now.ino) === output.inode
      );
    });
  }
}

/** Without the path, which is named already. */
function faultText(error: unknown): string {
  return (error as Error).message.replace(/, \w+( '.*)?$/s, '');
}
