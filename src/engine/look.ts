/** A look at a project: what is dirty now, of what was asked for. Shared by all that a build does. */
import {statSync} from 'node:fs';
import type {Project} from '../frontends/project.ts';
import type {EdgeId, NodeId} from '../graph/graph.ts';
import {NodeTimes, statFrom} from '../graph/node-times.ts';
import type {Location} from '../options/locate.ts';
import type {BuildOptions} from '../options/options.ts';
import {Freshness} from '../scheduler/freshness.ts';
import {Plan} from '../scheduler/plan.ts';
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

export interface LookOptions {
  /**
   * Ninja was asked to make the manifest and left it as it was, whatever the times say: an edge that is always dirty may
   * stand before it.
   */
  readonly isManifestFresh?: boolean;
  readonly isDone?: (edge: EdgeId) => boolean;
  /** Of an earlier look, where it is known which files have changed since. Default: all are looked at. */
  readonly times?: NodeTimes;
}

/** Finds out what is dirty now. @throws FailureError */
export function lookAt(
  project: Project,
  targets: readonly string[],
  {isManifestFresh = false, isDone, times: known}: LookOptions = {},
): Look {
  const {graph} = project;
  const stat = descriptionStat(project);
  const times = known ?? timesOf(project);
  if (!isManifestFresh) {
    const ofManifest = lookAtManifest(project, times);
    if (ofManifest) return {project, times, ...ofManifest, mustRegenerate: true, stat};
  }
  const freshness = scanner(project, times, isDone);
  const roots = freshness.scan(resolveTargets(graph, targets));
  return {project, times, freshness, roots, mustRegenerate: false, stat};
}

/** Whether the manifest itself is out of date by now. */
export function isManifestDirty(project: Project): boolean {
  return lookAtManifest(project, timesOf(project)) !== undefined;
}

/** What there is to do for the manifest itself, as ninja judges it: what it only waits for and validations included. */
function lookAtManifest(project: Project, times: NodeTimes): Pick<Look, 'freshness' | 'roots'> | undefined {
  const {graph, manifest} = project;
  if (manifest === undefined) return undefined;
  const freshness = scanner(project, times);
  const roots = freshness.scan([manifest]);
  const isReady = roots.every(node => freshness.isReady(graph.producer(node)));
  return isReady ? undefined : {freshness, roots};
}

/** Whether there is anything to do. Phony edges may never be ready, an absent file that nothing makes behind them for one: they are nothing to run. */
export function hasWork({mustRegenerate, project, freshness, roots}: Look): boolean {
  return mustRegenerate || new Plan(project.graph, freshness, roots).counts.wanted > 0;
}

/** The stat of all that a look rests on but the sources: another build that ended meanwhile has changed it. */
export function descriptionStat({files, file, included}: Project): string {
  const description = [file, ...included.map(each => each.file)];
  return [files.buildLog, files.depsLog, files.journal, ...description]
    .map(file => {
      const stat = statSync(file, {bigint: true, throwIfNoEntry: false});
      return stat ? `${stat.mtimeNs} ${stat.size} ${stat.ino}` : '-';
    })
    .join();
}

function timesOf({graph, directory}: Project): NodeTimes {
  return new NodeTimes(graph, statFrom(directory));
}

function scanner(project: Project, times: NodeTimes, isDone?: (edge: EdgeId) => boolean): Freshness {
  const {graph, records} = project;
  return new Freshness({
    graph,
    records,
    times,
    readDepfile: (edge, depfile) => project.readDepfile(edge, depfile),
    loadDyndep: node => project.loadDyndep(node),
    ...(isDone === undefined ? {} : {isDone}),
  });
}
