/**
 * `llama build`, up to the point where it is known whether there is anything to do. Loads nothing that only work needs:
 * to have nothing to do must cost as little as it costs ninja.
 */
import {statSync} from 'node:fs';
import {join} from 'node:path';
import {FailureError} from './failure.ts';
import {loadNinjaProject} from './frontends/ninja/ninja-project.ts';
import {type Project, STATE_DIR} from './frontends/project.ts';
import type {NodeId} from './graph/graph.ts';
import {NodeTimes, statFrom} from './graph/node-times.ts';
import {type Location, locate} from './locate.ts';
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
}

export interface BuildContext {
  readonly options: BuildOptions;
  readonly location: Location;
  /** Milliseconds, as `performance.now()`, when the program started. */
  readonly began: number;
}

/** Answers the exit status. @throws FailureError for everything that keeps a build from starting */
export async function build(options: BuildOptions, began: number): Promise<number> {
  const location = locate(options.words, {
    cwd: process.cwd(),
    hasCommands: options.commands !== undefined,
  });
  const context: BuildContext = {options, location, began};
  const load = await loader(context);
  const project = load({useSnapshot: true});
  const look = lookAt(project, location.targets);
  const isIdle = !look.mustRegenerate && look.roots.every(node => isReady(look, node));
  if (!isIdle || hasJournal(location.directory) || options.summary !== undefined) {
    const {runBuild} = await import('./run-build.ts');
    return runBuild(context, {look, load});
  }
  if (!project.isSnapshot) project.saveSnapshot();
  for (const warning of project.warnings) process.stderr.write(`llama: warning: ${warning}\n`);
  if (options.progress !== 'none') {
    process.stderr.write(`nothing to do (${((performance.now() - began) / 1000).toFixed(2)} s)\n`);
  }
  return 0;
}

export type Load = (options: {useSnapshot: boolean}) => Project;

async function loader({location, options}: BuildContext): Promise<Load> {
  const {directory, kind} = location;
  if (kind === 'ninja') {
    return ({useSnapshot}) =>
      loadNinjaProject({directory, manifest: 'build.ninja', environment: process.env, useSnapshot});
  }
  const {loadCompilesProject} = await import('./frontends/compiles-project.ts');
  return () => loadCompilesProject({directory, kind, commandsFile: options.commands});
}

/**
 * Finds out what is dirty now. `isManifestFresh`: ninja was asked to make the manifest and left it as it was, whatever
 * the times say (an edge that is always dirty may stand before it). @throws FailureError
 */
export function lookAt(project: Project, targets: readonly string[], isManifestFresh = false): Look {
  const {graph, records, directory} = project;
  const times = new NodeTimes(graph, statFrom(directory));
  const freshness = new Freshness({
    graph,
    records,
    times,
    readDepfile: (edge, depfile) => project.readDepfile(edge, depfile),
    loadDyndep: node => project.loadDyndep(node),
  });
  if (project.manifest !== undefined && !isManifestFresh) {
    freshness.scan([project.manifest]);
    if (freshness.isDirty(project.manifest)) {
      return {project, times, freshness, roots: [project.manifest], mustRegenerate: true};
    }
  }
  const roots = freshness.scan(resolveTargets(graph, targets));
  return {project, times, freshness, roots, mustRegenerate: false};
}

function isReady({project, freshness}: Look, node: NodeId): boolean {
  const producer = project.graph.producer(node);
  if (producer >= 0) return freshness.isReady(producer);
  if (freshness.isDirty(node)) {
    throw new FailureError({reason: 'input-missing', path: project.graph.path(node), neededBy: ''});
  }
  return true;
}

function hasJournal(directory: string): boolean {
  return (statSync(join(directory, STATE_DIR, 'journal'), {throwIfNoEntry: false})?.size ?? 0) > 0;
}
