/** A build description that was read, whatever wrote it: the graph, what was recorded of it, and where records go. */
import type {BuildRecords} from '../graph/build-records.ts';
import type {DepfileInputs} from '../graph/depfile-inputs.ts';
import type {EdgeId, Graph, NodeId} from '../graph/graph.ts';
import type {DepfileDialect} from '../toolchain/depfile.ts';
import type {DepsLogIndex} from './ninja/deps-log-index.ts';
import type {NinjaProgram} from './ninja/ninja-program.ts';
import type {LogFiles} from './ninja/recorder.ts';

export interface Project {
  /** `ninja`: all edges are known. Else the compiles alone are, and what follows them is the user's tool's work. */
  readonly kind: 'ninja' | 'compile-commands' | 'commands';
  /** For people. */
  readonly name: string;
  /** Real path that relative paths of the graph count from. */
  readonly directory: string;
  /** Absolute path of the description's first file; `-` where standard input gave it. */
  readonly file: string;
  /** Real path of the directory that an edge's command runs in. */
  directoryOf(edge: EdgeId): string;
  readonly graph: Graph;
  readonly records: BuildRecords;
  /** For who appends to the deps log; absent where it is read each time. */
  readonly depsIndex?: DepsLogIndex;
  readonly files: LogFiles;
  /** The user's ninja; absent where nothing of the project needs it. */
  readonly ninja?: NinjaProgram;
  /** Node of the manifest itself, where an edge makes it. */
  readonly manifest?: NodeId;
  /**
   * Absolute paths of the files that the description includes, each with its stamp from before it was read; none where
   * an edge makes the description, since that edge is what keeps it true.
   */
  readonly included: readonly {readonly file: string; readonly stamp: string}[];
  readonly warnings: readonly string[];
  /** True where all this came from the snapshot and nothing had to be read anew. */
  readonly isSnapshot: boolean;
  readDepfile(edge: EdgeId, depfile: string): DepfileInputs;
  loadDyndep(node: NodeId): void;
  /** As the user's ninja reads one. */
  readonly depfileDialect: DepfileDialect;
  /**
   * Keeps what was read for the next start. `logStamps`: of the logs when they said what the records say now; without
   * it nothing was recorded since they were read.
   */
  saveSnapshot(logStamps?: readonly string[]): void;
}

/** Folder of ours in a build directory. */
export const STATE_DIR = '.llama';
