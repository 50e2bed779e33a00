/** A look at a project: what is dirty now, of what was asked for. Shared by all that a build does. */
import {statSync} from 'node:fs';
import type {Project} from './frontends/project.ts';
import type {EdgeId, NodeId} from './graph/graph.ts';
import {NodeTimes, statFrom} from './graph/node-times.ts';
import type {Location} from './locate.ts';
import type {BuildOptions} from './options.ts';
import {Freshness} from './scheduler/freshness.ts';
import {resolveTargets} from './targets.ts';

/** What is known of a project at one moment. */
export interface Look {
  readonly project: Project;
  readonly times: NodeTimes;
  readonly freshness: Freshness;
  /** What is to be built, validations included. */
  readonly roots: readonly NodeId[];
  /** The manifest itself is out of date and comes first. */
  readonly mustRegenerate: boolean;
  /** {@link descriptionStat} just before the look. */
  readonly stat: string;
}

export interface BuildContext {
  readonly options: BuildOptions;
  readonly location: Location;
  /** Milliseconds, as `performance.now()`, when the program started. */
  readonly began: number;
}

/** Reads the build description, or what is still true of the snapshot. */
export type Load = () => Project;

/**
 * Finds out what is dirty now. `isManifestFresh`: ninja was asked to make the manifest and left it as it was, whatever
 * the times say (an edge that is always dirty may stand before it). @throws FailureError
 */
export function lookAt(
  project: Project,
  targets: readonly string[],
  {isManifestFresh = false, isDone}: {isManifestFresh?: boolean; isDone?: (edge: EdgeId) => boolean} = {},
): Look {
  const {graph} = project;
  const stat = descriptionStat(project);
  if (!isManifestFresh) {
    const ofManifest = lookAtManifest(project);
    if (ofManifest) return {project, ...ofManifest, mustRegenerate: true, stat};
  }
  const {times, freshness} = scanner(project, isDone);
  const roots = freshness.scan(resolveTargets(graph, targets));
  return {project, times, freshness, roots, mustRegenerate: false, stat};
}

/** Whether the manifest itself is out of date by now. */
export function isManifestDirty(project: Project): boolean {
  return lookAtManifest(project) !== undefined;
}

/** What there is to do for the manifest itself, as ninja judges it: what it only waits for and validations included. */
function lookAtManifest(project: Project): Pick<Look, 'times' | 'freshness' | 'roots'> | undefined {
  const {graph, manifest} = project;
  if (manifest === undefined) return undefined;
  const {times, freshness} = scanner(project);
  const roots = freshness.scan([manifest]);
  const isReady = roots.every(node => freshness.isReady(graph.producer(node)));
  return isReady ? undefined : {times, freshness, roots};
}

/** The stat of all that a look rests on but the sources: another build that ended meanwhile has changed it. */
export function descriptionStat({files, directory}: Project): string {
  return [files.buildLog, files.depsLog, files.journal, `${directory}/build.ninja`]
    .map(file => {
      const stat = statSync(file, {bigint: true, throwIfNoEntry: false});
      return stat ? `${stat.mtimeNs} ${stat.size} ${stat.ino}` : '-';
    })
    .join();
}

function scanner(
  project: Project,
  isDone?: (edge: EdgeId) => boolean,
): {times: NodeTimes; freshness: Freshness} {
  const {graph, records, directory} = project;
  const times = new NodeTimes(graph, statFrom(directory));
  const freshness = new Freshness({
    graph,
    records,
    times,
    readDepfile: (edge, depfile) => project.readDepfile(edge, depfile),
    loadDyndep: node => project.loadDyndep(node),
    ...(isDone === undefined ? {} : {isDone}),
  });
  return {times, freshness};
}
