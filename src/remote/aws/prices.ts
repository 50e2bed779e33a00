/**
 * What AWS asks, in US dollars: Lambda on x86 in its first tier, S3 Standard. us-east-1 by AWS's public price pages, read
 * 2026-11; other regions by tables that others have published of AWS's price list, Lambda as of 2024, S3 as of 2026-05,
 * compared 2026-11 where there were several. A region that is in none of them is counted as us-east-1.
 */
import type {CloudCounts} from '../counts.ts';

export interface Prices {
  readonly gbSecond: number;
  /** Of scratch disk beyond the first 512 MB. */
  readonly scratchGbSecond: number;
  readonly invocation: number;
  /** Puts and lists. */
  readonly put: number;
  /** Gets and heads. */
  readonly get: number;
}

export interface PricedFunction {
  readonly memoryMb: number;
  readonly scratchMb: number;
  readonly prices: Prices;
}

/** For a GB-second, and for a million invocations, where they are not those of us-east-1. */
const LAMBDA: Readonly<Record<string, readonly [gbSecond: number, million: number]>> = {
  'af-south-1': [0.0000221, 0.27],
  'ap-east-1': [0.00002292, 0.28],
  'eu-central-2': [0.0000183334, 0.22],
  'eu-south-1': [0.0000195172, 0.23],
  'il-central-1': [0.0000175, 0.21],
  'me-central-1': [0.0000206667, 0.25],
  'me-south-1': [0.0000206667, 0.25],
};
/** For a thousand puts or lists, likewise. */
const S3: Readonly<Record<string, number>> = {
  'af-south-1': 0.006,
  'ap-east-2': 0.00423,
  'ap-northeast-1': 0.0047,
  'ap-northeast-2': 0.0045,
  'ap-northeast-3': 0.0047,
  'ap-southeast-2': 0.0055,
  'ap-southeast-4': 0.0055,
  'ap-southeast-5': 0.0045,
  'ap-southeast-6': 0.005775,
  'ap-southeast-7': 0.0045,
  'ca-central-1': 0.0055,
  'ca-west-1': 0.0055,
  'eu-central-1': 0.0054,
  'eu-central-2': 0.0054,
  'eu-south-1': 0.0053,
  'eu-south-2': 0.0053,
  'eu-west-2': 0.0053,
  'eu-west-3': 0.0053,
  'il-central-1': 0.0055,
  'me-central-1': 0.0055,
  'me-south-1': 0.0055,
  'mx-central-1': 0.00525,
  'sa-east-1': 0.007,
  'us-west-1': 0.0055,
};
/** In us-east-1 a get costs 8 % of a put; other regions are counted so, which comes to a hundredth of a cent for a thousand. */
const GET_SHARE = 0.08;
/** Of us-east-1; elsewhere it is up to twice that, of half a percent of what a compile costs. */
const SCRATCH = 0.0000000309;
const FREE_SCRATCH_MB = 512;

export function pricesIn(region: string): Prices {
  const [gbSecond, million] = LAMBDA[region] ?? [0.0000166667, 0.2];
  const put = (S3[region] ?? 0.005) / 1000;
  return {gbSecond, scratchGbSecond: SCRATCH, invocation: million / 1e6, put, get: put * GET_SHARE};
}

/** A compile's share of the requests for packs, lists and results: 2 at most where environments are new. */
const REQUESTS = 2;

/** Before anything is done. `ms`: of compiling. */
export function expectedCostOf(
  {compiles, ms}: {readonly compiles: number; readonly ms: number},
  of: PricedFunction,
): number {
  const {prices} = of;
  return computing(ms, of) + compiles * (prices.invocation + REQUESTS * prices.get);
}

/** Of everything that these counts tell: computing, invocations, requests of client and workers. */
export function costOf(counts: CloudCounts, of: PricedFunction): number {
  const {prices} = of;
  return (
    computing(counts.billedMs, of) +
    counts.invocationsStarted * prices.invocation +
    (counts.put + counts.list + counts.worker.put) * prices.put +
    (counts.get + counts.head + counts.worker.get + counts.worker.head) * prices.get
  );
}

function computing(ms: number, {memoryMb, scratchMb, prices}: PricedFunction): number {
  const scratch = Math.max(0, scratchMb - FREE_SCRATCH_MB);
  return (ms / 1000 / 1024) * (memoryMb * prices.gbSecond + scratch * prices.scratchGbSecond);
}
