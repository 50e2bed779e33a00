/**
 * What an edge declares that its command reads: its inputs, groups of them passed through, what its words name, and where
 * it writes a depfile also what it read the last time and what its inputs include by their text.
 */
import type {FileState} from '../../graph/file-state.ts';
import type {EdgeId, Graph, NodeId} from '../../graph/graph.ts';
import {type Digest, digestOf} from '../../protocol/digest.ts';
import type {WantedOutput} from '../../protocol/invocation.ts';
import {QuotedNames} from '../../toolchain/quoted-names.ts';
import type {ToolCommand} from '../../toolchain/tool-command.ts';
import type {ToolRuntime} from '../../toolchain/tool-runtime.ts';
import {absoluteIn} from '../discovery.ts';
import type {MadeFile} from '../prepared.ts';
import {ToolLibraries} from './tool-libraries.ts';

export interface ToolInputsOptions {
  readonly graph: Graph;
  readonly directory: string;
  readonly files: FileState;
  readonly canonicalPath: (path: string) => string;
  readonly recordedInputs: (edge: EdgeId) => readonly string[];
}

/** All paths absolute and cleaned. */
export interface DeclaredInputs {
  /** Explicit and implicit inputs, and what the command names. */
  readonly own: readonly string[];
  /** What has to be there first, and may be read. */
  readonly first: readonly string[];
  /** Directories that the command names. */
  readonly directories: readonly string[];
  /** What travels in any case: the program itself. */
  readonly program: readonly string[];
  /** Libraries of the programs among `own`, which nobody declares. */
  readonly libraries: readonly string[];
  readonly outputs: ReadonlySet<string>;
  readonly made: readonly MadeFile[];
  /** Whether it tells itself what it has read. */
  readonly hasDepfile: boolean;
  readonly recorded: readonly string[];
}

/** A larger input is sent when it is asked for, in bytes: what a command declares and does not read are libraries, most often. */
const LARGEST_UNASKED = 32 << 20;

export class ToolInputs {
  readonly #options: ToolInputsOptions;
  readonly #quoted: QuotedNames;
  readonly libraries: ToolLibraries;

  constructor(options: ToolInputsOptions) {
    this.#options = options;
    this.#quoted = new QuotedNames(options.files);
    this.libraries = new ToolLibraries(options.files);
  }

  async of(request: {
    edge: EdgeId;
    tool: ToolCommand;
    directory: string;
    runtime: ToolRuntime;
    outputs: readonly WantedOutput[];
    made: readonly MadeFile[];
  }): Promise<DeclaredInputs> {
    const {graph, files} = this.#options;
    const {edge, tool, directory, runtime, made} = request;
    const outputs = new Set(request.outputs.map(({path}) => path));
    const isOther = (path: string) => !outputs.has(path);
    const places = namedPlaces(tool.args.slice(1)).map(word => this.#place(directory, word));
    const kindOf = (path: string) => files.stat(path)?.kind;
    const own = new Set([
      ...this.#nodes(graph.dirtyingIns(edge)),
      ...places.filter(path => kindOf(path) === 'file'),
    ]);
    const programs = [...own].filter(path => isOther(path) && !runtime.sent.includes(path));
    const libraries = await this.libraries.of(programs, runtime);
    return {
      libraries: libraries.filter(path => !runtime.libraries.includes(path)),
      own: [...own].filter(isOther),
      first: this.#nodes(graph.orderingIns(edge)).filter(path => isOther(path) && !own.has(path)),
      directories: places.filter(path => kindOf(path) === 'directory'),
      program: runtime.sent,
      outputs,
      made,
      hasDepfile: graph.text(edge, 'depfile') !== '',
      recorded: this.#options.recordedInputs(edge).filter(isOther),
    };
  }

  /** `more`: what else decides. Undefined where the program is gone. */
  fixed({own, program, libraries}: DeclaredInputs, more: unknown): Digest | undefined {
    const {files} = this.#options;
    const all: (readonly [string, Digest])[] = [];
    for (const path of [...program, ...own, ...libraries].sort()) {
      const digest = files.digest(path);
      if (digest !== undefined) all.push([path, digest]);
      else if (program.includes(path)) return undefined;
    }
    return digestOf(JSON.stringify([all, more]));
  }

  /** What a first run is given. */
  foreseen(declared: DeclaredInputs): {files: readonly string[]; directories: readonly string[]} {
    const {files} = this.#options;
    const {own, directories, program, recorded, outputs, libraries} = declared;
    const sent = own.filter(path => (files.stat(path)?.size ?? 0) <= LARGEST_UNASKED);
    const included = declared.hasDepfile ? [...recorded, ...this.#included(declared)] : [];
    const all = new Set([...program, ...sent, ...libraries, ...included].filter(path => !outputs.has(path)));
    const ofKind = (kind: 'file' | 'directory') => [...all].filter(path => files.stat(path)?.kind === kind);
    return {files: ofKind('file'), directories: [...directories, ...ofKind('directory')]};
  }

  #included({own, program, directories}: DeclaredInputs): readonly string[] {
    const {files, canonicalPath} = this.#options;
    const starts = own.filter(path => !program.includes(path) && files.stat(path)?.kind === 'file');
    return this.#quoted.reachable(starts, directories).map(canonicalPath);
  }

  /** All files that the edge tells of, by their paths and by their places. */
  names(declared: DeclaredInputs): ReadonlySet<string> {
    const {own, first, program, made, recorded, hasDepfile, libraries} = declared;
    const included = hasDepfile ? [...recorded, ...this.#included(declared)] : [];
    const paths = [
      ...[...own, ...first, ...program, ...libraries, ...included],
      ...made.map(file => file.path),
    ];
    return new Set(paths.flatMap(path => [path, this.#options.files.physical(path) ?? path]));
  }

  #place(directory: string, path: string): string {
    return this.#options.canonicalPath(absoluteIn(directory, path));
  }

  /** Paths of nodes; in place of a group its members. */
  #nodes(nodes: Iterable<NodeId>): string[] {
    const {graph, directory} = this.#options;
    const seen = new Set<NodeId>(nodes);
    const paths: string[] = [];
    for (const node of seen) {
      const producer = graph.producer(node);
      const members = producer >= 0 && graph.isPhony(producer) ? graph.orderingIns(producer) : undefined;
      for (const member of members ?? []) seen.add(member);
      // CMake calls a file of the source tree so that it must not miss.
      if (members === undefined || members.length === 0) paths.push(this.#place(directory, graph.path(node)));
    }
    return paths;
  }
}

/** Words that may be paths, and what of other words may be one: `-Ipath`, `--option=path`. */
function namedPlaces(words: readonly string[]): string[] {
  return words
    .flatMap(word => {
      if (!word.startsWith('-')) return [word, ...(word.includes('=') ? [afterEquals(word)] : [])];
      return [word.slice(2), afterEquals(word)].filter(part => part !== '' && part !== word);
    })
    .filter(word => word !== '' && !word.includes('\0'));
}

function afterEquals(word: string): string {
  return word.slice(word.indexOf('=') + 1);
}
