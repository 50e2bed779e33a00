/**
 * What AWS asks, in US dollars. Source: the public price pages of Lambda (x86, first tier) and S3 (Standard), read
 * 2026-11 for us-east-1; a region that is not in the table is counted as that one.
 */
import type {CloudCounts} from '../cloud.ts';

export interface Prices {
  readonly gbSecond: number;
  readonly invocation: number;
  readonly put: number;
  readonly get: number;
}

const US_EAST_1: Prices = {
  gbSecond: 0.0000166667,
  invocation: 0.2 / 1e6,
  put: 0.005 / 1000,
  get: 0.0004 / 1000,
};

/** Regions that differ go here, each with the date of reading. */
const BY_REGION: Readonly<Record<string, Prices>> = {'us-east-1': US_EAST_1};

export function pricesIn(region: string): Prices {
  return BY_REGION[region] ?? US_EAST_1;
}

/** A compile's share of the requests for packs, lists and results: 2 at most where environments are new. */
const REQUESTS = 2;

/** Before anything is done. `ms`: of compiling. */
export function expectedCostOf(
  {compiles, ms}: {readonly compiles: number; readonly ms: number},
  {memoryMb, prices}: {memoryMb: number; prices: Prices},
): number {
  const gbSeconds = (ms / 1000) * (memoryMb / 1024);
  return gbSeconds * prices.gbSecond + compiles * (prices.invocation + REQUESTS * prices.get);
}

/** Of everything that these counts tell: computing, invocations, requests of client and workers. */
export function costOf(counts: CloudCounts, {memoryMb, prices}: {memoryMb: number; prices: Prices}): number {
  const gbSeconds = (counts.billedMs / 1000) * (memoryMb / 1024);
  return (
    gbSeconds * prices.gbSecond +
    counts.invocationsStarted * prices.invocation +
    (counts.put + counts.worker.put) * prices.put +
    (counts.get + counts.head + counts.worker.get + counts.worker.head) * prices.get
  );
}
