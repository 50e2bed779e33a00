/**
 * Everything that a compile has to find on a worker, found without preprocessing: the scanner's files, what flags name,
 * what the toolchain turned out to want, and the directories that must exist.
 */
import {dirname} from 'node:path';
import type {FileState} from '../graph/file-state.ts';
import type {Digest} from '../protocol/digest.ts';
import type {Tree} from '../protocol/tree.ts';
import {askCompiler} from '../toolchain/ask-compiler.ts';
import {type CompileCommand, wantedOutputs} from '../toolchain/compile-command.ts';
import {scanRequestOf, searchRequestOf} from '../toolchain/compile-search.ts';
import type {ToolchainIdentity} from '../toolchain/identify.ts';
import {IncludeScanner} from '../toolchain/include-scanner.ts';
import {InputTrees} from '../toolchain/input-tree.ts';
import {type SearchPath, SearchPaths} from '../toolchain/search-path.ts';

const FILE_TIME = /\b__TIMESTAMP__\b/;
const CLOCK = /\b__(?:DATE|TIME|TIMESTAMP)__\b/;
/** First bytes of every program and library. */
const ELF = 0x7f454c46;

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
}

export interface Discovered {
  readonly tree: Tree;
  /** What is sent under each path as the compiler opens it. */
  readonly sent: ReadonlyMap<string, Digest>;
  /** Where the bytes of each blob are. */
  readonly sources: ReadonlyMap<Digest, string>;
  /** Files that may be read, as the compiler would open them. */
  readonly files: readonly string[];
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
  | {readonly kind: 'unknown'};

export class Discovery {
  readonly #files: FileState;
  readonly #searchPaths = new SearchPaths();
  readonly #scanner: IncludeScanner;
  readonly #trees: InputTrees;
  readonly #clockByDigest = new Map<Digest, boolean>();
  /** Milliseconds of CPU spent here so far. */
  cpu = 0;

  constructor(files: FileState) {
    this.#files = files;
    this.#scanner = new IncludeScanner(files);
    this.#trees = new InputTrees(files);
  }

  async discover(request: DiscoveryRequest): Promise<DiscoveryOutcome> {
    const search = await this.#searchPath(request);
    if (!search) return {kind: 'unknown'};
    const began = process.cpuUsage();
    const {compile} = request;
    const scan = this.#scanner.scan(scanRequestOf(compile, search));
    this.#count(began);
    let files = scan.files;
    if (!scan.complete) {
      const asked = await askCompiler({
        compile,
        program: request.identity.found,
        cwd: request.directory,
        env: request.env,
      });
      if (!asked) return {kind: 'unknown'};
      files = [...new Set([...files, ...asked])];
    }
    return this.#assemble(request, {...scan, files, scanned: scan.files});
  }

  #assemble(
    {compile, more, directory, pwd}: DiscoveryRequest,
    scan: Pick<Discovered, 'files' | 'absentIncludes' | 'precompiled'> & {
      directories: readonly string[];
      clockFiles: readonly string[];
      /** Those of the files whose text the scanner has seen. */
      scanned: readonly string[];
    },
  ): DiscoveryOutcome {
    const began = process.cpuUsage();
    const files = [...scan.files];
    const directories = [directory, pwd, ...scan.directories];
    for (const path of more) {
      if (this.#files.stat(path)?.kind === 'directory') directories.push(path);
      else files.push(path);
    }
    for (const output of wantedOutputs(compile))
      directories.push(dirname(absoluteIn(directory, output.path)));
    const tree = this.#trees.build({files, directories});
    if (!tree.ok) return {kind: 'unknown'};
    const sent = new Map<string, Digest>();
    const sources = new Map<Digest, string>();
    for (const path of files) {
      const digest = this.#files.digest(path);
      if (digest === undefined) return {kind: 'unknown'};
      sent.set(path, digest);
      sources.set(digest, path);
    }
    const readsClock =
      scan.clockFiles.length > 0 ||
      compile.macros.some(macro => CLOCK.test(macro.text)) ||
      this.#namesClock(files, scan.scanned);
    this.#count(began);
    return {
      kind: 'found',
      value: {
        tree: tree.value,
        sent,
        sources,
        files,
        absentIncludes: scan.absentIncludes,
        precompiled: scan.precompiled,
        readsClock,
        readsFileTime: readsClock && this.#namesFileTime(compile, files, scan),
      },
    };
  }

  /** Whether a file beyond the scanned ones, which the compiler or a worker had to name, asks for the time of day. */
  #namesClock(files: readonly string[], scanned: readonly string[]): boolean {
    if (files.length === scanned.length) return false;
    const seen = new Set(scanned);
    return files.some(path => {
      if (seen.has(path)) return false;
      const digest = this.#files.digest(path);
      if (digest === undefined) return false;
      let names = this.#clockByDigest.get(digest);
      if (names === undefined) {
        names = this.#files.inspect(path, isClockText) ?? false;
        this.#clockByDigest.set(digest, names);
      }
      return names;
    });
  }

  #namesFileTime(
    compile: CompileCommand,
    files: readonly string[],
    {clockFiles, scanned}: {readonly clockFiles: readonly string[]; readonly scanned: readonly string[]},
  ): boolean {
    const seen = new Set(scanned);
    const suspects = [...clockFiles, ...files.filter(path => !seen.has(path))];
    const names = (bytes: Buffer) => FILE_TIME.test(bytes.toString('latin1'));
    return (
      compile.macros.some(macro => FILE_TIME.test(macro.text)) ||
      suspects.some(path => this.#files.inspect(path, names) ?? false)
    );
  }

  async #searchPath(request: DiscoveryRequest): Promise<SearchPath | undefined> {
    const {compile, identity, env, directory} = request;
    const found = await this.#searchPaths.find(
      searchRequestOf(compile, {program: identity.found, family: identity.kind, cwd: directory, env}),
    );
    return found.ok ? found.value : undefined;
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
  return (bytes.length < 4 || bytes.readUInt32BE(0) !== ELF) && CLOCK.test(bytes.toString('latin1'));
}
