/** A set of small whole numbers as bits: to join two of them costs a step for 32 members. */

const BITS = 32;

export class IdSet {
  #words: Uint32Array;

  /** `room`: numbers below it need no growth. */
  constructor(room = 256) {
    this.#words = new Uint32Array(Math.ceil(room / BITS));
  }

  /** Of memory. */
  get bytes(): number {
    return this.#words.byteLength;
  }

  add(id: number): void {
    if (id >>> 5 >= this.#words.length) this.#grow((id >>> 5) + 1);
    this.#words[id >>> 5]! |= 1 << (id & 31);
  }

  delete(id: number): void {
    if (id >>> 5 < this.#words.length) this.#words[id >>> 5]! &= ~(1 << (id & 31));
  }

  has(id: number): boolean {
    return ((this.#words[id >>> 5] ?? 0) & (1 << (id & 31))) !== 0;
  }

  clear(): void {
    this.#words.fill(0);
  }

  /** Answers whether any of them is new here. */
  addAll(others: IdSet): boolean {
    const words = others.#words;
    if (words.length > this.#words.length) this.#grow(words.length);
    const own = this.#words;
    let news = 0;
    for (let i = 0; i < words.length; i++) {
      news |= words[i]! & ~own[i]!;
      own[i]! |= words[i]!;
    }
    return news !== 0;
  }

  /** In ascending order. */
  members(): number[] {
    const members: number[] = [];
    for (let i = 0; i < this.#words.length; i++) addBits(this.#words[i]!, i, members);
    return members;
  }

  /** Members that are not in `others`, in ascending order. */
  without(others: IdSet): number[] {
    const rest: number[] = [];
    for (let i = 0; i < this.#words.length; i++) addBits(this.#words[i]! & ~(others.#words[i] ?? 0), i, rest);
    return rest;
  }

  /** Members that are in `others` too, in ascending order. */
  alsoIn(others: IdSet): number[] {
    const common: number[] = [];
    const length = Math.min(this.#words.length, others.#words.length);
    for (let i = 0; i < length; i++) addBits(this.#words[i]! & others.#words[i]!, i, common);
    return common;
  }

  #grow(words: number): void {
    const grown = new Uint32Array(Math.max(words, 2 * this.#words.length));
    grown.set(this.#words);
    this.#words = grown;
  }
}

function addBits(word: number, at: number, to: number[]): void {
  for (let rest = word; rest !== 0; rest &= rest - 1) {
    to.push(at * BITS + 31 - Math.clz32(rest & -rest));
  }
}
