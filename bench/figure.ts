/** One figure: what was measured, beside its peer, against the limit it has to keep. Measures nothing itself. */
import {median} from './process.ts';

export interface Figure {
  readonly name: string;
  readonly unit: 'ms' | 's' | 'MB' | 'ms CPU';
  /** Samples of llama. */
  readonly ours: readonly number[];
  /** Samples of the peer, taken by turns with ours; none where a figure has no peer. */
  readonly peer?: {readonly name: string; readonly samples: readonly number[]};
  /** A limit on the median itself or on its ratio to the peer's. */
  readonly limit?: {readonly kind: 'absolute' | 'ratio'; readonly at: number};
  readonly note?: string;
}

export function ratio(figure: Figure): number {
  return median(figure.ours) / median(figure.peer?.samples ?? []);
}

/** Whether the limit is kept; `undefined` without one. */
export function keeps(figure: Figure): boolean | undefined {
  if (figure.limit === undefined) return undefined;
  const value = figure.limit.kind === 'ratio' ? ratio(figure) : median(figure.ours);
  return value <= figure.limit.at;
}

/** The figures as a Markdown table. */
export function table(figures: readonly Figure[]): string {
  const head = ['| figure | llama | peer | ratio | limit | |', '|---|---|---|---|---|---|'];
  const rows = figures.map(figure => {
    const {peer, limit, unit} = figure;
    const kept = keeps(figure);
    const cells = [
      figure.name + (figure.note === undefined ? '' : ` (${figure.note})`),
      `${short(median(figure.ours))} ${unit}`,
      peer === undefined ? '' : `${short(median(peer.samples))} ${unit} ${peer.name}`,
      peer === undefined ? '' : ratio(figure).toFixed(2),
      limit === undefined ? '' : `${limit.at}${limit.kind === 'ratio' ? ' x' : ` ${unit}`}`,
      kept === undefined ? '' : kept ? 'kept' : 'MISSED',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [...head, ...rows].join('\n');
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Everything about a figure that goes into the JSON result. */
export function plain(figure: Figure): object {
  const peer =
    figure.peer === undefined ? {} : {peer_median: median(figure.peer.samples), ratio: ratio(figure)};
  return {...figure, median: median(figure.ours), ...peer, kept: keeps(figure)};
}

/** Runs the measurements by turns, `runs` times, so that a busy moment of the machine meets all of them. */
export async function byTurns(runs: number, ...measures: (() => Promise<number>)[]): Promise<number[][]> {
  const samples = measures.map((): number[] => []);
  for (let run = 0; run < runs; run++) {
    for (const [index, measure] of measures.entries()) samples[index]?.push(await measure());
  }
  return samples;
}
