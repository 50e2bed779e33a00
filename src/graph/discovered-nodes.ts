/**
 * The nodes of what compilers say that they read. A header is named by hundreds of compiles, always in the same words:
 * each spelling is cleaned and looked up among all of a graph's nodes once.
 */
import type {BuildRecords} from './build-records.ts';
import type {EdgeId, Graph, NodeId} from './graph.ts';

export interface DiscoveredNodesOptions {
  readonly graph: Graph;
  readonly records: BuildRecords;
  /** A path's spelling as a node. */
  readonly canonicalPath: (path: string) => string;
}

export class DiscoveredNodes {
  readonly #options: DiscoveredNodesOptions;
  readonly #known = new Map<string, NodeId>();

  constructor(options: DiscoveredNodesOptions) {
    this.#options = options;
  }

  /** One for each path, in their order; made where the graph has none. `edge`: the one that has read them. */
  of(edge: EdgeId, paths: readonly string[]): Int32Array {
    const {graph, records, canonicalPath} = this.#options;
    // Most compiles read what they read the last time.
    for (const node of graph.outs(edge)) graph.expect(records.deps(node) ?? []);
    const nodes = new Int32Array(paths.length);
    for (let i = 0; i < paths.length; i++) {
      const path = paths[i]!;
      let node = this.#known.get(path);
      if (node === undefined) {
        node = graph.intern(canonicalPath(path));
        this.#known.set(path, node);
      }
      nodes[i] = node;
    }
    return nodes;
  }
}
