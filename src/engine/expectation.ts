/**
 * What the compiles of a plan are expected to take before any of them has run: by the log of earlier builds, else by
 * the size of their sources.
 */

export interface ExpectedCompile {
  /** The last time, in ms; 0 where it never ran. */
  readonly before: number;
  /** Of its source. */
  readonly bytes: number;
}

export interface Expectation {
  readonly compiles: number;
  /** Of all, one after the other. */
  readonly ms: number;
  /** To be sent: the sources, as text in JSON. */
  readonly bytesUp: number;
  /** Whether most of it is known from earlier builds. */
  readonly isFromHistory: boolean;
}

/** The middle of what fmt, leveldb, re2, ninja and parts of LLVM take, Release and Debug, which is from 40 to 560. */
const MS_PER_KB = 85;
/** Compiles that are worth a word about what they will cost. */
const WIDE = 50;
/** What it takes at least until the cloud has begun with the first compile, in ms. */
const CLOUD_START = 500;

export function expectationOf(compiles: readonly ExpectedCompile[]): Expectation {
  let ms = 0;
  let bytes = 0;
  let known = 0;
  for (const compile of compiles) {
    ms += compile.before || (compile.bytes / 1024) * MS_PER_KB;
    bytes += compile.bytes;
    if (compile.before > 0) known++;
  }
  return {
    compiles: compiles.length,
    ms,
    bytesUp: (bytes * 4) / 3,
    isFromHistory: known * 2 > compiles.length,
  };
}

export function isWide({compiles}: Pick<Expectation, 'compiles'>): boolean {
  return compiles >= WIDE;
}

/** One line for the user; `cost` in US dollars. */
export function expectationLine({compiles, ms, bytesUp, isFromHistory}: Expectation, cost: number): string {
  const basis = isFromHistory ? 'by what they took before' : "roughly, by their sources' size";
  const minutes = ms < 90_000 ? `${(ms / 1000).toFixed(0)} s` : `${(ms / 60_000).toFixed(0)} min`;
  return (
    `first wide build of this directory in the cloud: ${compiles.toLocaleString('en')} compiles of ${minutes} in all, ` +
    `${(bytesUp / 1e6).toFixed(1)} MB up beside headers and compiler, which go once, about $${cost.toFixed(cost < 0.1 ? 3 : 2)} (${basis}); --max-cost sets a limit`
  );
}

/** Whether all is known, and cores here would be done with it before the cloud is with the longest of them. */
export function endsFirstHere(durations: readonly number[], cores: number): boolean {
  if (durations.length === 0 || durations.some(ms => ms === 0)) return false;
  const longest = durations.reduce((most, ms) => Math.max(most, ms), 0);
  const sum = durations.reduce((all, ms) => all + ms, 0);
  // No schedule of independent jobs that keeps its cores busy takes longer (Graham, 1966).
  const here = sum / cores + longest * (1 - 1 / cores);
  return here <= longest + CLOUD_START;
}
