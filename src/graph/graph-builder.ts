/** Collects nodes and edges one by one, then freezes them into a {@link Graph}. */
import {type EdgeTexts, EdgeTextTable} from './edge-text-table.ts';
import {type EdgeId, type EdgeText, Graph, type GraphArrays, type NodeId, type Pool} from './graph.ts';

/** One edge as a front end describes it; inputs in the order explicit, implicit, order-only. */
export interface EdgeSpec {
  readonly texts: EdgeTexts;
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

type EdgeShape = Omit<EdgeSpec, 'texts' | 'flags' | 'hash'>;

export class GraphBuilder {
  readonly #byPath = new Map<string, NodeId>();
  readonly #paths: string[] = [];
  readonly #producer: EdgeId[] = [];
  /** But for what may still change, or is kept elsewhere. */
  readonly #edges: EdgeShape[] = [];
  readonly #flags: number[] = [];
  readonly #hashLow: number[] = [];
  readonly #hashHigh: number[] = [];
  readonly #texts = new EdgeTextTable();
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
    this.#flags.push(spec.flags);
    this.#hashLow.push(spec.hash[0]);
    this.#hashHigh.push(spec.hash[1]);
    this.addTexts(edge, spec.texts);
    for (const out of spec.outs) this.#producer[out] = edge;
    return edge;
  }

  /** Prereq: the edge has no texts of these kinds yet. */
  addTexts(edge: EdgeId, texts: EdgeTexts): void {
    for (const kind in texts) this.#texts.set(edge, kind as EdgeText, texts[kind as EdgeText]!);
  }

  /** A text's UTF-8, good until the next text. */
  textBytes(edge: EdgeId, which: EdgeText): Uint8Array {
    return this.#texts.bytesOf(edge, which);
  }

  addFlags(edge: EdgeId, flags: number): void {
    this.#flags[edge]! |= flags;
  }

  /** Instead of the one it came with. */
  setHash(edge: EdgeId, [low, high]: readonly [number, number]): void {
    this.#hashLow[edge] = low;
    this.#hashHigh[edge] = high;
  }

  freeze(options: {defaults: readonly NodeId[]; buildDir: string}): Graph {
    const edges = this.#edges;
    const paths = packStrings(this.#paths);
    const ins = rows(edges, edge => edge.ins);
    const outs = rows(edges, edge => edge.outs);
    const validations = rows(edges, edge => edge.validations);
    const commandHash = new Uint32Array(edges.length * 2);
    for (let edge = 0; edge < edges.length; edge++) {
      commandHash[2 * edge] = this.#hashLow[edge]!;
      commandHash[2 * edge + 1] = this.#hashHigh[edge]!;
    }
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
      edgeFlags: Uint8Array.from(this.#flags),
      edgePool: Int32Array.from(edges, edge => edge.pool),
      edgeDyndep: Int32Array.from(edges, edge => edge.dyndep),
      ...this.#texts.arrays(edges.length),
      commandHash,
      defaults: Int32Array.from(options.defaults),
    };
    return new Graph(arrays, {pools: this.#pools, buildDir: options.buildDir, paths: this.#paths});
  }
}

function rows(
  edges: readonly EdgeShape[],
  list: (edge: EdgeShape) => readonly NodeId[],
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
