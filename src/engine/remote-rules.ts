/** What the user has called pure by names, held against the rules and programs that a build has. */

import type {Graph} from '../graph/graph.ts';
import {nearest} from '../options/edit-distance.ts';
import {toolNames} from '../toolchain/tool-command.ts';

/** A line for each name that nothing in the build has. */
export function unknownRules(graph: Graph, names: ReadonlySet<string>): string[] {
  const unknown = new Set(names);
  const seen = new Set<string>();
  for (let edge = 0; edge < graph.edgeCount && unknown.size > 0; edge++) {
    if (graph.isPhony(edge)) continue;
    for (const name of [graph.text(edge, 'rule'), ...toolNames(graph.text(edge, 'command'))]) {
      seen.add(name);
      unknown.delete(name);
    }
  }
  return Array.from(unknown, name => {
    const [best] = nearest(name, [...seen], 2);
    const hint = best === undefined ? '' : `; did you mean '${best}'?`;
    return `remote rule '${name}': no rule and no program of this build is called so${hint}`;
  });
}
