/**
 * Runs a compiler for its own sake: to ask it what it is, and to see what it looks at. It knows nothing of the user's
 * sources; every run works in a temporary folder of its own.
 */
import {execFile} from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {
  emptyRecordHeader,
  type PathRecord,
  parseRecords,
  RECORD_HEADER,
  recordEnd,
} from '../protocol/path-record.ts';

/** Of the file that takes a record, in bytes: more than any tiny compile looks at. */
const RECORD_SIZE = 1 << 24;

/** Variables by which a compiler finds its own parts; what a run sees besides them is set by us. */
const PARTS = ['PATH', 'GCC_EXEC_PREFIX', 'COMPILER_PATH', 'LD_LIBRARY_PATH', 'CCC_OVERRIDE_OPTIONS'];

export type Environment = Readonly<Record<string, string | undefined>>;

/** The part of an environment that decides which files a compiler consists of. */
export function partsEnvironment(env: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of PARTS) {
    const value = env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

export interface RunEnd {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A compiler with a temporary folder to work in; `close` deletes the folder. */
export class CompilerBench {
  readonly directory: string;
  readonly #program: string;
  readonly #argv0: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(program: {readonly path: string; readonly argv0: string}, env: Environment) {
    this.directory = temporaryFolder();
    this.#program = program.path;
    this.#argv0 = program.argv0;
    this.#env = partsEnvironment(env);
  }

  close(): void {
    rmSync(this.directory, {recursive: true, force: true});
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }

  /** A failing compile is an answer; status 127 means that the compiler could not be started. */
  run(args: readonly string[], extra: Readonly<Record<string, string>> = {LC_ALL: 'C'}): Promise<RunEnd> {
    const env = {...this.#env, TMPDIR: this.directory, ...extra};
    return new Promise(resolve => {
      const options = {
        cwd: this.directory,
        env,
        argv0: this.#argv0,
        maxBuffer: 1 << 26,
        encoding: 'utf8',
      } as const;
      execFile(this.#program, args, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        resolve({status: typeof code === 'number' ? code : 127, stdout, stderr});
      });
    });
  }

  /** As `run`, with everything that the compiler and its children looked at. `preload`: the compiled library. */
  async watch(
    args: readonly string[],
    preload: string,
  ): Promise<RunEnd & {readonly records: readonly PathRecord[]}> {
    const file = join(this.directory, 'record');
    writeFileSync(file, emptyRecordHeader());
    truncateSync(file, RECORD_SIZE);
    const end = await this.run(args, {
      LC_ALL: 'C',
      LD_PRELOAD: preload,
      LLAMA_SHIM: preload,
      LLAMA_TRACE: file,
    });
    return {...end, records: parseRecords(readEntries(file))};
  }
}

/** Compilers pass over a TMPDIR that is not there, too. */
function temporaryFolder(): string {
  try {
    return realpathSync(mkdtempSync(join(tmpdir(), 'llama-compiler-')));
  } catch (error) {
    if (tmpdir() === '/tmp') throw error;
    return realpathSync(mkdtempSync('/tmp/llama-compiler-'));
  }
}

/** The used part alone: the file is far larger than what most runs write, and a hole behind that. */
function readEntries(file: string): Buffer {
  const record = openSync(file, 'r');
  try {
    const header = Buffer.alloc(RECORD_HEADER);
    readSync(record, header, 0, RECORD_HEADER, 0);
    const entries = Buffer.alloc(Math.min(recordEnd(header), RECORD_SIZE) - RECORD_HEADER);
    readSync(record, entries, 0, entries.length, RECORD_HEADER);
    return entries;
  } finally {
    closeSync(record);
  }
}
