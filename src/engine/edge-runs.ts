/** Edges that one build has run, also where the manifest was read anew meanwhile: by first output and command. */
import type {EdgeId, Graph} from '../graph/graph.ts';

export class EdgeRuns {
  readonly #hashes = new Map<string, string>();

  get size(): number {
    return this.#hashes.size;
  }

  add(graph: Graph, edge: EdgeId): void {
    this.#hashes.set(firstOutput(graph, edge), hashOf(graph, edge));
  }

  /** Whether the edge was run, with the command that it has now. */
  has(graph: Graph, edge: EdgeId): boolean {
    return this.size > 0 && this.#hashes.get(firstOutput(graph, edge)) === hashOf(graph, edge);
  }
}

function firstOutput(graph: Graph, edge: EdgeId): string {
  return graph.path(graph.outs(edge)[0]!);
}

function hashOf({arrays}: Graph, edge: EdgeId): string {
  return `${arrays.commandHash[2 * edge]} ${arrays.commandHash[2 * edge + 1]}`;
}
