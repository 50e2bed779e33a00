/**
 * What a build says in whole lines: its head, warnings and failures as the compilers print them, and its closing line.
 * The display decides when a line may be written; this decides what it says.
 */
import type {BuildPlanned, EdgeBroke, Summary} from '../event.ts';
import {RUN_REASONS} from './run-reasons.ts';

export function headLine(event: BuildPlanned, cloud: string): string {
  const parts = [event.name, `${count(event.compiles, 'compile')}, ${count(event.others, 'other step')}`];
  if (cloud !== '') parts.push(cloud);
  return parts.join(' · ');
}

/** The compiler's own words, whole and once, under one line that names the output. */
export function failureLines(event: EdgeBroke, buildDir: string): string {
  const output = text(event.output);
  if (event.isReported) return output;
  const where = event.place === 'remote' ? ' on the worker' : '';
  const lines = [
    `FAILED: ${event.target}`,
    output.replace(/\n$/, ''),
    `exit ${event.exitCode}${where}, ${seconds(event.duration)}; to see it alone: llama build ${buildDir} -v ${event.target}`,
    event.command,
  ];
  return `${lines.filter(line => line !== '').join('\n')}\n`;
}

export function closingLines(
  summary: Summary,
  options: {buildDir: string; othersDone: number; failed: number},
): string[] {
  const {compiles, wall_ms: wall, client_cpu_ms: cpu} = summary;
  const done = compiles.remote + compiles.cached + compiles.local;
  const counts = `${count(done, 'compile')} in ${seconds(wall)} (${compiles.remote} remote, ${compiles.cached} cached, ${compiles.local} local)`;
  const others = options.othersDone === 0 ? '' : `, ${count(options.othersDone, 'other step')} by ninja`;
  const tail = ` · client ${seconds(cpu)} CPU`;
  switch (summary.result) {
    case 'built':
      return [`built ${counts}${others}${tail}`, ...localLines(summary, options.buildDir)];
    case 'failed': {
      const failed = options.failed === 0 ? 'failed' : `${options.failed.toLocaleString('en')} failed`;
      return [
        `${failed} after ${counts}${others}${tail}; what is finished is recorded`,
        ...localLines(summary, options.buildDir),
      ];
    }
    case 'interrupted':
      return [
        `interrupted after ${counts}${others}; what is finished is recorded`,
        `to go on: llama build ${options.buildDir}`,
      ];
  }
}

function localLines({local_reasons: localReasons}: Summary, buildDir: string): string[] {
  const reasons = Object.entries(localReasons).sort((a, b) => b[1] - a[1]);
  if (reasons.length === 0) return [];
  const list = reasons.map(([reason, times]) => `${times} ${reason}`).join(', ');
  const isPlanned = reasons.some(([reason]) => RUN_REASONS[reason] === undefined);
  return [
    `  local: ${list}${isPlanned ? `    llama build ${buildDir} -n -d local tells why` : ''}`,
    ...reasons.flatMap(([reason]) =>
      RUN_REASONS[reason] === undefined ? [] : [`  ${reason}: ${RUN_REASONS[reason]}`],
    ),
  ];
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

export function seconds(ms: number): string {
  if (ms < 1000) return `${(ms / 1000).toFixed(2)} s`;
  return ms < 100_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
