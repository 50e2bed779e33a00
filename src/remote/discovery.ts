/**
 * Everything that a compile has to find on a worker, found without preprocessing: the scanner's files, what flags name,
 * what the toolchain turned out to want, and the directories that must exist.
 */
import {dirname} from 'node:path';
import type {FileState} from '../graph/file-state.ts';
import type {Digest} from '../protocol/digest.ts';
import {askAssemblerInputs, askCompiler} from '../toolchain/ask-compiler.ts';
import {type AssemblyScan, AssemblyScanner} from '../toolchain/assembly-scan.ts';
import {type CompileCommand, wantedOutputs} from '../toolchain/compile-command.ts';
import {scanRequestOf, searchRequestOf} from '../toolchain/compile-search.ts';
import {isElfBytes} from '../toolchain/elf.ts';
import {IdSet} from '../toolchain/id-set.ts';
import type {ToolchainIdentity} from '../toolchain/identify.ts';
import type {ScanResult} from '../toolchain/include-scan.ts';
import {IncludeScanner} from '../toolchain/include-scanner.ts';
import {InputFiles} from '../toolchain/input-files.ts';
import {InputFinder, type Inputs} from '../toolchain/input-finder.ts';
import {KeptSearchLists} from '../toolchain/kept-search-lists.ts';
import {type SearchPath, SearchPaths} from '../toolchain/search-path.ts';

const FILE_TIME = /\b__TIMESTAMP__\b/;
const CLOCK = /\b__(?:DATE|TIME|TIMESTAMP)__\b/;
/** A larger file is no source, in bytes. */
const LARGEST_SOURCE = 64 << 20;

export interface DiscoveryRequest {
  readonly compile: CompileCommand;
  readonly identity: ToolchainIdentity;
  /** Where the command runs: its real path, and the name of it that PWD gives. */
  readonly directory: string;
  readonly pwd: string;
  /** The environment that the command would have here. */
  readonly env: NodeJS.ProcessEnv;
  /** Paths to be sent beyond what is found. */
  readonly more: readonly string[];
  /** When the epoch began, in ns, by the file system's clock. */
  readonly stamp: bigint;
}

export interface Gathered {
  /** Absolute paths; what is not there is left out. */
  readonly paths: readonly string[];
  readonly directories: readonly string[];
  /** As in {@link DiscoveryRequest}. */
  readonly stamp: bigint;
}

export interface Discovered {
  /** Files that may be read, and what they are at: a picture of one moment, however the disk changes. */
  readonly inputs: Inputs;
  /** Names in `#include`s that mean no file now. */
  readonly absentIncludes: readonly string[];
  /** Precompiled headers that the compiler might take. */
  readonly precompiled: readonly string[];
  /** Whether some file asks for the time of day. */
  readonly readsClock: boolean;
  /** Whether some file asks for the time of a file, which no variable fixes. */
  readonly readsFileTime: boolean;
}

export type DiscoveryOutcome =
  | {readonly kind: 'found'; readonly value: Discovered}
  /** The compiler itself finds fault, or an input is gone: only a run of the real command can tell the user. */
  | {readonly kind: 'unknown'}
  /** An assembler's source asks for what no worker has: the time of day, or a variable of the environment. */
  | {readonly kind: 'surroundings'};

export class Discovery {
  readonly #files: FileState;
  readonly #inputs = new InputFiles();
  readonly #searchPaths: SearchPaths;
  readonly #scanner: IncludeScanner;
  readonly #assemblyScanner: AssemblyScanner;
  readonly #finder: InputFinder;
  readonly #clockByDigest = new Map<Digest, boolean>();
  /** Milliseconds of CPU spent here so far. */
  cpu = 0;

  /** `cacheDir`: as for the identification of toolchains. */
  constructor(files: FileState, cacheDir: string) {
    this.#files = files;
    this.#searchPaths = new SearchPaths(new KeptSearchLists(cacheDir));
    this.#scanner = new IncludeScanner(files, this.#inputs);
    this.#assemblyScanner = new AssemblyScanner(files, this.#inputs);
    this.#finder = new InputFinder(files, this.#inputs);
  }

  async discover(request: DiscoveryRequest): Promise<DiscoveryOutcome> {
    if (request.compile.assembler !== undefined) return this.#discoverAssembly(request);
    const search = await this.#searchPath(request);
    if (!search) return {kind: 'unknown'};
    const began = process.cpuUsage();
    const {compile} = request;
    const scan = this.#scanner.scan(scanRequestOf(compile, search));
    if (scan.complete) return this.#counted(began, () => this.#assemble(request, scan, []));
    this.#count(began);
    const asked = await askCompiler({
      compile,
      program: request.identity.found,
      cwd: request.directory,
      env: request.env,
    });
    if (!asked) return {kind: 'unknown'};
    return this.#counted(process.cpuUsage(), () => this.#assemble(request, scan, asked));
  }

  /** Files and directories that are to travel, whatever they are for; undefined where one cannot. */
  collect({paths, directories, stamp}: Gathered): Inputs | undefined {
    return this.#counted(process.cpuUsage(), () => {
      const files = new IdSet();
      const places = [...directories];
      for (const path of paths) {
        const kind = this.#files.stat(path)?.kind;
        if (kind === 'file') files.add(this.#inputs.get(path).id);
        else if (kind === 'directory') places.push(path);
      }
      const found = this.#finder.find({files, directories: places, stamp});
      return found.ok ? found.value : undefined;
    });
  }

  async #discoverAssembly(request: DiscoveryRequest): Promise<DiscoveryOutcome> {
    const {compile, identity, directory, env, more} = request;
    const scan = (asked: readonly string[]): AssemblyScan =>
      this.#assemblyScanner.scan(compile, directory, [...more, ...asked]);
    let asked: readonly string[] = [];
    let found = this.#counted(process.cpuUsage(), () => scan(asked));
    if (!found.complete) {
      const answer = await askAssemblerInputs({compile, program: identity.found, cwd: directory, env});
      if (!answer) return {kind: 'unknown'};
      asked = answer.filter(path => this.#files.stat(path)?.kind === 'file');
      found = this.#counted(process.cpuUsage(), () => scan(asked));
    }
    if (found.asksSurroundings) return {kind: 'surroundings'};
    return this.#counted(process.cpuUsage(), () => this.#assemble(request, found, asked));
  }

  /** `asked`: what the compiler itself named. */
  #assemble(
    {compile, more, directory, pwd, stamp}: DiscoveryRequest,
    scan: ScanResult,
    asked: readonly string[],
  ): DiscoveryOutcome {
    const {files} = scan;
    const directories = [directory, pwd, ...scan.directories];
    const others = new Set(scan.data);
    for (const path of asked) others.add(this.#inputs.get(path).id);
    for (const path of more) {
      if (this.#files.stat(path)?.kind === 'directory') directories.push(path);
      else others.add(this.#inputs.get(path).id);
    }
    // Files that may be read as source and whose text the scanner has not seen.
    const data = new Set(scan.data);
    const unscanned = [...others]
      .filter(id => !files.has(id) && !data.has(id))
      .map(id => this.#inputs.at(id));
    for (const id of others) files.add(id);
    for (const output of wantedOutputs(compile))
      directories.push(dirname(absoluteIn(directory, output.path)));
    const inputs = this.#finder.find({files, directories, stamp});
    if (!inputs.ok) return {kind: 'unknown'};
    const readsClock =
      scan.clockFiles.length > 0 ||
      compile.macros.some(macro => CLOCK.test(macro.text)) ||
      unscanned.some(({path}) => this.#namesClock(path));
    const suspects = [...scan.clockFiles, ...unscanned.map(({path}) => path)];
    return {
      kind: 'found',
      value: {
        inputs: inputs.value,
        absentIncludes: scan.absentIncludes,
        precompiled: scan.precompiled,
        readsClock,
        readsFileTime: readsClock && this.#namesFileTime(compile, suspects),
      },
    };
  }

  /** Whether a file beyond the scanned ones, which the compiler or a worker had to name, asks for the time of day. */
  #namesClock(path: string): boolean {
    const digest = this.#files.digest(path);
    if (digest === undefined) return false;
    let names = this.#clockByDigest.get(digest);
    if (names === undefined) {
      const size = this.#files.stat(path)?.size ?? 0;
      names = size <= LARGEST_SOURCE && (this.#files.inspect(path, isClockText) ?? false);
      this.#clockByDigest.set(digest, names);
    }
    return names;
  }

  #namesFileTime(compile: CompileCommand, suspects: readonly string[]): boolean {
    const names = (bytes: Buffer) => FILE_TIME.test(bytes.toString('latin1'));
    return (
      compile.macros.some(macro => FILE_TIME.test(macro.text)) ||
      suspects.some(path => this.#files.inspect(path, names) ?? false)
    );
  }

  async #searchPath(request: DiscoveryRequest): Promise<SearchPath | undefined> {
    const {compile, identity, env, directory} = request;
    if (identity.kind !== 'gcc' && identity.kind !== 'clang') return undefined;
    const found = await this.#searchPaths.find(
      searchRequestOf(compile, {
        program: identity.found,
        family: identity.kind,
        toolchain: identity.digest,
        cwd: directory,
        env,
      }),
    );
    return found.ok ? found.value : undefined;
  }

  #counted<T>(began: NodeJS.CpuUsage, work: () => T): T {
    const done = work();
    this.#count(began);
    return done;
  }

  #count(began: NodeJS.CpuUsage): void {
    const spent = process.cpuUsage(began);
    this.cpu += (spent.user + spent.system) / 1000;
  }
}

/** A path of a command line, not cleaned. */
export function absoluteIn(directory: string, path: string): string {
  return path.startsWith('/') ? path : `${directory}/${path}`;
}

function isClockText(bytes: Buffer): boolean {
  // Programs and libraries may hold the names, and never ask.
  return !isElfBytes(bytes) && CLOCK.test(bytes.toString('latin1'));
}
