/** What is broken now: the latest failure of each target, until the target is built. */
import type {EdgeBroke, Event} from '../event.ts';

export class Problems {
  readonly #broken = new Map<string, EdgeBroke>();

  get size(): number {
    return this.#broken.size;
  }

  add(event: Event): void {
    if (event.type === 'edge-failed') {
      const before = this.#broken.get(event.target);
      // One that says what it said before keeps its place.
      if (before && Buffer.compare(before.output, event.output) === 0) return;
      this.#broken.delete(event.target);
      this.#broken.set(event.target, event);
    } else if (event.type === 'edge-finished') {
      this.#broken.delete(event.target);
    } else if (event.type === 'watch-built' && event.result === 'built') {
      // What was broken by a file that is as it was before needs no build to be whole again.
      this.#broken.clear();
    }
  }

  /** The newest first. */
  list(): EdgeBroke[] {
    return [...this.#broken.values()].reverse();
  }
}
