/**
 * What a build says in whole lines: its head, warnings and failures as the compilers print them, and its closing line.
 * The display decides when a line may be written; this decides what it says.
 */
import type {BuildPlanned, EdgeBroke, Summary} from '../event.ts';

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

export function closingLines(summary: Summary, options: {buildDir: string; othersDone: number}): string[] {
  const {compiles, wall_ms: wall, client_cpu_ms: cpu} = summary;
  const done = compiles.remote + compiles.cached + compiles.local;
  const counts = `${count(done, 'compile')} in ${seconds(wall)} (${compiles.remote} remote, ${compiles.cached} cached, ${compiles.local} local)`;
  const others = options.othersDone === 0 ? '' : `, ${count(options.othersDone, 'other step')} by ninja`;
  const tail = ` · client ${seconds(cpu)} CPU`;
  const reasons = Object.entries(summary.local_reasons).sort((a, b) => b[1] - a[1]);
  const local =
    reasons.length === 0
      ? []
      : [
          `  local: ${reasons.map(([reason, times]) => `${times} ${reason}`).join(', ')}    llama build ${options.buildDir} -n -d local shows them`,
        ];
  switch (summary.result) {
    case 'built':
      return [`built ${counts}${others}${tail}`, ...local];
    case 'failed':
      return [`failed after ${counts}${others}${tail}; what is finished is recorded`, ...local];
    case 'interrupted':
      return [
        `interrupted after ${counts}${others}; what is finished is recorded`,
        `to go on: llama build ${options.buildDir}`,
      ];
  }
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
