/**
 * What ninja remembers of a build directory, as values that can be compared: its deps log through `ninja -t deps`, its
 * build log as text. Knows nothing of who wrote them.
 */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';

export interface NinjaRecords {
  /** Output -> `VALID` or `STALE`, then its inputs in recorded order. Modification times are left out. */
  readonly deps: Readonly<Record<string, readonly string[]>>;
  /** Output -> hash of the command that made it, as the last line for it says. */
  readonly commands: Readonly<Record<string, string>>;
}

/** Parses what `ninja -t deps` prints. */
export function parseDeps(text: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  let current: string[] = [];
  for (const line of text.split('\n')) {
    const head = /^(.*): #deps (\d+), deps mtime \d+ \((\w+)\)$/.exec(line);
    if (head) {
      current = [head[3] ?? ''];
      found[head[1] ?? ''] = current;
    } else if (line.startsWith('    ')) {
      current.push(line.slice(4));
    } else if (/^.*: deps not found$/.test(line)) {
      found[line.slice(0, -': deps not found'.length)] = [];
    }
  }
  return found;
}

/** Parses a `.ninja_log`; an absent one is empty. A line that is not whole is an error: nobody may leave one. */
export async function readCommands(directory: string): Promise<Record<string, string>> {
  let text: string;
  try {
    text = await readFile(join(directory, '.ninja_log'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  const [header, ...lines] = text.split('\n');
  if (!/^# ninja log v\d+$/.test(header ?? '')) throw new Error(`bad header in .ninja_log: ${header}`);
  if (lines.pop() !== '') throw new Error('the last line of .ninja_log is torn');
  const found: Record<string, string> = {};
  for (const line of lines) {
    const fields = /^\d+\t\d+\t\d+\t(.+)\t([0-9a-f]+)$/.exec(line);
    if (!fields) throw new Error(`torn line in .ninja_log: ${line}`);
    found[fields[1] ?? ''] = fields[2] ?? '';
  }
  return found;
}

/** The commands that `ninja -n -v` printed, sorted; its prefixes and its other lines left out. */
export function dryCommands(text: string): string[] {
  return text
    .split('\n')
    .flatMap(line => /^\[\d+\/\d+\] (.*)$/.exec(line)?.[1] ?? [])
    .sort();
}
