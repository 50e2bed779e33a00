/**
 * A picture of all files under a directory, to be compared with another. Knows no build tool, but that the logs of
 * ninja and of ours differ from run to run and are compared elsewhere.
 */
import {createHash} from 'node:crypto';
import {lstat, readdir, readFile, readlink} from 'node:fs/promises';
import {join} from 'node:path';

/** Path relative to the top -> what is there: mode and digest, or the target of a symlink. */
export type FileTree = ReadonlyMap<string, string>;

/** Ninja's logs, its time probe, and our own journal: the only files that may differ between two builds. */
const RECORDS = /(^|\/)(\.ninja_(log|deps|lock)|\.llama[^/]*)$/;

/** Reads every file under `top`, records left out. */
export async function fileTree(top: string): Promise<FileTree> {
  const found = new Map<string, string>();
  await collect(top, '', found);
  return found;
}

async function collect(top: string, below: string, found: Map<string, string>): Promise<void> {
  const entries = await readdir(join(top, below), {withFileTypes: true});
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (RECORDS.test(path)) continue;
    if (entry.isDirectory()) await collect(top, path, found);
    else found.set(path, await describe(join(top, path)));
  }
}

async function describe(path: string): Promise<string> {
  const stat = await lstat(path);
  if (stat.isSymbolicLink()) return `link to ${await readlink(path)}`;
  const mode = (stat.mode & 0o7777).toString(8);
  if (!stat.isFile()) return `special ${mode}`;
  const digest = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return `${mode} ${stat.size} ${digest.slice(0, 16)}`;
}

/**
 * One line per difference; empty when equal. Files that match one of `mayDiffer` must be there in both, with the same
 * mode, whatever their bytes.
 */
export function differences(
  expected: FileTree,
  actual: FileTree,
  mayDiffer: readonly RegExp[] = [],
): string[] {
  const lines: string[] = [];
  for (const path of new Set([...expected.keys(), ...actual.keys()])) {
    const [left, right] = [expected.get(path), actual.get(path)];
    if (left === undefined) lines.push(`${path}: not there after ninja, now ${right}`);
    else if (right === undefined) lines.push(`${path}: missing`);
    else if (mayDiffer.some(pattern => pattern.test(path))) {
      if (left.split(' ')[0] !== right.split(' ')[0]) lines.push(`${path}: mode ${right}, ninja's ${left}`);
    } else if (left !== right) lines.push(`${path}: ${right}, ninja's ${left}`);
  }
  return lines.sort();
}
