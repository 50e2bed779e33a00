/** Living processes of this machine as /proc shows them: who descends from whom, who works in a directory. */
import {readdir, readFile, readlink} from 'node:fs/promises';

export interface Living {
  readonly pid: number;
  readonly parent: number;
  /** With the pid it names a process for good: pids are used again. */
  readonly started: string;
  readonly command: readonly string[];
  readonly cwd: string;
}

export async function living(): Promise<Living[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(look));
  return found.filter(each => each !== undefined);
}

async function look(pid: number): Promise<Living | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only its parent has not asked yet.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    return {pid, parent: Number(fields[1]), started: fields[19] ?? '', command, cwd};
  } catch {
    return undefined;
  }
}

/** All processes below `pid`, itself not among them. */
export function descendants(all: readonly Living[], pid: number): Living[] {
  const found: Living[] = [];
  const parents = new Set([pid]);
  for (let before = -1; before !== found.length; ) {
    before = found.length;
    for (const each of all) {
      if (parents.has(each.parent) && !parents.has(each.pid)) {
        parents.add(each.pid);
        found.push(each);
      }
    }
  }
  return found;
}

/** Those of `suspects` that still live, and any process that works in or names one of `places`. */
export async function leftOver(suspects: readonly Living[], places: readonly string[]): Promise<Living[]> {
  const names = new Set(suspects.map(each => `${each.pid} ${each.started}`));
  const touches = (each: Living): boolean =>
    places.some(
      place =>
        each.cwd === place ||
        each.cwd.startsWith(`${place}/`) ||
        each.command.some(word => word === place || word.startsWith(`${place}/`)),
    );
  const all = await living();
  return all.filter(
    each => each.pid !== process.pid && (names.has(`${each.pid} ${each.started}`) || touches(each)),
  );
}
