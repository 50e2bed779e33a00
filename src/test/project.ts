/**
 * One copy of a fixture in a rig: its files, and the two programs that build it. Edits wait for the file system's clock
 * to move on, since ninja cannot see an edit made within the tick of the last build.
 */
import {appendFile, mkdir, readFile, rename, rm, stat, symlink, utimes, writeFile} from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';
import {expect} from 'vitest';
import {dryCommands, type NinjaRecords, parseDeps, readCommands} from './ninja-records.ts';
import type {LlamaOptions, LlamaRun, Rig} from './rig.ts';
import type {Run, Running} from './run.ts';

/** Where the small projects are. */
export const FIXTURES = resolve(import.meta.dirname, '../../fixtures');

export interface ProjectOptions {
  /** Name of the project's directory in the scratch directory; spaces and all are welcome. */
  readonly name?: string;
  /** The source directory is reached through a symlink. */
  readonly linkedSource?: boolean;
  /** Arguments for `cmake`; false leaves the project unconfigured. */
  readonly configure?: readonly string[] | false;
}

/** Copies a fixture to a fresh place and configures it, if it is for CMake; else its directory is the build directory too. */
export async function openProject(rig: Rig, fixture: string, options: ProjectOptions = {}): Promise<Project> {
  const root = join(rig.scratch, options.name ?? rig.unique(fixture));
  await mkdir(root);
  const real = join(root, options.linkedSource ? 'real source' : 'source');
  const source = join(root, 'source');
  await check(rig.run('cp', ['-a', join(FIXTURES, fixture), real]));
  if (options.linkedSource) await symlink('real source', source);
  const cmake = await exists(join(real, 'CMakeLists.txt'));
  const project = new Project(rig, {root, source, directory: cmake ? join(root, 'build') : source});
  if (cmake && options.configure !== false) {
    await project.configure(options.configure ?? []);
  }
  return project;
}

export class Project {
  readonly rig: Rig;
  /** Holds the source and, when CMake is used, the build directory beside it. */
  readonly root: string;
  /** As the user spells it: perhaps through a symlink. */
  readonly source: string;
  /** The DIR of `llama build DIR`. */
  readonly directory: string;

  constructor(rig: Rig, places: {root: string; source: string; directory: string}) {
    this.rig = rig;
    this.root = places.root;
    this.source = places.source;
    this.directory = places.directory;
  }

  async configure(args: readonly string[]): Promise<void> {
    await check(this.rig.run('cmake', ['-G', 'Ninja', '-S', this.source, '-B', this.directory, ...args]));
  }

  /** Runs `llama build DIR ARGS`. */
  llama(args: readonly string[] = [], options: LlamaOptions = {}): Promise<LlamaRun> {
    return this.rig.llama([this.directory, ...args], options);
  }

  startLlama(args: readonly string[] = [], options: LlamaOptions = {}): Running {
    return this.rig.startLlama([this.directory, ...args], options);
  }

  ninja(args: readonly string[] = [], options: LlamaOptions = {}): Promise<Run> {
    return this.rig.run('ninja', ['-C', this.directory, ...args], options);
  }

  /** Builds with llama and expects success. */
  async built(args: readonly string[] = [], options: LlamaOptions = {}): Promise<LlamaRun> {
    return check(this.llama(args, options));
  }

  /** Builds with ninja and expects success. */
  async builtByNinja(args: readonly string[] = [], options: LlamaOptions = {}): Promise<Run> {
    return check(this.ninja(args, options));
  }

  /** The commands that ninja would run, sorted. */
  async ninjaWouldRun(targets: readonly string[] = [], options: LlamaOptions = {}): Promise<string[]> {
    return dryCommands((await check(this.ninja(['-n', '-v', ...targets], options))).stdout);
  }

  /** The commands that llama would run, sorted. */
  async llamaWouldRun(targets: readonly string[] = [], options: LlamaOptions = {}): Promise<string[]> {
    const {stdout} = await check(this.llama(['-n', '-v', ...targets], options));
    return stdout
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('nothing to do'))
      .sort();
  }

  /** What ninja remembers, in a form that can be compared. `builddir` is relative to the build directory. */
  async records(builddir = '.'): Promise<NinjaRecords> {
    const deps = await check(this.ninja(['-t', 'deps']));
    return {deps: parseDeps(deps.stdout), commands: await readCommands(join(this.directory, builddir))};
  }

  /** Keeps all files as they are now; the returned function brings them back, times included. */
  async keep(): Promise<() => Promise<void>> {
    const kept = join(this.rig.scratch, this.rig.unique('kept'));
    await check(this.rig.run('cp', ['-a', this.root, kept]));
    return async () => {
      await rm(this.root, {recursive: true});
      await check(this.rig.run('cp', ['-a', kept, this.root]));
    };
  }

  /** Absolute path of a file of the source. */
  path(file: string): string {
    return join(this.source, file);
  }

  /** Absolute path of a file of the build directory. */
  output(file: string): string {
    return join(this.directory, file);
  }

  read(file: string): Promise<string> {
    return readFile(this.path(file), 'utf8');
  }

  async write(file: string, text: string): Promise<void> {
    await this.tick();
    await mkdir(dirname(this.path(file)), {recursive: true});
    await writeFile(this.path(file), text);
  }

  async append(file: string, text: string): Promise<void> {
    await this.tick();
    await appendFile(this.path(file), text);
  }

  async remove(file: string): Promise<void> {
    await rm(this.path(file), {recursive: true});
  }

  /** Gives a file the time of now, and its bytes no change. */
  async touch(file: string): Promise<void> {
    await this.tick();
    const now = join(this.rig.scratch, 'now');
    // Only the kernel's own clock is the one that ninja sees; utimes takes no nanoseconds.
    await check(this.rig.run('touch', ['-c', '-r', now, this.path(file)]));
  }

  /** Sets a modification time in whole seconds. */
  async setTime(file: string, seconds: number): Promise<void> {
    await utimes(this.path(file), seconds, seconds);
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(this.path(from), this.path(to));
  }

  /** Returns once a file written now is newer than all that were written before the call. */
  async tick(): Promise<void> {
    const probe = join(this.rig.scratch, 'now');
    await writeFile(probe, '');
    const before = (await stat(probe, {bigint: true})).mtimeNs;
    while ((await stat(probe, {bigint: true})).mtimeNs === before) await writeFile(probe, '.');
  }
}

/** Passes a run on, or fails with everything that it said. */
export async function check<T extends Run>(running: Promise<T>): Promise<T> {
  const done = await running;
  expect(done.status, done.all).toBe(0);
  return done;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
