/**
 * Which inputs other edges of the build have yet to make. Asked for each action with thousands of inputs, so that names
 * are compared once and paths only where a name is one that is made.
 */
import type {EdgeId} from '../graph/graph.ts';
import {pathIn} from '../protocol/tree.ts';
import {IdSet} from '../toolchain/id-set.ts';
import type {Inputs} from '../toolchain/input-finder.ts';

export interface MadeInputsOptions {
  /** Whether an edge of the build may make a file by this name. */
  readonly isMadeName: (name: string) => boolean;
  /** Unfinished edges that make one of these files, or a file by one of these names. */
  readonly pendingProducers: (files: readonly string[], names: readonly string[]) => readonly EdgeId[];
}

export class MadeInputs {
  readonly #options: MadeInputsOptions;
  /** Inputs, by their numbers, whose names have been compared with those of what is made, and those alike. */
  readonly #judgedNames = new IdSet();
  readonly #madeNames = new IdSet();
  /** Producers that an edge was to wait for. One that is still unfinished the next time needs the edge itself. */
  readonly #waitedFor = new Map<EdgeId, ReadonlySet<EdgeId>>();

  constructor(options: MadeInputsOptions) {
    this.#options = options;
  }

  /** Edges that this one can and has to wait for, by what it may read. `absent`: names that mean no file now. */
  producersOf(edge: EdgeId, inputs: Inputs, absent: readonly string[]): readonly EdgeId[] {
    return this.producersOfPaths(edge, this.#namedLikeMade(inputs), absent);
  }

  /** The same by paths of files, and names of such as are no file now. */
  producersOfPaths(edge: EdgeId, files: readonly string[], names: readonly string[]): readonly EdgeId[] {
    const before = this.#waitedFor.get(edge);
    const producers = this.#options
      .pendingProducers(files, names)
      .filter(producer => producer !== edge && !before?.has(producer));
    if (producers.length > 0) this.#waitedFor.set(edge, new Set([...(before ?? []), ...producers]));
    return producers;
  }

  /** Paths of the inputs that by their names may be made by an edge of the build. */
  #namedLikeMade({files, ids}: Inputs): string[] {
    for (const id of ids.without(this.#judgedNames)) {
      // What comes up for the first time is at the end.
      const {name, file} = files.findLast(input => input.id === id)!;
      if (this.#options.isMadeName(name) || this.#options.isMadeName(file[0])) this.#madeNames.add(id);
      this.#judgedNames.add(id);
    }
    if (ids.alsoIn(this.#madeNames).length === 0) return [];
    // The build may name the place where the file is in another way than the compile does.
    return files
      .filter(({id}) => this.#madeNames.has(id))
      .flatMap(({path, directory, file}) => [path, pathIn(directory, file[0])]);
  }
}
