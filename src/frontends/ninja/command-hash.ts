/**
 * Ninja's hashes of a command, as its build log holds them: MurmurHash64A (log versions 5 and 6) and rapidhash
 * (version 7). 64-bit words are pairs of 32-bit halves: BigInt would cost some fifty times as much. Sources of the
 * algorithms: ninja's `build_log.cc` and the published descriptions of MurmurHash2 (Austin Appleby) and rapidhash
 * (Nicolas De Carli).
 */

export type HashKind = 'murmur' | 'rapid';

/** Hash of a command's UTF-8 bytes as `[low, high]` 32-bit halves. */
export function commandHash(kind: HashKind, command: string): [number, number] {
  return bytesHash(kind, Buffer.from(command));
}

/** Hash of a command that is UTF-8 already. */
export function bytesHash(kind: HashKind, command: Uint8Array): [number, number] {
  bytes = command;
  const hash = kind === 'murmur' ? murmur(command.length) : rapid(command.length);
  bytes = NOTHING; // It may be a view of something large.
  return hash;
}

/** As ninja writes it: lower-case hexadecimal without padding. */
export function formatHash([low, high]: readonly [number, number]): string {
  return high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, '0');
}

const NOTHING = new Uint8Array(0);
/** What is hashed. */
let bytes: Uint8Array = NOTHING;

function read32(at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

// The result of the 64-bit operations below.
let low = 0;
let high = 0;

/** High 32 bits of the product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const mid = a1 * b0 + ((a0 * b0) >>> 16);
  const mid2 = a0 * b1 + (mid % 65536);
  return (a1 * b1 + Math.floor(mid / 65536) + Math.floor(mid2 / 65536)) >>> 0;
}

/** (low, high) = a * b modulo 2^64. */
function multiply(al: number, ah: number, bl: number, bh: number): void {
  low = Math.imul(al, bl) >>> 0;
  high = (mulHigh(al, bl) + Math.imul(al, bh) + Math.imul(ah, bl)) >>> 0;
}

const M_LOW = 0x5bd1e995;
const M_HIGH = 0xc6a4a793;

function murmur(length: number): [number, number] {
  multiply(length, 0, M_LOW, M_HIGH);
  let hl = (0xdecafbad ^ low) >>> 0;
  let hh = (0xdecafbad ^ high) >>> 0;
  const whole = length & ~7;
  for (let at = 0; at < whole; at += 8) {
    multiply(read32(at), read32(at + 4), M_LOW, M_HIGH);
    // k ^= k >> 47: only the high half's upper 17 bits reach the low half.
    multiply((low ^ (high >>> 15)) >>> 0, high, M_LOW, M_HIGH);
    multiply((hl ^ low) >>> 0, (hh ^ high) >>> 0, M_LOW, M_HIGH);
    hl = low;
    hh = high;
  }
  if (length > whole) {
    for (let i = 0; i < length - whole; i++) {
      if (i < 4) hl = (hl ^ (bytes[whole + i]! << (8 * i))) >>> 0;
      else hh = (hh ^ (bytes[whole + i]! << (8 * (i - 4)))) >>> 0;
    }
    multiply(hl, hh, M_LOW, M_HIGH);
    hl = low;
    hh = high;
  }
  multiply((hl ^ (hh >>> 15)) >>> 0, hh, M_LOW, M_HIGH);
  return [(low ^ (high >>> 15)) >>> 0, high];
}

/** (low, high) = low half of the 128-bit product a * b, xor its high half. */
function mix(al: number, ah: number, bl: number, bh: number): void {
  wide(al, ah, bl, bh);
  low = (low ^ wideLow) >>> 0;
  high = (high ^ wideHigh) >>> 0;
}

// The high half of the last 128-bit product.
let wideLow = 0;
let wideHigh = 0;

/** The 128-bit product a * b: its low half in (low, high), its high half in (wideLow, wideHigh). */
function wide(al: number, ah: number, bl: number, bh: number): void {
  const ll = Math.imul(al, bl) >>> 0;
  const crossA = Math.imul(ah, bl) >>> 0;
  const crossB = Math.imul(al, bh) >>> 0;
  const hl = Math.imul(ah, bh) >>> 0;
  const second = mulHigh(al, bl) + crossA + crossB;
  const third = mulHigh(ah, bl) + mulHigh(al, bh) + hl + Math.floor(second / 0x100000000);
  low = ll;
  high = second >>> 0;
  wideLow = third >>> 0;
  wideHigh = (mulHigh(ah, bh) + Math.floor(third / 0x100000000)) >>> 0;
}

// The three secrets and ninja's seed.
const S0L = 0xaa6c78a5;
const S0H = 0x2d358dcc;
const S1L = 0x962eacc9;
const S1H = 0x8bb84b93;
const S2L = 0xd433d4a3;
const S2H = 0x4b33a62e;
const SEED_LOW = 0x82704029;
const SEED_HIGH = 0xbdd89aa9;

/** mix(word at `at` ^ (kl, kh), word at `at + 8` ^ (xl, xh)) */
function mixAt(at: number, kl: number, kh: number, xl: number, xh: number): void {
  mix(
    (read32(at) ^ kl) >>> 0,
    (read32(at + 4) ^ kh) >>> 0,
    (read32(at + 8) ^ xl) >>> 0,
    (read32(at + 12) ^ xh) >>> 0,
  );
}

function rapid(length: number): [number, number] {
  mix((SEED_LOW ^ S0L) >>> 0, (SEED_HIGH ^ S0H) >>> 0, S1L, S1H);
  let sl = (SEED_LOW ^ low ^ length) >>> 0;
  let sh = (SEED_HIGH ^ high) >>> 0;
  let al = 0;
  let ah = 0;
  let bl = 0;
  let bh = 0;
  if (length <= 16) {
    if (length >= 4) {
      const last = length - 4;
      const delta = (length & 24) >> (length >> 3);
      ah = read32(0);
      al = read32(last);
      bh = read32(delta);
      bl = read32(last - delta);
    } else if (length > 0) {
      ah = ((bytes[0]! << 24) | bytes[length >> 1]!) >>> 0;
      al = bytes[length - 1]!;
    }
  } else {
    let at = 0;
    let left = length;
    if (left > 48) {
      let s1l = sl;
      let s1h = sh;
      let s2l = sl;
      let s2h = sh;
      do {
        mixAt(at, S0L, S0H, sl, sh);
        sl = low;
        sh = high;
        mixAt(at + 16, S1L, S1H, s1l, s1h);
        s1l = low;
        s1h = high;
        mixAt(at + 32, S2L, S2H, s2l, s2h);
        s2l = low;
        s2h = high;
        at += 48;
        left -= 48;
      } while (left >= 48);
      sl = (sl ^ s1l ^ s2l) >>> 0;
      sh = (sh ^ s1h ^ s2h) >>> 0;
    }
    if (left > 16) {
      mixAt(at, S2L, S2H, (sl ^ S1L) >>> 0, (sh ^ S1H) >>> 0);
      sl = low;
      sh = high;
      if (left > 32) {
        mixAt(at + 16, S2L, S2H, sl, sh);
        sl = low;
        sh = high;
      }
    }
    al = read32(at + left - 16);
    ah = read32(at + left - 12);
    bl = read32(at + left - 8);
    bh = read32(at + left - 4);
  }
  wide((al ^ S1L) >>> 0, (ah ^ S1H) >>> 0, (bl ^ sl) >>> 0, (bh ^ sh) >>> 0);
  mix((low ^ S0L ^ length) >>> 0, (high ^ S0H) >>> 0, (wideLow ^ S1L) >>> 0, (wideHigh ^ S1H) >>> 0);
  return [low, high];
}
