/** Files that unfinished edges will make: a compile that may read one has to wait, whether the graph says so or not. */
import {basename, isAbsolute} from 'node:path';
import {canonicalPath} from '../frontends/ninja/canonical-path.ts';
import type {EdgeId, Graph} from '../graph/graph.ts';

export class PendingFiles {
  readonly #byPath = new Map<string, EdgeId>();
  readonly #byName = new Map<string, EdgeId[]>();
  readonly #isUnfinished: (edge: EdgeId) => boolean;

  /** `edges`: see {@link feedingEdges}. */
  constructor(options: {
    graph: Graph;
    directory: string;
    edges: Iterable<EdgeId>;
    isUnfinished: (edge: EdgeId) => boolean;
  }) {
    const {graph, directory} = options;
    this.#isUnfinished = options.isUnfinished;
    for (const edge of options.edges) {
      for (const out of graph.outs(edge)) {
        const path = graph.path(out);
        this.#byPath.set(canonicalPath(isAbsolute(path) ? path : `${directory}/${path}`), edge);
        const name = basename(path);
        const list = this.#byName.get(name);
        if (list) list.push(edge);
        else this.#byName.set(name, [edge]);
      }
    }
  }

  /** Whether one of the edges makes a file by this name, somewhere. */
  hasName(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Unfinished edges that make one of these files (absolute paths), or a file with the last part of one of the names. */
  producersOf(files: readonly string[], names: readonly string[]): EdgeId[] {
    const producers = new Set<EdgeId>();
    for (const file of files) {
      // The name first: to clean a path costs more, and hardly any file is one that is made.
      if (!this.#byName.has(file.slice(file.lastIndexOf('/') + 1))) continue;
      const edge = this.#byPath.get(canonicalPath(file));
      if (edge !== undefined && this.#isUnfinished(edge)) producers.add(edge);
    }
    for (const name of names) {
      for (const edge of this.#byName.get(name.slice(name.lastIndexOf('/') + 1)) ?? []) {
        if (this.#isUnfinished(edge)) producers.add(edge);
      }
    }
    return [...producers];
  }
}

/** Those of the edges that make what compiles may read: all but the compiles whose objects no compile waits for. */
export function feedingEdges(
  graph: Graph,
  edges: readonly EdgeId[],
  isCompile: (edge: EdgeId) => boolean,
): ReadonlySet<EdgeId> {
  return new Set(edges.filter(edge => !isCompile(edge) || isReadByCompile(graph, edge, isCompile)));
}

/** Whether a compile waits for what `edge` makes, groups of files between them passed through. */
function isReadByCompile(graph: Graph, edge: EdgeId, isCompile: (edge: EdgeId) => boolean): boolean {
  const seen = new Set([edge]);
  for (const next of seen) {
    for (const out of graph.outs(next)) {
      for (const consumer of graph.consumers(out)) {
        if (graph.isPhony(consumer)) seen.add(consumer);
        else if (isCompile(consumer)) return true;
      }
    }
  }
  return false;
}
