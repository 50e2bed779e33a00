/**
 * How a watch looks at its project, again and again: at what is left after a build, at what has changed, or at everything
 * anew. A description that cannot be read now is told of, and the look before it stands: its files are watched, and one of
 * them will mend it.
 */

import type {Engine} from '../engine/engine.ts';
import {descriptionStat, hasWork, type Look, lookAt} from '../engine/look.ts';
import {FailureError} from '../failure.ts';
import type {NodeId} from '../graph/graph.ts';
import type {DescriptionFile} from './description-file.ts';

export interface WatchLooksOptions {
  readonly targets: readonly string[];
  readonly description: DescriptionFile;
  readonly engine: Engine;
  readonly tell: (failure: FailureError) => void;
}

export class WatchLooks {
  readonly #options: WatchLooksOptions;
  /** Names of nodes that new files hide from those who read them, and when that was seen: ns since the epoch. */
  readonly #hidden = new Map<string, bigint>();
  /** Whether looks found something to do. */
  readonly #work = new WeakMap<Look, boolean>();
  #isBroken = false;

  constructor(options: WatchLooksOptions) {
    this.#options = options;
  }

  /** The last look found no description that can be built by. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Whether description and logs are still what the look went by. */
  isCurrent({project, stat}: Look): boolean {
    return descriptionStat(project) === stat && !this.#options.description.isOutdated(project);
  }

  /** As `hasWork` of `engine/look.ts`. @throws FailureError for a look of somebody else's, by which nothing can be built */
  hasWork(look: Look): boolean {
    const known = this.#work.get(look) ?? hasWork(look);
    this.#work.set(look, known);
    return known;
  }

  /** What there is to do apart from what the last build did in vain. */
  left(before: Look, project = before.project): Look {
    const {engine, description} = this.#options;
    return this.#try(before, () =>
      engine.look(description.isOutdated(project) ? description.load() : project),
    );
  }

  /** Looks again with the times that {@link changedFiles} has brought up to date. */
  partly(look: Look): Look {
    return this.#try(look, () => this.#at(look.project, look));
  }

  /** Looks at everything again; at the graph too if its description or the logs have changed. */
  anew(look: Look): Look {
    return this.#try(look, () =>
      this.#at(this.isCurrent(look) ? look.project : this.#options.description.load()),
    );
  }

  /** As {@link anew}, where it is known that the graph is not what it was. @throws FailureError */
  reloaded(): Look {
    return this.#at(this.#options.description.load());
  }

  /** Until {@link forgetHidden}, whoever reads these nodes is looked at as if they had been changed just now. */
  hide({graph}: Look['project'], nodes: readonly NodeId[]): void {
    const now = BigInt(Date.now()) * 1_000_000n;
    for (const node of nodes) this.#hidden.set(graph.path(node), now);
  }

  /** Everything was built. */
  forgetHidden(): void {
    this.#hidden.clear();
  }

  #at(project: Look['project'], known?: Look): Look {
    const {targets} = this.#options;
    const look = lookAt(project, targets, known && {times: known.times});
    if (this.#hidden.size === 0) return look;
    // Ninja would not see it: the records name only what was read.
    for (const [name, time] of this.#hidden) {
      const node = project.graph.find(name);
      if (node !== undefined) look.times.set(node, time);
    }
    return lookAt(project, targets, {times: look.times});
  }

  /** The build found that it cannot be built by the description. */
  setBroken(failure: FailureError): void {
    this.#isBroken = true;
    this.#options.tell(failure);
  }

  #try(before: Look, look: () => Look): Look {
    try {
      const now = look();
      // A source may be gone that a description still asks for, as in the middle of a checkout.
      this.hasWork(now);
      this.#isBroken = false;
      return now;
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      this.setBroken(error);
      return before;
    }
  }
}
