/**
 * The texts of edges while a graph is built, as bytes of one growing buffer: a manifest has megabytes of them, which as
 * strings would be moved about by every collection of garbage.
 */
import {EDGE_TEXTS, type EdgeId, type EdgeText} from './graph.ts';

export type EdgeTexts = Readonly<Partial<Record<EdgeText, string>>>;

const KINDS = EDGE_TEXTS.length;
const KIND = Object.fromEntries(EDGE_TEXTS.map((text, index) => [text, index])) as Record<EdgeText, number>;

export class EdgeTextTable {
  #bytes = Buffer.allocUnsafe(1 << 16);
  #used = 0;
  /** As {@link GraphArrays.edgeText}. */
  #table = new Uint32Array(KINDS << 9);
  /** Of each kind the last text: equal ones that follow each other (a rule's name, a response file's) are stored once. */
  readonly #last = EDGE_TEXTS.map(() => ({text: '', at: 0, length: 0}));

  /** Prereq: the edge has no text of this kind yet. */
  set(edge: EdgeId, which: EdgeText, text: string): void {
    const kind = KIND[which];
    const last = this.#last[kind]!;
    if (last.text !== text) {
      this.#makeRoom(text.length * 3);
      last.text = text;
      last.at = this.#used;
      last.length = this.#bytes.write(text, this.#used);
      this.#used += last.length;
    }
    const entry = 2 * (edge * KINDS + kind);
    this.#growTo(entry + 2);
    this.#table[entry] = last.at;
    this.#table[entry + 1] = last.length;
  }

  /** A text's UTF-8, good until the next text. */
  bytesOf(edge: EdgeId, which: EdgeText): Uint8Array {
    const entry = 2 * (edge * KINDS + KIND[which]);
    const at = this.#table[entry]!;
    return this.#bytes.subarray(at, at + this.#table[entry + 1]!);
  }

  /** As the arrays of a graph with so many edges. */
  arrays(edges: number): {readonly textBytes: Uint8Array; readonly edgeText: Uint32Array} {
    const length = 2 * edges * KINDS;
    this.#growTo(length);
    return {textBytes: this.#bytes.subarray(0, this.#used), edgeText: this.#table.slice(0, length)};
  }

  #makeRoom(most: number): void {
    if (this.#used + most <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#used + most));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }

  #growTo(length: number): void {
    if (length <= this.#table.length) return;
    const larger = new Uint32Array(Math.max(2 * this.#table.length, length));
    larger.set(this.#table);
    this.#table = larger;
  }
}
