/** What a finished program may have left behind on the machine: processes and temporary files. Linux only. */
import {readdir, readFile, readlink} from 'node:fs/promises';
import {join} from 'node:path';

/** How long what a killed program started may take to notice: it is killed by the kernel or by a closed pipe. */
const NOTICE_MS = 10_000;

/** Processes whose environment, command line or working directory names `scratch`, as `pid command`. */
export async function processesIn(scratch: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const [command, environment, cwd] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
    ]);
    // A process that has ended and waits for its parent has neither of the three.
    if (`${command}\0${environment}\0${cwd}/`.includes(scratch)) {
      found.push(`${pid} ${command.replaceAll('\0', ' ').trim()}`);
    }
  }
  return found;
}

/** The processes that are still there after everyone had time to notice the death of whoever was killed. */
export async function lastingProcesses(scratch: string): Promise<string[]> {
  const limit = performance.now() + NOTICE_MS;
  let found = await processesIn(scratch);
  while (found.length > 0 && performance.now() < limit) found = await processesIn(scratch);
  return found;
}

/** Every file and directory below `directory`, relative; an absent directory is empty. */
export async function entriesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, {recursive: true, withFileTypes: true}).catch(() => []);
  return entries.map(entry => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort();
}

/** Ids of the processes that descend from `ancestor`, with their command lines. */
export async function descendants(ancestor: number): Promise<{pid: number; command: string}[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // The command's name, in parentheses, may itself hold spaces and parentheses.
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found: {pid: number; command: string}[] = [];
  for (const pid of parents.keys()) {
    let at: number | undefined = parents.get(pid);
    while (at !== undefined && at !== ancestor) at = parents.get(at);
    if (at !== ancestor) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    found.push({pid, command: command.replaceAll('\0', ' ').trim()});
  }
  return found;
}
