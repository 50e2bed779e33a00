/**
 * The judgement of the end-to-end tests: a build by llama leaves what a build by plain ninja leaves, file by file and
 * record by record, and ninja then finds nothing to do.
 */
import {expect} from 'vitest';
import {differences, type FileTree, fileTree} from './file-tree.ts';
import {entriesBelow, lastingProcesses} from './leftovers.ts';
import type {NinjaRecords} from './ninja-records.ts';
import {check, type Project} from './project.ts';
import type {LlamaOptions, LlamaRun, Rig} from './rig.ts';

export interface SameOptions extends LlamaOptions {
  readonly targets?: readonly string[];
  readonly llamaArgs?: readonly string[];
  /** Files whose bytes differ between two local builds too. */
  readonly mayDiffer?: readonly RegExp[];
  /** The manifest's `builddir`, relative to the build directory. */
  readonly builddir?: string;
  /** Some edges are dirty after every build: compare what ninja would run with the same after its own build. */
  readonly alwaysDirty?: boolean;
}

/** All that a build leaves. */
export interface Reference {
  readonly files: FileTree;
  readonly records: NinjaRecords;
  /** What ninja would run next. */
  readonly next: readonly string[];
}

export interface SameRuns {
  readonly reference: Reference;
  /** The first build, with what the workers made. */
  readonly first: LlamaRun;
  /** The same build again, from nothing but the result cache. */
  readonly again: LlamaRun;
}

/** What is there now. */
export async function picture(project: Project, options: SameOptions = {}): Promise<Reference> {
  return {
    files: await fileTree(project.root),
    records: await project.records(options.builddir),
    next: await project.ninjaWouldRun(options.targets, options),
  };
}

/**
 * Builds with ninja, then from the same state with llama, then with llama from its result cache; each must leave the
 * same. The project is left as the last of them left it.
 */
export async function expectSameAsNinja(project: Project, options: SameOptions = {}): Promise<SameRuns> {
  const targets = options.targets ?? [];
  const restore = await project.keep();
  await project.builtByNinja(targets, options);
  const reference = await picture(project, options);
  if (!options.alwaysDirty) expect(reference.next).toEqual([]);

  const llama = async (): Promise<LlamaRun> => {
    await restore();
    const done = await project.built([...(options.llamaArgs ?? []), ...targets], options);
    await expectLike(project, reference, options);
    return done;
  };
  const first = await llama();
  const again = await llama();
  return {reference, first, again};
}

/** Expects all files, records and next commands to be those of a reference, and nothing left behind. */
export async function expectLike(
  project: Project,
  reference: Reference,
  options: SameOptions = {},
): Promise<void> {
  const now = await picture(project, options);
  expect(differences(reference.files, now.files, options.mayDiffer)).toEqual([]);
  expect(now.records.deps).toEqual(reference.records.deps);
  expect(now.records.commands).toEqual(reference.records.commands);
  expect(now.next).toEqual(reference.next);
  if (!options.alwaysDirty) await expectIdle(project, options);
  await expectNothingLeft(project.rig);
}

/** Expects a real ninja, and llama itself, to find nothing to do. */
export async function expectIdle(project: Project, options: SameOptions = {}): Promise<void> {
  const targets = options.targets ?? [];
  const ninja = await check(project.ninja(['-d', 'explain', ...targets], options));
  expect(ninja.all).toContain('ninja: no work to do.');
  const llama = await project.built([...(options.llamaArgs ?? []), ...targets], options);
  expect(llama.summary?.edges.dirty, llama.all).toBe(0);
}

/** Expects no process of the rig to be alive and its temporary directory to be empty. */
export async function expectNothingLeft(rig: Rig): Promise<void> {
  expect(await lastingProcesses(rig.scratch)).toEqual([]);
  expect(await entriesBelow(rig.temporary)).toEqual([]);
}
