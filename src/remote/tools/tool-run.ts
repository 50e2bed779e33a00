/** Whether a tool's run on a worker kept to what its edge declares: what it read, what it looked for, what it wrote. */
import {type Dirent, readdirSync} from 'node:fs';
import type {FileState} from '../../graph/file-state.ts';
import type {ActionResult} from '../../protocol/invocation.ts';
import {namesOf, pathsOf, type SharedGroups, unshareNames} from '../../protocol/path-groups.ts';
import {pathIn} from '../../protocol/tree.ts';
import {isElf} from '../../toolchain/elf.ts';
import {isProgram} from '../../toolchain/find-program.ts';
import type {Inputs} from '../../toolchain/input-finder.ts';
import {programFormat} from '../../toolchain/loader.ts';
import {goesUnseen, isOfSystem, mayAskLocale, type ToolRuntime} from '../../toolchain/tool-runtime.ts';
import {StayLocal} from '../fault.ts';
import {firstPresent} from '../input-set.ts';
import type {ToolLibraries} from './tool-libraries.ts';

export interface ToolRun {
  readonly files: FileState;
  readonly canonicalPath: (path: string) => string;
  /** For people: the edge. */
  readonly label: string;
  /** What the worker was given. */
  readonly inputs: Inputs;
  /** Files of the user's of which it was given the names alone, by places. */
  readonly standIns: ReadonlySet<string>;
  /** Every file that the edge tells of. */
  readonly declared: ReadonlySet<string>;
  readonly outputs: ReadonlySet<string>;
  readonly runtime: ToolRuntime;
  readonly libraries: ToolLibraries;
  /** Of the project: nothing below it is the system's. */
  readonly directory: string;
  /** Files of the system that the tool asks for, for all its later runs. */
  readonly remember: (paths: readonly string[]) => void;
  /** Told of each program that may have asked for a locale. @throws StayLocal where that would have been another one here */
  readonly onLocale: (program: string) => void;
  readonly warn: (text: string) => void;
}

/** What a next run has to be given. */
export interface Lacking {
  readonly paths: readonly string[];
  /** Places of files of which the names have been listed. */
  readonly standIns: readonly string[];
}

/** Entries of a directory that is listed, with all below it where it is the system's. */
const MOST_LISTED = 4000;

/**
 * What is here and the worker looked for in vain: nothing where the run counts.
 * @throws StayLocal where it read or made what its edge does not declare
 */
export async function judgeToolRun(result: ActionResult, run: ToolRun): Promise<Lacking> {
  const judge = new Judge(run);
  judge.absent(result.observed.absent);
  for (const path of pathsOf(result.observed.listed)) judge.listed(path);
  if (judge.hasLacking) return judge.lacking();
  for (const path of pathsOf(result.observed.read)) await judge.read(path);
  if (result.leavesPrograms) judge.stay('tool-unfit', 'ends before programs that it has started');
  for (const path of pathsOf(result.observed.found)) judge.found(path);
  const other = result.others?.find(path => !/\/__pycache__(?:\/|$)/.test(path));
  if (other !== undefined)
    judge.stay('undeclared-output', `changes '${other}', which its edge does not declare`);
  // What nothing shows, a variable of the environment for instance, may be missing there.
  if (result.exitCode !== 0)
    throw new StayLocal(
      'tool-failed',
      `'${run.label}' failed on a worker, and not here: ${firstLine(result)}`,
    );
  return {paths: [], standIns: []};
}

class Judge {
  readonly #run: ToolRun;
  readonly #wanted = new Set<string>();
  readonly #standIns = new Set<string>();

  constructor(run: ToolRun) {
    this.#run = run;
  }

  get hasLacking(): boolean {
    return this.#wanted.size + this.#standIns.size > 0;
  }

  stay(reason: string, text: string): never {
    this.#run.warn(`'${this.#run.label}' ${text}; it runs here`);
    throw new StayLocal(reason);
  }

  absent(groups: SharedGroups): void {
    const {files, outputs, canonicalPath} = this.#run;
    for (const [directory, names] of unshareNames(groups)) {
      for (const name of namesOf(names)) {
        const path = pathIn(directory, name);
        if (firstPresent(directory, [name], files) !== path || outputs.has(canonicalPath(path))) continue;
        const isKnown =
          files.stat(path)?.kind === 'directory' || this.#isDeclared(path) || this.#isOfAll(path);
        if (!isKnown) this.#undeclared(path);
        this.#wanted.add(path);
      }
    }
  }

  /** Its names were read, and have to be those that it has here. */
  listed(path: string): void {
    const {files} = this.#run;
    const lacking = this.#namesLacking(path);
    if (lacking.length === 0) return;
    const all = this.#isOfSystem(path) ? allBelow(path) : lacking;
    if (all.length > MOST_LISTED) this.#undeclared(`${path}/`);
    for (const entry of all) {
      const kind = files.lstat(entry)?.kind;
      if (kind === 'directory' || this.#isDeclared(entry) || this.#isOfAll(entry)) this.#wanted.add(entry);
      else if (kind === 'file') this.#standIns.add(placeOf(entry, files));
      // A link or a pipe is more than its name, also to who lists it.
      else this.#undeclared(entry);
    }
  }
  async read(path: string): Promise<void> {
    const {onLocale, libraries, runtime} = this.#run;
    if (!this.#isDeclared(path) && !this.#isOfSystem(path)) this.#undeclared(path);
    if (!(await libraries.isLoadedAlike(path, runtime)))
      this.stay('tool-unfit', `loads '${path}' with other libraries than a worker would`);
    if (!isProgram(path) || !isElf(path) || /\.so(?:\.|$)/.test(path)) return;
    if (programFormat(path).kind !== 'dynamic' || goesUnseen(path))
      this.stay('tool-unfit', `starts '${path}', of which a worker would not see all that it does`);
    if (mayAskLocale(path)) onLocale(path);
  }

  /** Something was asked of it besides its name. */
  found(path: string): void {
    if (this.#run.standIns.has(placeOf(path, this.#run.files))) this.#undeclared(path);
  }

  async lacking(): Promise<Lacking> {
    const {libraries, runtime, remember} = this.#run;
    const paths = new Set([...this.#wanted, ...(await libraries.of(this.#wanted, runtime))]);
    const system = [...paths].filter(path => this.#isOfSystem(path));
    if (system.length > 0) remember(system);
    return {paths: [...paths], standIns: [...this.#standIns]};
  }

  #undeclared(path: string): never {
    return this.stay('undeclared-input', `reads '${path}', which its edge does not declare`);
  }

  /** By its place, however it is spelt. */
  #isOfSystem(path: string): boolean {
    const {files, canonicalPath, directory} = this.#run;
    const clean = canonicalPath(path);
    const place = files.physical(path) ?? clean;
    return isOfSystem(clean) && isOfSystem(place) && !place.startsWith(`${directory}/`);
  }

  /** A file of the system that everybody may read. */
  #isOfAll(path: string): boolean {
    return this.#isOfSystem(path) && ((this.#run.files.stat(path)?.mode ?? 0) & 0o004) !== 0;
  }

  #isDeclared(path: string): boolean {
    const {declared, canonicalPath, files} = this.#run;
    return declared.has(canonicalPath(path)) || declared.has(files.physical(path) ?? path);
  }

  /** What is in a directory here and was not there. */
  #namesLacking(path: string): string[] {
    const {files, inputs, outputs, standIns, canonicalPath} = this.#run;
    const here = files.names(path);
    const place = files.physical(path);
    if (!(here instanceof Set) || place === undefined) return [];
    const there = new Set(
      inputs.files.flatMap(({directory, file}) => (directory === place ? [file[0]] : [])),
    );
    const below = `${place}/`;
    const places = [...inputs.directories, ...inputs.files.map(input => input.directory), ...standIns];
    for (const entry of [...places, ...inputs.links.map(([link]) => link)]) {
      if (entry.startsWith(below)) there.add(entry.slice(below.length).split('/', 1)[0]!);
    }
    return [...here]
      .filter(name => !there.has(name))
      .map(name => pathIn(path, name))
      .filter(entry => !outputs.has(canonicalPath(entry)) && files.lstat(entry) !== undefined);
  }
}

/** Where a name is, whatever it leads to. */
function placeOf(path: string, files: FileState): string {
  const slash = path.lastIndexOf('/');
  const directory = path.slice(0, slash) || '/';
  return pathIn(files.physical(directory) ?? directory, path.slice(slash + 1));
}

/** What may be listed of it. */
function allBelow(path: string): string[] {
  const all: string[] = [];
  const pending = [path];
  for (let next = pending.pop(); next !== undefined && all.length <= MOST_LISTED; next = pending.pop()) {
    for (const entry of entriesOf(next)) {
      all.push(`${next}/${entry.name}`);
      if (entry.isDirectory()) pending.push(`${next}/${entry.name}`);
    }
  }
  return all;
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, {withFileTypes: true});
  } catch {
    return []; // Nobody who may not read it has listed it.
  }
}

/** Of what a failed program said, if it is short enough to have come along. */
function firstLine({stderr, exitCode}: ActionResult): string {
  const said = Buffer.from(stderr.inline ?? [])
    .toString()
    .split('\n', 1)[0]!
    .slice(0, 200);
  return said === '' ? `exit ${exitCode}` : said;
}
