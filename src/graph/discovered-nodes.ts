/**
 * The nodes of what compilers say that they read. A header is named by hundreds of compiles, always in the same words:
 * each spelling is cleaned and looked up among all of a graph's nodes once, and not even that where it was read before.
 */
import {hasOddBytes} from '../protocol/path-text.ts';
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
  /** By node: 1 where its own spelling is known. */
  readonly #isKnown: Uint8Array;

  constructor(options: DiscoveredNodesOptions) {
    this.#options = options;
    this.#isKnown = new Uint8Array(options.graph.nodeCount);
  }

  /** One for each path, in their order; made where the graph has none. `edge`: the one that has read them. */
  of(edge: EdgeId, paths: readonly string[]): Int32Array {
    this.#expect(edge);
    const nodes = new Int32Array(paths.length);
    for (let i = 0; i < paths.length; i++) {
      const path = paths[i]!;
      nodes[i] = this.#known.get(path) ?? this.#find(path);
    }
    return nodes;
  }

  /** Most compiles read what they read the last time: so the graph need not make an index of all its nodes. */
  #expect(edge: EdgeId): void {
    const {graph, records} = this.#options;
    for (const output of graph.outs(edge)) {
      for (const node of records.deps(output) ?? []) {
        if (this.#isKnown[node] !== 0) continue;
        this.#isKnown[node] = 1;
        this.#known.set(graph.path(node), node);
      }
    }
  }

  #find(path: string): NodeId {
    const {graph, canonicalPath} = this.#options;
    // A part of a text keeps all of it in memory: a copy is to last as long as the graph.
    const own = hasOddBytes(path) ? path : Buffer.from(path).toString();
    const node = graph.intern(canonicalPath(own));
    this.#known.set(own, node);
    return node;
  }
}
