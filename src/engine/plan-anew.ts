/** Whether an edge that has run here makes the plan outdated: by a dyndep file that others wait for, or by the manifest's own inputs. */
import type {EdgeId} from '../graph/graph.ts';
import type {Look} from './look.ts';

/** Between two looks at the manifest's inputs while a build runs, in ms. */
const MANIFEST_INTERVAL = 2000;

export class PlanAnew {
  readonly #isManifestDirty: () => boolean;
  #lastManifestLook = performance.now();

  constructor(options: {isManifestDirty: () => boolean}) {
    this.#isManifestDirty = options.isManifestDirty;
  }

  mustFollow({project, freshness}: Look, edge: EdgeId): boolean {
    const {graph, manifest} = project;
    for (const out of graph.outs(edge)) {
      for (const consumer of graph.consumers(out)) {
        if (graph.dyndep(consumer) === out && freshness.isDyndepPending(out)) return true;
      }
    }
    if (manifest === undefined || performance.now() - this.#lastManifestLook < MANIFEST_INTERVAL)
      return false;
    this.#lastManifestLook = performance.now();
    return this.#isManifestDirty();
  }
}
