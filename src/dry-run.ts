/** `llama build -n`: what would be done and why, without doing it. Writes to standard output. */

import type {Graph} from './graph/graph.ts';
import {Lanes} from './lanes.ts';
import type {Look} from './look.ts';
import type {BuildOptions} from './options.ts';
import type {DirtyReason} from './scheduler/freshness.ts';
import {Plan} from './scheduler/plan.ts';
import {LOCAL_REASONS} from './toolchain/local-reason.ts';

export function dryRun(look: Look, options: BuildOptions): string {
  const {graph} = look.project;
  const plan = new Plan(graph, look.freshness, look.roots);
  const edges = [...plan.unfinished()];
  if (options.debug.has('local')) return localReasons(look, edges);
  const lines: string[] = [];
  for (const edge of edges) {
    lines.push(options.verbose ? graph.text(edge, 'command') : graph.label(edge));
    const reason = options.debug.has('explain') ? look.freshness.reason(edge) : undefined;
    if (reason) lines.push(`  ${graph.path(graph.outs(edge)[0]!)}: ${reasonText(graph, reason)}`);
  }
  return lines.join('\n');
}

/** One line for each reason, with the outputs it keeps here. */
function localReasons(look: Look, edges: readonly number[]): string {
  const {graph} = look.project;
  const lanes = new Lanes(look.project, {env: process.env, distrusted: new Set()});
  const byReason = new Map<string, string[]>();
  for (const edge of edges) {
    if (!lanes.isCompile(edge) || lanes.laneOf(edge) === 'remote') continue;
    const classification = lanes.classificationOf(edge);
    const reason = lanes.reasonOf(edge) ?? 'unknown';
    const detail = classification.kind === 'local-compile' ? classification.local.detail : '';
    const list = byReason.get(reason) ?? [];
    list.push(`${graph.path(graph.outs(edge)[0]!)}${detail === '' ? '' : ` (${detail})`}`);
    byReason.set(reason, list);
  }
  if (byReason.size === 0) return 'no compile would stay local';
  return [...byReason]
    .sort((a, b) => b[1].length - a[1].length)
    .map(([reason, outputs]) => {
      const why = (LOCAL_REASONS as Readonly<Record<string, string>>)[reason];
      return `${outputs.length} ${reason}${why === undefined ? '' : `: ${why}`}\n${outputs.map(output => `  ${output}`).join('\n')}`;
    })
    .join('\n');
}

export function reasonText(graph: Graph, reason: DirtyReason): string {
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
