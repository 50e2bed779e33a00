/** Figures of a build for `--summary` and the closing line, from its events and what only the process itself knows. */
import type {Event, Summary} from '../event.ts';
import {Tally} from './tally.ts';

/** What no event tells. */
export interface Measured {
  readonly result: Summary['result'];
  /** `performance.now()` at the start. */
  readonly began: number;
  readonly counts: {
    readonly get: number;
    readonly put: number;
    readonly head: number;
    readonly list: number;
    readonly bytesUp: number;
    readonly bytesDown: number;
    readonly invocationsStarted: number;
    readonly invocationsRetried: number;
    readonly retries: ReadonlyMap<string, number>;
    readonly worker: {readonly get: number; readonly put: number; readonly head: number};
    readonly billedMs: number;
    readonly fresh: {
      readonly count: number;
      readonly bytes: number;
      readonly unpackMs: number;
      readonly delayMs: number;
    };
  };
  /** US dollars. */
  readonly cost: number;
  /** Milliseconds. */
  readonly discoveryCpu: number;
  readonly ninjaRuns: number;
  readonly loopDelayMax: number;
  /** What the process had used when the build began; nothing where it began with it. */
  readonly cpuBefore?: NodeJS.CpuUsage;
}

export class SummaryCollector {
  readonly #tally = new Tally();

  add(event: Event): void {
    this.#tally.add(event);
  }

  summary(measured: Measured): Summary {
    const tally = this.#tally;
    const cpu = process.cpuUsage(measured.cpuBefore);
    return {
      schema: 1,
      result: measured.result,
      edges: {total: tally.edgesTotal, dirty: tally.compiles + tally.others, compiles: tally.compiles},
      compiles: {
        remote: tally.remote,
        cached: tally.cached,
        local: tally.local,
        failed: tally.failedCompiles,
      },
      remote_rules: {...tally.rules},
      local_reasons: Object.fromEntries(tally.localReasons),
      local_runs: measured.ninjaRuns,
      verified: {compared: tally.verified.compared, differed: tally.verified.differed},
      wall_ms: round(performance.now() - measured.began),
      client_cpu_ms: round((cpu.user + cpu.system) / 1000),
      discovery_cpu_ms: round(measured.discoveryCpu),
      client_rss_mb: round(process.resourceUsage().maxRSS / 1024),
      loop_delay_max_ms: round(measured.loopDelayMax),
      requests: {
        get: measured.counts.get + measured.counts.worker.get,
        put: measured.counts.put + measured.counts.worker.put,
        head: measured.counts.head + measured.counts.worker.head,
        list: measured.counts.list,
      },
      worker_requests: {
        get: measured.counts.worker.get,
        put: measured.counts.worker.put,
        head: measured.counts.worker.head,
      },
      bytes: {up: measured.counts.bytesUp, down: measured.counts.bytesDown},
      invocations: {
        started: measured.counts.invocationsStarted,
        retried: measured.counts.invocationsRetried,
      },
      retries: Object.fromEntries(measured.counts.retries),
      billed_ms: round(measured.counts.billedMs),
      fresh_environments: {
        count: measured.counts.fresh.count,
        bytes: measured.counts.fresh.bytes,
        unpack_ms: round(measured.counts.fresh.unpackMs),
        delay_ms: round(measured.counts.fresh.delayMs),
      },
      cost_usd: Math.round(measured.cost * 1e6) / 1e6,
    };
  }
}

/** To a tenth: more digits would be noise. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
