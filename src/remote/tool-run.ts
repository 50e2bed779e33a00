/** Whether a tool's run on a worker kept to what its edge declares: what it read, what it looked for, what it wrote. */
import {closeSync, openSync, readdirSync, readSync} from 'node:fs';
import type {FileState} from '../graph/file-state.ts';
import type {ActionResult, PathGroups} from '../protocol/invocation.ts';
import {pathIn} from '../protocol/tree.ts';
import {isProgram} from '../toolchain/find-program.ts';
import type {Inputs} from '../toolchain/input-finder.ts';
import {extraClosure} from '../toolchain/loader.ts';
import {isOfSystem, mayAskLocale} from '../toolchain/tool-runtime.ts';
import {StayLocal} from './fault.ts';
import {firstPresent} from './input-set.ts';

export interface ToolRun {
  readonly files: FileState;
  readonly canonicalPath: (path: string) => string;
  /** For people: the edge. */
  readonly label: string;
  /** What the worker was given. */
  readonly inputs: Inputs;
  /** Every file that the edge tells of. */
  readonly declared: ReadonlySet<string>;
  readonly outputs: ReadonlySet<string>;
  readonly loader: string;
  /** Files of the system that the tool asks for, for all its later runs. */
  readonly remember: (paths: readonly string[]) => void;
  /** Told of each program that may have asked for a locale. @throws StayLocal where that would have been another one here */
  readonly onLocale: (program: string) => void;
  readonly warn: (text: string) => void;
}

/** Entries of a directory that is listed, with all below it where it is the system's. */
const MOST_LISTED = 4000;

/**
 * Paths that are here, and that the worker looked for in vain: none where the run counts.
 * @throws StayLocal where it read or made what its edge does not declare
 */
export async function judgeToolRun(result: ActionResult, run: ToolRun): Promise<readonly string[]> {
  const {observed} = result;
  const stay = (reason: string, text: string): never => {
    run.warn(`'${run.label}' ${text}; it runs here`);
    throw new StayLocal(reason);
  };
  const undeclared = (path: string) =>
    stay('undeclared-input', `reads '${path}', which its edge does not declare`);
  const isDeclared = (path: string) =>
    run.declared.has(run.canonicalPath(path)) || run.declared.has(run.files.physical(path) ?? path);
  const wanted = new Set<string>();
  for (const path of present(observed.absent, run.files)) {
    if (run.outputs.has(run.canonicalPath(path))) continue;
    const isKnown = isOfSystem(path) || run.files.stat(path)?.kind === 'directory' || isDeclared(path);
    if (!isKnown) undeclared(path);
    wanted.add(path);
  }
  for (const path of pathsOf(observed.listed)) {
    const lacking = namesLacking(path, run);
    if (lacking.length === 0) continue;
    const all = isOfSystem(`${path}/`) ? allBelow(path) : lacking;
    if (all.length > MOST_LISTED) undeclared(`${path}/`);
    for (const entry of all) wanted.add(entry);
  }
  if (wanted.size > 0) return withLibraries([...wanted], run);
  for (const path of pathsOf(observed.read)) {
    if (!isOfSystem(path) && !isDeclared(path)) undeclared(path);
    if (isProgram(path) && isElf(path) && mayAskLocale(path)) run.onLocale(path);
  }
  const other = result.others?.find(path => !/\/__pycache__(?:\/|$)/.test(path));
  if (other !== undefined) stay('undeclared-output', `changes '${other}', which its edge does not declare`);
  // What nothing shows, a variable of the environment for instance, may be missing there.
  if (result.exitCode !== 0) throw new StayLocal('tool-failed');
  return [];
}

function* pathsOf(groups: PathGroups): Iterable<string> {
  for (const [directory, names] of groups) for (const name of names) yield pathIn(directory, name);
}

/** Paths of the groups that are here. */
function* present(groups: PathGroups, files: FileState): Iterable<string> {
  for (const [directory, names] of groups) {
    for (const name of names) {
      const found = firstPresent(directory, [name], files);
      if (found === pathIn(directory, name)) yield found;
    }
  }
}

/** What is in a directory here and was not there. */
function namesLacking(path: string, {files, inputs, outputs, canonicalPath}: ToolRun): string[] {
  const here = files.names(path);
  if (!(here instanceof Set)) return [];
  const place = files.physical(path);
  const there = new Set(inputs.files.flatMap(({directory, file}) => (directory === place ? [file[0]] : [])));
  const below = `${place}/`;
  const places = [...inputs.directories, ...inputs.files.map(input => input.directory)];
  for (const directory of [...places, ...inputs.links.map(([link]) => link)]) {
    if (directory.startsWith(below)) there.add(directory.slice(below.length).split('/', 1)[0]!);
  }
  return [...here]
    .filter(name => !there.has(name))
    .map(name => pathIn(path, name))
    .filter(entry => !outputs.has(canonicalPath(entry)) && files.stat(entry) !== undefined);
}

function allBelow(path: string): string[] {
  const all: string[] = [];
  const pending = [path];
  for (let next = pending.pop(); next !== undefined && all.length <= MOST_LISTED; next = pending.pop()) {
    for (const entry of readdirSync(next, {withFileTypes: true})) {
      all.push(`${next}/${entry.name}`);
      if (entry.isDirectory()) pending.push(`${next}/${entry.name}`);
    }
  }
  return all;
}

/** With what the loader loads for those that are programs or libraries. */
async function withLibraries(
  paths: readonly string[],
  {files, loader, remember}: ToolRun,
): Promise<string[]> {
  const all = new Set(paths);
  for (const path of paths) {
    if (files.stat(path)?.kind !== 'file' || !isElf(path)) continue;
    for (const library of (await extraClosure(path, loader)).files) all.add(library);
  }
  const system = [...all].filter(isOfSystem);
  if (system.length > 0) remember(system);
  return [...all];
}

function isElf(path: string): boolean {
  const head = Buffer.alloc(4);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    return readSync(file, head, 0, 4, 0) === 4 && head.readUInt32BE(0) === 0x7f454c46;
  } finally {
    closeSync(file);
  }
}
