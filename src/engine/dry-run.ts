/**
 * What would be done and why: `llama build -n`, and what `-d` adds to a build. Answers text; who writes it, and where,
 * is its callers' business.
 */

import type {EdgeId, Graph} from '../graph/graph.ts';
import type {BuildOptions} from '../options/options.ts';
import type {DirtyReason} from '../scheduler/freshness.ts';
import {Plan} from '../scheduler/plan.ts';
import {localReasons, type Surroundings} from './local-reasons.ts';
import {type Look, lookAt} from './look.ts';

/** `targets`: as the user named them. */
export async function dryRun(
  look: Look,
  {options, targets, ...surroundings}: Surroundings & {options: BuildOptions; targets: readonly string[]},
): Promise<string> {
  const {graph} = look.project;
  const {debug, verbose} = options;
  const lines: string[] = [];
  if (!debug.has('local') || debug.has('explain')) {
    for (const edge of new Plan(graph, look.freshness, look.roots).unfinished()) {
      lines.push(verbose ? graph.text(edge, 'command') : graph.label(edge));
      const reason = debug.has('explain') ? explanation(look, edge) : undefined;
      if (reason !== undefined) lines.push(`  ${reason}`);
    }
  }
  if (debug.has('local')) {
    if (look.mustRegenerate) lines.push('the build description is out of date; by what it says now:');
    const now = look.mustRegenerate ? lookAt(look.project, targets, {isManifestFresh: true}) : look;
    lines.push(await localReasons(now, surroundings));
  }
  return lines.join('\n');
}

/** What `-d` asks for, of each look that a build takes: each edge, and what stays local, is told of once. */
export function debugTeller(
  {debug, ...surroundings}: Surroundings & Pick<BuildOptions, 'debug'>,
  tell: (text: string) => void,
): (look: Look) => Promise<void> {
  const explained = new Set<string>();
  let isLocalTold = false;
  return async look => {
    const {graph} = look.project;
    if (debug.has('explain')) {
      for (const edge of new Plan(graph, look.freshness, look.roots).unfinished()) {
        const output = graph.path(graph.outs(edge)[0]!);
        const reason = explanation(look, edge);
        if (reason !== undefined && !explained.has(output)) tell(`explain: ${reason}`);
        explained.add(output);
      }
    }
    if (debug.has('local') && !isLocalTold && !look.mustRegenerate) {
      isLocalTold = true;
      tell(await localReasons(look, surroundings));
    }
  };
}

/** Why a dirty edge has to run, after the name of its first output. */
function explanation({project: {graph}, freshness}: Look, edge: EdgeId): string | undefined {
  const reason = freshness.reason(edge);
  return reason && `${graph.path(graph.outs(edge)[0]!)}: ${reasonText(graph, reason)}`;
}

function reasonText(graph: Graph, reason: DirtyReason): string {
  const path = (node: number) => `'${graph.path(node)}'`;
  switch (reason.why) {
    case 'input-dirty':
      return `${path(reason.input)} is to be made first, or is missing`;
    case 'output-missing':
      return `${path(reason.output)} is missing`;
    case 'output-older':
      return `${path(reason.input)} is newer than ${path(reason.output)} (by ${duration(reason.by)})`;
    case 'command-changed':
      return 'its command has changed';
    case 'record-older':
      return `${path(reason.input)} is newer than the last build (by ${duration(reason.by)})`;
    case 'never-built':
      return 'nothing tells that it was ever built by this command';
    case 'deps-missing':
      return 'the headers it reads are not known';
    case 'deps-outdated':
      return `${path(reason.output)} was changed by somebody else since its headers were recorded`;
    case 'depfile-missing':
      return `its depfile '${reason.depfile}' is missing`;
    case 'depfile-wrong':
      return `its depfile '${reason.depfile}' tells of another output`;
    case 'phony-without-inputs':
      return `${path(reason.output)} is no file and has no inputs`;
  }
}

function duration(ns: bigint): string {
  const ms = Number(ns) / 1e6;
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
