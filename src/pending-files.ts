/** Files that unfinished edges will make: a compile that may read one has to wait, whether the graph says so or not. */
import {basename, isAbsolute} from 'node:path';
import {canonicalPath} from './frontends/ninja/canonical-path.ts';
import type {EdgeId, Graph} from './graph/graph.ts';

export class PendingFiles {
  readonly #byPath = new Map<string, EdgeId>();
  readonly #byName = new Map<string, EdgeId[]>();
  readonly #isUnfinished: (edge: EdgeId) => boolean;

  /** `edges`: those that make anything but objects. */
  constructor(options: {
    graph: Graph;
    directory: string;
    edges: readonly EdgeId[];
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
