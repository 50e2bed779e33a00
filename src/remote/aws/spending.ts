/** What builds from this machine have cost, by month, as counted by us. */
import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';

type Months = Record<string, number>;

/** `2026-11`, in UTC. */
export function monthOf(time: Date): string {
  return time.toISOString().slice(0, 7);
}

/** US dollars of a month. */
export function spentIn(file: string, month: string): number {
  return read(file)[month] ?? 0;
}

/** That it cannot be written down is no error. Of two builds that end at once one may be lost. */
export function addSpending(file: string, month: string, dollars: number): void {
  if (dollars === 0) return;
  const months = read(file);
  months[month] = (months[month] ?? 0) + dollars;
  try {
    mkdirSync(dirname(file), {recursive: true});
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(months));
    renameSync(temporary, file);
  } catch {
    // As said.
  }
}

function read(file: string): Months {
  try {
    const months: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof months !== 'object' || months === null) return {};
    return Object.fromEntries(Object.entries(months).filter(([, sum]) => typeof sum === 'number'));
  } catch {
    return {};
  }
}
