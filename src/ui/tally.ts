/** Counts of a build from its events: what every display and the summary agree on. */
import type {Event} from '../event.ts';
import {isCloudFault} from './run-reasons.ts';

export class Tally {
  edgesTotal = 0;
  compiles = 0;
  others = 0;
  remote = 0;
  cached = 0;
  local = 0;
  failedCompiles = 0;
  failed = 0;
  othersDone = 0;
  /** Of {@link othersDone}, what the user has called pure. */
  readonly rules = {remote: 0, cached: 0, local: 0};
  running = 0;
  readonly verified = {compared: 0, differed: 0, unstable: 0};
  readonly localReasons = new Map<string, number>();

  /** Compiles that the cloud was to do and did not. */
  get cameBack(): number {
    let count = 0;
    for (const [reason, times] of this.localReasons) if (isCloudFault(reason)) count += times;
    return count;
  }

  get compilesDone(): number {
    return this.remote + this.cached + this.local;
  }

  get done(): number {
    return this.compilesDone + this.othersDone;
  }

  add(event: Event): void {
    switch (event.type) {
      case 'build-planned':
        // A second plan within one build tells what is still to do.
        this.edgesTotal = event.edgesTotal;
        this.compiles = this.compilesDone + this.failedCompiles + event.compiles;
        this.others = this.othersDone + (this.failed - this.failedCompiles) + event.others;
        break;
      case 'edge-started':
        this.running++;
        break;
      case 'edge-finished':
        this.running--;
        if (!event.isCompile) {
          this.othersDone++;
          if (event.place === 'remote' || event.place === 'cached') this.rules[event.place]++;
          else if (event.localReason !== undefined) this.rules.local++;
        } else {
          if (event.place === 'remote') this.remote++;
          else if (event.place === 'cached') this.cached++;
          else this.local++;
        }
        if (event.localReason !== undefined) {
          this.localReasons.set(event.localReason, (this.localReasons.get(event.localReason) ?? 0) + 1);
        }
        break;
      case 'edge-failed':
        this.running--;
        this.failed++;
        if (event.isCompile) this.failedCompiles++;
        break;
      case 'edge-returned':
        this.running--;
        break;
      case 'compile-verified':
        this.verified.compared++;
        if (event.outcome !== 'equal') this.verified[event.outcome]++;
        break;
      default:
        break;
    }
  }
}
