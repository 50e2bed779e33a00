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
import type {ToolchainIdentity} from '../toolchain/identify.ts';
import {IncludeScanner} from '../toolchain/include-scanner.ts';
import {InputTrees} from '../toolchain/input-tree.ts';
import type {Language} from '../toolchain/language.ts';
import {type SearchPath, SearchPaths} from '../toolchain/search-path.ts';

const CLOCK = /\b__(?:DATE|TIME|TIMESTAMP)__\b/;
/** First bytes of every program and library. */
const ELF = 0x7f454c46;

export interface DiscoveryRequest {
  readonly compile: CompileCommand;
  readonly identity: ToolchainIdentity;
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
}

export type DiscoveryOutcome =
  | {readonly kind: 'found'; readonly value: Discovered}
  /** The compiler itself finds fault, or an input is gone: only a run of the real command can tell the user. */
  | {readonly kind: 'unknown'};

export class Discovery {
  readonly #directory: string;
  readonly #pwd: string;
  readonly #files: FileState;
  readonly #searchPaths = new SearchPaths();
  readonly #scanner: IncludeScanner;
  readonly #trees: InputTrees;
  readonly #clockByDigest = new Map<Digest, boolean>();
  /** Milliseconds of CPU spent here so far. */
  cpu = 0;

  constructor(options: {directory: string; pwd: string; files: FileState}) {
    this.#directory = options.directory;
    this.#pwd = options.pwd;
    this.#files = options.files;
    this.#scanner = new IncludeScanner(options.files);
    this.#trees = new InputTrees(options.files);
  }

  async discover(request: DiscoveryRequest): Promise<DiscoveryOutcome> {
    const search = await this.#searchPath(request);
    if (!search) return {kind: 'unknown'};
    const began = process.cpuUsage();
    const {compile} = request;
    const scan = this.#scanner.scan({
      source: compile.source,
      language: languageFlag(compile.language),
      search,
      forcedIncludes: compile.forcedIncludes.map(include => include.path),
      defines: compile.macros.filter(macro => macro.kind === 'define').map(macro => macro.text),
      extraFiles: compile.extraInputs,
    });
    this.#count(began);
    let files = scan.files;
    if (!scan.complete) {
      const asked = await askCompiler({
        compile,
        program: request.identity.found,
        cwd: this.#directory,
        env: request.env,
      });
      if (!asked) return {kind: 'unknown'};
      files = [...new Set([...files, ...asked])];
    }
    return this.#assemble(request, {...scan, files, scanned: scan.files});
  }

  #assemble(
    {compile, more}: DiscoveryRequest,
    scan: Pick<Discovered, 'files' | 'absentIncludes' | 'precompiled'> & {
      directories: readonly string[];
      clockFiles: readonly string[];
      /** Those of the files whose text the scanner has seen. */
      scanned: readonly string[];
    },
  ): DiscoveryOutcome {
    const began = process.cpuUsage();
    const files = [...scan.files];
    const directories = [this.#directory, this.#pwd, ...scan.directories];
    for (const path of more) {
      if (this.#files.stat(path)?.kind === 'directory') directories.push(path);
      else files.push(path);
    }
    for (const output of wantedOutputs(compile)) directories.push(dirname(this.absolute(output.path)));
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
        readsClock:
          scan.clockFiles.length > 0 ||
          compile.macros.some(macro => CLOCK.test(macro.text)) ||
          this.#namesClock(files, scan.scanned),
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

  /** A path of the command line, not cleaned. */
  absolute(path: string): string {
    return path.startsWith('/') ? path : `${this.#directory}/${path}`;
  }

  async #searchPath({compile, identity, env}: DiscoveryRequest): Promise<SearchPath | undefined> {
    const of = (flag: string) =>
      compile.search.filter(search => search.flag === flag).map(search => search.path);
    const found = await this.#searchPaths.find({
      compiler: identity.found,
      family: identity.kind,
      language: languageFlag(compile.language),
      cwd: this.#directory,
      env,
      baseFlags: compile.builtinFlags,
      quote: of('-iquote'),
      angle: of('-I'),
      system: of('-isystem'),
      after: of('-idirafter'),
      embed: of('--embed-dir'),
    });
    return found.ok ? found.value : undefined;
  }

  #count(began: NodeJS.CpuUsage): void {
    const spent = process.cpuUsage(began);
    this.cpu += (spent.user + spent.system) / 1000;
  }
}

function isClockText(bytes: Buffer): boolean {
  // Programs and libraries may hold the names, and never ask.
  return (bytes.length < 4 || bytes.readUInt32BE(0) !== ELF) && CLOCK.test(bytes.toString('latin1'));
}

/** As `-x` takes it. */
function languageFlag(language: Language): string {
  if (language === 'asm') return 'assembler';
  return language === 'asm-cpp' ? 'assembler-with-cpp' : language;
}
