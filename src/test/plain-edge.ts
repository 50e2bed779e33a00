/** Graphs of edges that are nothing special, for tests of what is done with them. */
import type {EdgeTexts} from '../graph/edge-text-table.ts';
import type {Graph} from '../graph/graph.ts';
import {GraphBuilder} from '../graph/graph-builder.ts';

export interface PlainEdge {
  readonly texts: EdgeTexts;
  /** Explicit ones. */
  readonly ins?: readonly string[];
  readonly outs: readonly string[];
  readonly flags?: number;
}

export function graphOf(...edges: readonly PlainEdge[]): Graph {
  const builder = new GraphBuilder();
  const nodes = (paths: readonly string[]) => paths.map(path => builder.node(path));
  for (const {texts, ins = [], outs, flags = 0} of edges) {
    builder.addEdge({
      texts,
      flags,
      pool: -1,
      ins: nodes(ins),
      explicitIns: ins.length,
      dirtyingIns: ins.length,
      outs: nodes(outs),
      explicitOuts: outs.length,
      validations: [],
      dyndep: -1,
      hash: [0, 0],
    });
  }
  return builder.freeze({defaults: [], buildDir: ''});
}
