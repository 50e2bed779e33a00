/** What a build left on disk, as data, and how two such states differ. Knows neither ninja's nor llama's insides. */
import {createHash} from 'node:crypto';
import {readdir, readFile} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {type BuildAt, type Deps, depsLog, outputsOf, wouldRun} from './ninja.ts';

export interface Snapshot {
  /** Digest of every object file of the targets. */
  readonly objects: Readonly<Record<string, string>>;
  /** Digest of every other output: archives, programs, generated files. */
  readonly others: Readonly<Record<string, string>>;
  readonly deps: Deps;
  /** Digest of every dependency file left on disk. */
  readonly depfiles: Readonly<Record<string, string>>;
  /** What ninja would run right after the build: nothing, or what is always dirty. */
  readonly idle: readonly string[];
  /** All files below the build directory. */
  readonly files: readonly string[];
}

/** Takes the state of the targets' edges; an output that is not there has the digest `absent`. */
export async function snapshot(at: BuildAt): Promise<Snapshot> {
  const outputs = await outputsOf(at);
  const files = await filesBelow(at.directory);
  const wanted = new Set(outputs);
  const deps = Object.entries(await depsLog(at)).filter(([output]) => wanted.has(output));
  return {
    objects: await digests(at.directory, outputs.filter(isObject)),
    others: await digests(
      at.directory,
      outputs.filter(path => !isObject(path)),
    ),
    deps: Object.fromEntries(deps.sort(([a], [b]) => (a < b ? -1 : 1))),
    depfiles: await digests(
      at.directory,
      files.filter(path => path.endsWith('.d')),
    ),
    idle: await wouldRun(at),
    files,
  };
}

function isObject(path: string): boolean {
  return /\.(o|obj)$/.test(path);
}

export async function digests(directory: string, paths: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const path of [...paths].sort()) {
    found[path] = await readFile(join(directory, path)).then(
      bytes => createHash('sha256').update(bytes).digest('hex'),
      () => 'absent',
    );
  }
  return found;
}

/** Every file below a directory, relative to it, sorted; none if it is not there. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, {recursive: true, withFileTypes: true}).catch(() => []);
  const files = entries.filter(entry => !entry.isDirectory());
  return files.map(entry => relative(directory, join(entry.parentPath, entry.name))).sort();
}

export interface Difference {
  /** What was compared, with how many there were. */
  readonly what: string;
  /** One line for each difference. */
  readonly lines: readonly string[];
}

/** Compares what llama left with the local reference; a difference in order counts for deps. */
export function compare(reference: Snapshot, found: Snapshot): Difference[] {
  return [
    compareRecords('objects', reference.objects, found.objects),
    compareRecords('other outputs', reference.others, found.others),
    compareRecords('deps records', flat(reference.deps), flat(found.deps)),
    compareRecords('.d files', depfilesOf(reference, found), found.depfiles),
    {what: 'idle (ninja -n)', lines: differing(reference.idle, found.idle)},
    {what: 'nothing left over', lines: leftOver(reference.files, found.files)},
  ];
}

/** A reference directory may hold depfiles of other targets, built before; not all are named after an output. */
function depfilesOf({depfiles, objects, others}: Snapshot, found: Snapshot): Record<string, string> {
  const own = Object.entries(depfiles).filter(([path]) => {
    const output = path.slice(0, -'.d'.length);
    return path in found.depfiles || output in objects || output in others;
  });
  return Object.fromEntries(own);
}

function flat(deps: Deps): Record<string, string> {
  return Object.fromEntries(Object.entries(deps).map(([output, inputs]) => [output, inputs.join('\n')]));
}

function compareRecords(
  what: string,
  reference: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): Difference {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(reference)) {
    const other = found[name];
    if (other === undefined) lines.push(`${name}: missing`);
    else if (other !== value) lines.push(`${name}: ${firstDifference(value, other)}`);
  }
  for (const name of Object.keys(found))
    if (!(name in reference)) lines.push(`${name}: not in the reference`);
  return {what: `${Object.keys(reference).length} ${what}`, lines};
}

function firstDifference(reference: string, found: string): string {
  const a = reference.split('\n');
  const b = found.split('\n');
  const at = a.findIndex((line, index) => line !== b[index]);
  const index = at === -1 ? a.length : at;
  return `reference has ${a[index] ?? 'no more'}, found ${b[index] ?? 'no more'} (${a.length} and ${b.length} entries)`;
}

/** Lines in one list and not in the other, marked `-` (only in the first) and `+`; duplicates count. */
export function differing(first: readonly string[], second: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of first) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const line of second) counts.set(line, (counts.get(line) ?? 0) - 1);
  return [...counts].filter(([, n]) => n !== 0).map(([line, n]) => `${n > 0 ? '-' : '+'} ${line}`);
}

/** Files that a plain build does not leave; llama's own state carries its name. */
function leftOver(reference: readonly string[], found: readonly string[]): string[] {
  const known = new Set(reference);
  // The last is what binutils' ar leaves beside its archive when it is killed, whoever started it.
  const own = (file: string): boolean =>
    file.startsWith('.llama') || file === '.ninja_lock' || /(^|\/)st[A-Za-z0-9]{6}$/.test(file);
  return found.filter(file => !known.has(file) && !own(file));
}
