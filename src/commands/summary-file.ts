/** The file of `--summary`: figures of one build as JSON, as they are at its end; in a watch of the build that ended last. */
import {accessSync, constants, lstatSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import type {Event, Summary} from '../event.ts';
import {FailureError} from '../failure.ts';
import type {Cloud} from '../remote/cloud.ts';
import {type CloudCounts, countsSince} from '../remote/counts.ts';
import {SummaryCollector} from '../ui/summary.ts';
import {LoopDelay} from './loop-delay.ts';

/** @throws FailureError where it cannot be written */
export function checkSummaryPlace(file: string | undefined): void {
  if (file === undefined) return;
  const path = resolve(file);
  try {
    const there = statSync(path, {throwIfNoEntry: false});
    if (there?.isDirectory()) throw new Error('it is a directory');
    accessSync(there ? path : dirname(path), constants.W_OK);
  } catch (error) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `--summary: cannot write '${file}': ${(error as Error).message}`,
    });
  }
}

export function writeSummary(file: string, summary: Summary): void {
  writeFileSync(resolve(file), `${JSON.stringify(summary, undefined, 2)}\n`);
}

/** What has been counted since the client started. */
export interface Totals {
  readonly cloud: Pick<Cloud, 'counts' | 'cost'>;
  readonly engine: {readonly discoveryCpu: number; readonly ninjaRuns: number};
}

interface Begun {
  readonly collector: SummaryCollector;
  readonly loopDelay: LoopDelay;
  readonly began: number;
  readonly cpu: NodeJS.CpuUsage;
  readonly counts: CloudCounts;
  readonly cost: number;
  readonly discoveryCpu: number;
  readonly ninjaRuns: number;
}

/**
 * Writes the file anew at the end of each build. Where it is a file or not there yet, by a rename: whoever reads it never
 * sees half of it. What else may have the name, a device or a link, is written to as by a lone build.
 */
export class SummaryOfEach {
  readonly #file: string;
  readonly #totals: Totals;
  #begun: Begun | undefined;

  constructor(file: string, totals: Totals) {
    this.#file = resolve(file);
    this.#totals = totals;
  }

  add(event: Event): void {
    this.#begun?.loopDelay.work();
    this.#begun?.collector.add(event);
  }

  begin(): void {
    const {cloud, engine} = this.#totals;
    this.#begun = {
      collector: new SummaryCollector(),
      loopDelay: new LoopDelay(),
      began: performance.now(),
      cpu: process.cpuUsage(),
      counts: structuredClone(cloud.counts),
      cost: cloud.cost(),
      discoveryCpu: engine.discoveryCpu,
      ninjaRuns: engine.ninjaRuns,
    };
  }

  /** @throws the file system's error */
  end(result: Summary['result']): void {
    const {cloud, engine} = this.#totals;
    const begun = this.#begun;
    if (begun === undefined) return;
    this.#begun = undefined;
    begun.loopDelay.close();
    const summary = begun.collector.summary({
      result,
      began: begun.began,
      cpuBefore: begun.cpu,
      counts: countsSince(cloud.counts, begun.counts),
      cost: cloud.cost() - begun.cost,
      discoveryCpu: engine.discoveryCpu - begun.discoveryCpu,
      ninjaRuns: engine.ninjaRuns - begun.ninjaRuns,
      loopDelayMax: begun.loopDelay.max,
    });
    const there = lstatSync(this.#file, {throwIfNoEntry: false});
    if (there && !there.isFile()) {
      writeSummary(this.#file, summary);
      return;
    }
    const temporary = `${this.#file}.${process.pid}`;
    try {
      writeSummary(temporary, summary);
      renameSync(temporary, this.#file);
    } catch {
      rmSync(temporary, {force: true});
      writeSummary(this.#file, summary);
    }
  }
}
