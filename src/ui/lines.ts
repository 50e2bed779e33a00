/**
 * What a build says in whole lines: its head, warnings and failures as the compilers print them, and its closing line.
 * The display decides when a line may be written; this decides what it says.
 */
import type {BuildPlanned, EdgeBroke, Summary} from '../event.ts';
import {isCloudFault, RUN_REASONS} from './run-reasons.ts';

/** What to run next: whole command lines, quoted for a shell. */
export interface Advice {
  /** The same build once more. */
  readonly again: string;
  /** Lists what stays local, and why. */
  readonly tellLocal: string;
  /** One target alone, with whole commands. */
  alone(target: string): string;
}

/** What the closing lines tell beyond the summary. */
export interface Closing {
  readonly advice: Advice;
  readonly othersDone: number;
  readonly failed: number;
  /** Absent where nothing was to be verified. */
  readonly unstable?: number;
}

export function headLine(event: BuildPlanned, cloud: string): string {
  const parts = [event.name, `${count(event.compiles, 'compile')}, ${count(event.others, 'other step')}`];
  if (cloud !== '') parts.push(cloud);
  return parts.join(' · ');
}

/** The compiler's own words, whole and once, under one line that names the output. */
export function failureLines(event: EdgeBroke, advice: Advice): string {
  const output = text(event.output);
  if (event.isReported) return output;
  const where = event.place === 'remote' ? ' on the worker' : '';
  const lines = [
    `FAILED: ${event.target}`,
    output.replace(/\n$/, ''),
    `exit ${event.exitCode}${where}, ${seconds(event.duration)}; to see it alone: ${advice.alone(event.target)}`,
    event.command,
  ];
  return `${lines.filter(line => line !== '').join('\n')}\n`;
}

export function fallbackLines(counts: {
  readonly cameBack: number;
  readonly compilesDone: number;
  readonly localReasons: ReadonlyMap<string, number>;
}): string {
  const [reason = ''] =
    [...counts.localReasons].filter(([name]) => isCloudFault(name)).sort((a, b) => b[1] - a[1])[0] ?? [];
  return (
    `llama: warning: ${counts.cameBack} of ${count(counts.compilesDone, 'compile')} came back from the cloud and ran here ` +
    `(${reason}): ${RUN_REASONS[reason] ?? 'llama doctor looks into it'}\n`
  );
}

export function closingLines(summary: Summary, closing: Closing): string[] {
  const {compiles, wall_ms: wall, client_cpu_ms: cpu} = summary;
  const {advice, othersDone} = closing;
  const done = compiles.remote + compiles.cached + compiles.local;
  const counts = `${count(done, 'compile')} in ${seconds(wall)} (${compiles.remote} remote, ${compiles.cached} cached, ${compiles.local} local)`;
  const others = othersText(summary, othersDone);
  const cost = summary.billed_ms > 0 ? ` · $${summary.cost_usd.toFixed(summary.cost_usd < 0.1 ? 4 : 2)}` : '';
  const tail = ` · client ${seconds(cpu)} CPU${cost}`;
  const more = [...localLines(summary, advice), ...retryLines(summary), ...verifiedLines(summary, closing)];
  switch (summary.result) {
    case 'built':
      if (summary.edges.dirty === 0) return [`nothing to do (${(wall / 1000).toFixed(2)} s)`];
      return [`built ${counts}${others}${tail}`, ...more];
    case 'failed': {
      const failed = closing.failed === 0 ? 'failed' : `${grouped(closing.failed)} failed`;
      return [`${failed} after ${counts}${others}${tail}; what is finished is recorded`, ...more];
    }
    case 'interrupted':
      return [
        `interrupted after ${counts}${others}; what is finished is recorded`,
        `to go on: ${advice.again}`,
      ];
  }
}

/** `done`: all that ran and is no compile. */
function othersText({remote_rules: rules}: Summary, done: number): string {
  const away = rules.remote + rules.cached;
  const byWorkers =
    away === 0
      ? ''
      : `, ${count(away, 'other step')} by workers (${rules.remote} remote, ${rules.cached} cached)`;
  return done === away ? byWorkers : `${byWorkers}, ${count(done - away, 'other step')} by ninja`;
}

/** Each reason with its sentence, or with the command that tells it. */
function localLines({local_reasons: localReasons}: Summary, advice: Advice): string[] {
  const reasons = Object.entries(localReasons).sort((a, b) => b[1] - a[1]);
  if (reasons.length === 0) return [];
  const list = localList(localReasons);
  const isPlanned = reasons.some(([reason]) => RUN_REASONS[reason] === undefined);
  return [
    `  local: ${list}${isPlanned ? `    ${advice.tellLocal} tells why` : ''}`,
    ...reasons.flatMap(([reason]) =>
      RUN_REASONS[reason] === undefined ? [] : [`  ${reason}: ${RUN_REASONS[reason]}`],
    ),
  ];
}

/** How many stayed here for which reason, the most frequent one first. */
export function localList(localReasons: Summary['local_reasons']): string {
  const reasons = Object.entries(localReasons).sort((a, b) => b[1] - a[1]);
  return reasons.map(([reason, times]) => `${times} ${reason}`).join(', ');
}

export function retryLines({retries}: Summary): string[] {
  const reasons = Object.entries(retries).sort((a, b) => b[1] - a[1]);
  if (reasons.length === 0) return [];
  return [`  asked again: ${reasons.map(([reason, times]) => `${times} ${reason}`).join(', ')}`];
}

function verifiedLines({compiles, verified, remote_rules: rules}: Summary, {unstable}: Closing): string[] {
  if (unstable === undefined) return [];
  const {compared, differed} = verified;
  const done = compiles.remote + compiles.cached + compiles.local;
  const away = rules.remote + rules.cached + rules.local;
  const all = [
    ...(done > 0 || away === 0 ? [count(done, 'compile')] : []),
    ...(away > 0 ? [count(away, 'other step')] : []),
  ];
  const head = `  verified ${grouped(compared)} of ${all.join(' and ')}`;
  if (compared === 0) return [head];
  const found = [
    ...(differed === 0 ? [] : [`${differed} differed, and will run locally from now on`]),
    ...(unstable === 0 ? [] : [`${unstable} differed between two local compiles as well`]),
  ];
  return [`${head}: ${found.length === 0 ? 'all equal' : found.join(', ')}`];
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

export function seconds(ms: number): string {
  if (ms < 1000) return `${(ms / 1000).toFixed(2)} s`;
  return ms < 100_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/** With commas. (The first `toLocaleString` of a process takes 11 ms.) */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

export function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`;
}
