/** Collects nodes and edges one by one, then freezes them into a {@link Graph}. */
import {
  EDGE_TEXTS,
  type EdgeId,
  type EdgeText,
  Graph,
  type GraphArrays,
  type NodeId,
  type Pool,
} from './graph.ts';

/** One edge as a front end describes it; inputs in the order explicit, implicit, order-only. */
export interface EdgeSpec {
  readonly texts: Readonly<Partial<Record<EdgeText, string>>>;
  readonly flags: number;
  readonly pool: number;
  readonly ins: readonly NodeId[];
  readonly explicitIns: number;
  readonly dirtyingIns: number;
  readonly outs: readonly NodeId[];
  readonly explicitOuts: number;
  readonly validations: readonly NodeId[];
  readonly dyndep: NodeId;
  /** Low and high 32 bits of ninja's hash of the command. */
  readonly hash: readonly [number, number];
}

export class GraphBuilder {
  readonly #byPath = new Map<string, NodeId>();
  readonly #paths: string[] = [];
  readonly #producer: EdgeId[] = [];
  readonly #edges: EdgeSpec[] = [];
  readonly #pools: Pool[] = [];
  readonly #poolIndex = new Map<string, number>();

  node(path: string): NodeId {
    let node = this.#byPath.get(path);
    if (node === undefined) {
      node = this.#paths.length;
      this.#paths.push(path);
      this.#producer.push(-1);
      this.#byPath.set(path, node);
    }
    return node;
  }

  find(path: string): NodeId | undefined {
    return this.#byPath.get(path);
  }

  path(node: NodeId): string {
    return this.#paths[node]!;
  }

  producer(node: NodeId): EdgeId {
    return this.#producer[node]!;
  }

  addPool(pool: Pool): void {
    this.#poolIndex.set(pool.name, this.#pools.length);
    this.#pools.push(pool);
  }

  /** Index of a pool by name, -1 if there is none. */
  pool(name: string): number {
    return this.#poolIndex.get(name) ?? -1;
  }

  /** Prereq: none of the outputs has a producer yet. */
  addEdge(spec: EdgeSpec): EdgeId {
    const edge = this.#edges.length;
    this.#edges.push(spec);
    for (const out of spec.outs) this.#producer[out] = edge;
    return edge;
  }

  freeze(options: {defaults: readonly NodeId[]; buildDir: string}): Graph {
    const edges = this.#edges;
    const paths = packStrings(this.#paths);
    const ins = rows(edges, edge => edge.ins);
    const outs = rows(edges, edge => edge.outs);
    const validations = rows(edges, edge => edge.validations);
    const texts = packTexts(edges);
    const commandHash = new Uint32Array(edges.length * 2);
    edges.forEach((edge, id) => {
      commandHash[2 * id] = edge.hash[0];
      commandHash[2 * id + 1] = edge.hash[1];
    });
    const arrays: GraphArrays = {
      pathBytes: paths.bytes,
      pathStart: paths.start,
      producer: Int32Array.from(this.#producer),
      ins: ins.values,
      insStart: ins.start,
      explicitIns: Uint32Array.from(edges, edge => edge.explicitIns),
      dirtyingIns: Uint32Array.from(edges, edge => edge.dirtyingIns),
      outs: outs.values,
      outsStart: outs.start,
      explicitOuts: Uint32Array.from(edges, edge => edge.explicitOuts),
      validations: validations.values,
      validationsStart: validations.start,
      edgeFlags: Uint8Array.from(edges, edge => edge.flags),
      edgePool: Int32Array.from(edges, edge => edge.pool),
      edgeDyndep: Int32Array.from(edges, edge => edge.dyndep),
      textBytes: texts.bytes,
      edgeText: texts.table,
      commandHash,
      defaults: Int32Array.from(options.defaults),
    };
    return new Graph(arrays, {pools: this.#pools, buildDir: options.buildDir, paths: this.#paths});
  }
}

function rows(
  edges: readonly EdgeSpec[],
  list: (edge: EdgeSpec) => readonly NodeId[],
): {values: Int32Array; start: Uint32Array} {
  const start = new Uint32Array(edges.length + 1);
  for (let i = 0; i < edges.length; i++) start[i + 1] = start[i]! + list(edges[i]!).length;
  const values = new Int32Array(start[edges.length]!);
  for (let i = 0; i < edges.length; i++) values.set(list(edges[i]!), start[i]!);
  return {values, start};
}

function packStrings(strings: readonly string[]): {bytes: Uint8Array; start: Uint32Array} {
  const start = new Uint32Array(strings.length + 1);
  let most = 0;
  for (const text of strings) most += text.length * 3;
  const bytes = Buffer.allocUnsafe(most);
  let at = 0;
  for (let i = 0; i < strings.length; i++) {
    at += bytes.write(strings[i]!, at);
    start[i + 1] = at;
  }
  return {bytes: bytes.subarray(0, at), start};
}

/** Equal texts of one kind that follow each other (a rule's name, a response file's) are stored once. */
function packTexts(edges: readonly EdgeSpec[]): {bytes: Uint8Array; table: Uint32Array} {
  const table = new Uint32Array(edges.length * EDGE_TEXTS.length * 2);
  let most = 0;
  for (const edge of edges) for (const kind of EDGE_TEXTS) most += (edge.texts[kind]?.length ?? 0) * 3;
  const bytes = Buffer.allocUnsafe(most);
  const last = new Map<EdgeText, {text: string; at: number; length: number}>();
  let at = 0;
  let entry = 0;
  for (const edge of edges) {
    for (const kind of EDGE_TEXTS) {
      const text = edge.texts[kind] ?? '';
      let stored = last.get(kind);
      if (stored?.text !== text) {
        stored = {text, at, length: text === '' ? 0 : bytes.write(text, at)};
        at += stored.length;
        last.set(kind, stored);
      }
      table[entry++] = stored.at;
      table[entry++] = stored.length;
    }
  }
  return {bytes: bytes.subarray(0, at), table};
}
