/**
 * The nouns of a build: nodes (files), edges (commands) and what joins them, in dense arrays that can be written to
 * disk and read back without parsing. Knows nothing of where a build description comes from nor of what runs it.
 */

/** Index of a node; dense, from 0. */
export type NodeId = number;
/** Index of an edge; dense, from 0. */
export type EdgeId = number;

/** Bits of {@link GraphArrays.edgeFlags}. */
export const EDGE_PHONY = 1;
export const EDGE_RESTAT = 2;
export const EDGE_GENERATOR = 4;
/** In ninja's `console` pool. */
export const EDGE_CONSOLE = 8;
/** `deps = gcc`: the depfile goes into the deps log. */
export const EDGE_DEPS_GCC = 16;
/** `deps = msvc` */
export const EDGE_DEPS_MSVC = 32;

/** The strings that an edge has, in the order of {@link GraphArrays.edgeText}. */
export const EDGE_TEXTS = [
  'command',
  'description',
  'depfile',
  'rspfile',
  'rspfileContent',
  'msvcDepsPrefix',
  'rule',
] as const;
export type EdgeText = (typeof EDGE_TEXTS)[number];

/**
 * Everything there is to know of a graph. `x`-lists are in compressed rows: those of edge `e` are
 * `x[xStart[e]] .. x[xStart[e + 1] - 1]`.
 */
export interface GraphArrays {
  /** UTF-8 of all node paths, one after the other. */
  readonly pathBytes: Uint8Array;
  readonly pathStart: Uint32Array;
  /** The edge that makes a node, -1 for none. */
  readonly producer: Int32Array;
  readonly ins: Int32Array;
  readonly insStart: Uint32Array;
  /** Of an edge's inputs, how many are explicit, and how many explicit or implicit. */
  readonly explicitIns: Uint32Array;
  readonly dirtyingIns: Uint32Array;
  readonly outs: Int32Array;
  readonly outsStart: Uint32Array;
  readonly explicitOuts: Uint32Array;
  readonly validations: Int32Array;
  readonly validationsStart: Uint32Array;
  readonly edgeFlags: Uint8Array;
  /** Index into `pools`, -1 for none; the console pool is a flag. */
  readonly edgePool: Int32Array;
  /** The dyndep node of an edge, -1 for none. */
  readonly edgeDyndep: Int32Array;
  /** UTF-8 of all texts; text `t` of edge `e` begins at `edgeText[2 * (e * EDGE_TEXTS.length + t)]`, with its length next. */
  readonly textBytes: Uint8Array;
  readonly edgeText: Uint32Array;
  /** Ninja's hash of the command: low and high 32 bits of edge `e` at `2 * e` and `2 * e + 1`. */
  readonly commandHash: Uint32Array;
  readonly defaults: Int32Array;
}

export interface Pool {
  readonly name: string;
  readonly depth: number;
}

const decoder = new TextDecoder();

/** Names that are looked for one by one before an index of all is made. */
const FEW = 3;

/** What dyndep information adds to an edge. */
interface DynamicPart {
  readonly ins: Int32Array;
  readonly dirtying: number;
  readonly outs: Int32Array;
  restat: boolean;
}

/** Read access to a graph. Changes after construction are additions only: new nodes, and dyndep information. */
export class Graph {
  readonly arrays: GraphArrays;
  readonly pools: readonly Pool[];
  /** `builddir` as the manifest gives it, '' if it does not. */
  readonly buildDir: string;
  readonly edgeCount: number;
  readonly #paths: (string | undefined)[];
  readonly #baseNodes: number;
  readonly #addedProducer: EdgeId[] = [];
  #byPath: Map<string, NodeId> | undefined;
  #searches = 0;
  #consumers: {start: Uint32Array; edges: Int32Array} | undefined;
  readonly #dynamic = new Map<EdgeId, DynamicPart>();
  readonly #dynamicConsumers = new Map<NodeId, EdgeId[]>();
  /** Dyndep files that were made since the graph was read: what they say holds, whatever is dirty before them. */
  readonly madeDyndeps = new Set<NodeId>();

  constructor(arrays: GraphArrays, extra: {pools: readonly Pool[]; buildDir: string; paths?: string[]}) {
    this.arrays = arrays;
    this.pools = extra.pools;
    this.buildDir = extra.buildDir;
    this.edgeCount = arrays.edgeFlags.length;
    this.#baseNodes = arrays.producer.length;
    this.#paths = extra.paths ?? new Array(this.#baseNodes);
  }

  get nodeCount(): number {
    return this.#paths.length;
  }

  path(node: NodeId): string {
    let path = this.#paths[node];
    if (path === undefined) {
      const {pathBytes, pathStart} = this.arrays;
      path = decoder.decode(pathBytes.subarray(pathStart[node], pathStart[node + 1]));
      this.#paths[node] = path;
    }
    return path;
  }

  /** The node of a canonical path, if the graph has one. */
  find(path: string): NodeId | undefined {
    return this.#byPath === undefined && this.#searches++ < FEW
      ? this.#search(path)
      : this.#index().get(path);
  }

  /** As the index says, at a tenth of the cost of making it. Prereq: no node was added, which makes the index. */
  #search(path: string): NodeId | undefined {
    const {pathBytes, pathStart} = this.arrays;
    const wanted = Buffer.from(path);
    const bytes = Buffer.from(pathBytes.buffer, pathBytes.byteOffset, pathBytes.byteLength);
    for (let node = 0; node < this.#baseNodes; node++) {
      const start = pathStart[node]!;
      if (pathStart[node + 1]! - start !== wanted.length) continue;
      if (wanted.equals(bytes.subarray(start, start + wanted.length))) return node;
    }
    return undefined;
  }

  /** The node of a canonical path, made if need be (a discovered input). */
  intern(path: string): NodeId {
    const index = this.#index();
    let node = index.get(path);
    if (node === undefined) {
      node = this.#paths.length;
      this.#paths.push(path);
      this.#addedProducer.push(-1);
      index.set(path, node);
    }
    return node;
  }

  /** The edge that makes a node, or -1. */
  producer(node: NodeId): EdgeId {
    return node < this.#baseNodes
      ? this.arrays.producer[node]!
      : this.#addedProducer[node - this.#baseNodes]!;
  }

  /** Those of `nodes` that some edge makes. Asked of every discovered input: it touches nothing but the arrays. */
  madeAmong(nodes: Int32Array | readonly NodeId[]): readonly NodeId[] {
    const {producer} = this.arrays;
    const made: NodeId[] = [];
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      const edge = node < this.#baseNodes ? producer[node]! : this.producer(node);
      if (edge >= 0) made.push(node);
    }
    return made;
  }

  /** All inputs, order-only ones included: what must be there first. */
  orderingIns(edge: EdgeId): Int32Array {
    const dynamic = this.#dynamic.get(edge);
    if (dynamic) return dynamic.ins;
    const {ins, insStart} = this.arrays;
    return ins.subarray(insStart[edge], insStart[edge + 1]);
  }

  /** Explicit and implicit inputs: what makes the edge dirty. Discovered inputs are kept elsewhere. */
  dirtyingIns(edge: EdgeId): Int32Array {
    const dynamic = this.#dynamic.get(edge);
    if (dynamic) return dynamic.ins.subarray(0, dynamic.dirtying);
    const {ins, insStart, dirtyingIns} = this.arrays;
    const start = insStart[edge]!;
    return ins.subarray(start, start + dirtyingIns[edge]!);
  }

  explicitIns(edge: EdgeId): Int32Array {
    const {ins, insStart, explicitIns} = this.arrays;
    const start = insStart[edge]!;
    return ins.subarray(start, start + explicitIns[edge]!);
  }

  /** All outputs, implicit ones included. */
  outs(edge: EdgeId): Int32Array {
    const dynamic = this.#dynamic.get(edge);
    if (dynamic) return dynamic.outs;
    const {outs, outsStart} = this.arrays;
    return outs.subarray(outsStart[edge], outsStart[edge + 1]);
  }

  explicitOuts(edge: EdgeId): Int32Array {
    return this.outs(edge).subarray(0, this.arrays.explicitOuts[edge]!);
  }

  validations(edge: EdgeId): Int32Array {
    const {validations, validationsStart} = this.arrays;
    return validations.subarray(validationsStart[edge], validationsStart[edge + 1]);
  }

  has(edge: EdgeId, flag: number): boolean {
    if (flag === EDGE_RESTAT && this.#dynamic.get(edge)?.restat) return true;
    return (this.arrays.edgeFlags[edge]! & flag) !== 0;
  }

  isPhony(edge: EdgeId): boolean {
    return (this.arrays.edgeFlags[edge]! & EDGE_PHONY) !== 0;
  }

  dyndep(edge: EdgeId): NodeId {
    return this.arrays.edgeDyndep[edge]!;
  }

  text(edge: EdgeId, which: EdgeText): string {
    const at = 2 * (edge * EDGE_TEXTS.length + EDGE_TEXTS.indexOf(which));
    const {textBytes, edgeText} = this.arrays;
    const start = edgeText[at]!;
    return decoder.decode(textBytes.subarray(start, start + edgeText[at + 1]!));
  }

  /** The edges that have a node among their inputs, of any kind. */
  consumers(node: NodeId): readonly EdgeId[] | Int32Array {
    this.#consumers ??= this.#indexConsumers();
    const {start, edges} = this.#consumers;
    const fixed =
      node < this.#baseNodes ? edges.subarray(start[node], start[node + 1]) : edges.subarray(0, 0);
    const dynamic = this.#dynamicConsumers.get(node);
    return dynamic ? [...fixed, ...dynamic] : fixed;
  }

  /** A short name for an edge: its description, else its first output. */
  label(edge: EdgeId): string {
    return this.text(edge, 'description') || this.path(this.outs(edge)[0]!);
  }

  /**
   * Adds what a dyndep file says of an edge, in place of what an earlier reading said. Returns the output that is made
   * already, if any: then nothing is added.
   */
  addDynamic(
    edge: EdgeId,
    more: {ins: readonly NodeId[]; outs: readonly NodeId[]; restat: boolean},
  ): NodeId | undefined {
    this.#dropDynamic(edge);
    const taken = more.outs.find((out, i) => this.producer(out) !== -1 || more.outs.indexOf(out) !== i);
    if (taken !== undefined) return taken;
    const all = this.orderingIns(edge);
    const dirtying = this.dirtyingIns(edge).length;
    const ins = Int32Array.from([...all.subarray(0, dirtying), ...more.ins, ...all.subarray(dirtying)]);
    const outs = Int32Array.from([...this.outs(edge), ...more.outs]);
    this.#dynamic.set(edge, {
      ins,
      outs,
      dirtying: dirtying + more.ins.length,
      restat: more.restat,
    });
    for (const out of more.outs) this.#setProducer(out, edge);
    for (const node of more.ins) {
      const list = this.#dynamicConsumers.get(node);
      if (list) list.push(edge);
      else this.#dynamicConsumers.set(node, [edge]);
    }
    return undefined;
  }

  #dropDynamic(edge: EdgeId): void {
    const known = this.#dynamic.get(edge);
    if (!known) return;
    this.#dynamic.delete(edge);
    for (const out of known.outs.subarray(this.outs(edge).length)) this.#setProducer(out, -1);
    for (const node of known.ins.subarray(this.dirtyingIns(edge).length, known.dirtying)) {
      const others = this.#dynamicConsumers.get(node)?.filter(consumer => consumer !== edge) ?? [];
      this.#dynamicConsumers.set(node, others);
    }
  }

  #setProducer(node: NodeId, edge: EdgeId): void {
    if (node < this.#baseNodes) this.arrays.producer[node] = edge;
    else this.#addedProducer[node - this.#baseNodes] = edge;
  }

  #index(): Map<string, NodeId> {
    if (!this.#byPath) {
      this.#byPath = new Map();
      for (let node = 0; node < this.#paths.length; node++) this.#byPath.set(this.path(node), node);
    }
    return this.#byPath;
  }

  #indexConsumers(): {start: Uint32Array; edges: Int32Array} {
    const {ins, insStart} = this.arrays;
    const start = new Uint32Array(this.#baseNodes + 1);
    for (const node of ins) start[node + 1]!++;
    for (let node = 0; node < this.#baseNodes; node++) start[node + 1]! += start[node]!;
    const next = start.slice();
    const edges = new Int32Array(ins.length);
    for (let edge = 0; edge < this.edgeCount; edge++) {
      for (let i = insStart[edge]!; i < insStart[edge + 1]!; i++) edges[next[ins[i]!]!++] = edge;
    }
    return {start, edges};
  }
}
