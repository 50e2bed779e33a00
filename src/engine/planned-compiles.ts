/** The compiles of one plan, with what earlier builds and their sources tell of them. */
import {statSync} from 'node:fs';
import {isAbsolute} from 'node:path';
import type {Project} from '../frontends/project.ts';
import type {EdgeId, Graph} from '../graph/graph.ts';
import type {ExpectedCompile} from './expectation.ts';
import type {Lanes} from './lanes.ts';

export class PlannedCompiles {
  readonly edges: readonly EdgeId[];
  readonly #project: Project;
  readonly #lanes: Lanes;
  readonly #travelling: readonly EdgeId[];

  /** `unfinished`: edges of the plan, compiles and others. */
  constructor(project: Project, lanes: Lanes, unfinished: readonly EdgeId[]) {
    this.#project = project;
    this.#lanes = lanes;
    this.edges = unfinished.filter(edge => lanes.isCompile(edge));
    this.#travelling = unfinished.filter(edge => lanes.mayTravel(edge));
  }

  /** What it took the last time, in ms; 0 where that is not known. */
  before(edge: EdgeId): number {
    const {graph, records} = this.#project;
    return records.duration(graph.outs(edge)[0]!);
  }

  /** Of all that may go to the cloud, other commands included. */
  get durations(): readonly number[] {
    return this.#travelling.map(edge => this.before(edge));
  }

  /** Those that can go to the cloud. Looks at each source. */
  expected(): ExpectedCompile[] {
    const found: ExpectedCompile[] = [];
    for (const edge of this.edges) {
      const classification = this.#lanes.classificationOf(edge);
      if (this.#lanes.laneOf(edge) !== 'remote' || classification.kind !== 'remote') continue;
      const {source} = classification.compile;
      const path = isAbsolute(source) ? source : `${this.#project.directoryOf(edge)}/${source}`;
      const bytes = statSync(path, {throwIfNoEntry: false})?.size ?? 0;
      found.push({before: this.before(edge), bytes});
    }
    return found;
  }
}

/** Edges that run something. */
export function countCommands(graph: Graph): number {
  let count = 0;
  for (let edge = 0; edge < graph.edgeCount; edge++) if (!graph.isPhony(edge)) count++;
  return count;
}
