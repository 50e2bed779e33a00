/** What of the names that events told has really changed. Events tell where to look; only the files tell. */
import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import type {Look} from '../engine/look.ts';
import type {FileState} from '../graph/file-state.ts';
import type {NodeId} from '../graph/graph.ts';
import {statFrom} from '../graph/node-times.ts';
import {diskPath} from '../protocol/path-text.ts';
import type {DescriptionFile} from './description-file.ts';
import type {WatchedFiles} from './watched-files.ts';

/** What the last build was made for, and went by. */
export interface LastBuild {
  readonly changed: ReadonlySet<string>;
  readonly base: Look;
}

export interface ChangedFiles {
  /** Absolute paths. */
  readonly changed: readonly string[];
  /** Nodes that new files hide from those who read them. */
  readonly hidden: readonly NodeId[];
  /** Some of them is no node, so that the times of nodes do not tell what rests on it. */
  readonly isBeyondGraph: boolean;
}

export interface ChangedFilesOptions {
  /** What is known since the last build; the times of nodes that have changed are brought up to date, here and in what the last build went by. */
  readonly look: Look;
  readonly last: LastBuild | undefined;
  readonly watched: WatchedFiles;
  readonly description: DescriptionFile;
  readonly files: FileState;
}

export function changedFiles(names: Iterable<string>, options: ChangedFilesOptions): ChangedFiles {
  const {look, last, watched, description, files} = options;
  const {project, times} = look;
  const {graph, directory} = project;
  const stat = statFrom(directory);
  const base = last?.base.project === project ? last.base.times : undefined;
  const described = new Set(description.all(project));
  const changed: string[] = [];
  const hidden: NodeId[] = [];
  let isBeyondGraph = false;
  for (const path of names) {
    const nodes = watched.nodes(path);
    if (nodes === undefined) {
      if (!existsSync(diskPath(path))) continue;
      // A new file may be what a glob looks for, or what a failed compile has missed.
      isBeyondGraph = true;
      const namesakes = watched.namesakes(path);
      if (namesakes.length > 0) changed.push(path);
      hidden.push(...namesakes);
      continue;
    }
    for (const node of nodes) {
      const now = stat(graph.path(node));
      const seen = times.peek(node);
      if (now === (base?.peek(node) ?? times.get(node))) continue;
      times.set(node, now);
      base?.set(node, now);
      const file = resolve(directory, graph.path(node));
      // A source that each build writes anew is no reason for the next one: the look that follows each build has seen it, and
      // with it what a user wrote meanwhile. No clock tells that, since the times of files lag behind.
      const isWrittenByBuild = now !== 0n && now === seen && last?.changed.has(file);
      if (!isWrittenByBuild) changed.push(file);
    }
    const isDescription = described.has(path);
    if (nodes.length === 0 && (isDescription ? description.isOutdated(project) : files.hasChanged(path))) {
      changed.push(path);
      isBeyondGraph = true;
    }
  }
  return {changed, hidden, isBeyondGraph};
}
