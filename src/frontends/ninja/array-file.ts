/**
 * Typed arrays as one binary file, to be read back without parsing:
 *
 *     uint32 length of the header; the header, JSON; padding to 8; the arrays, each at a multiple of 8
 *
 * Numbers are written by and for little-endian machines of one kind; such a file never leaves its directory.
 */
import {closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writevSync} from 'node:fs';
import {dirname} from 'node:path';

const ARRAY_TYPES = {
  Uint8Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
} as const;
type ArrayType = keyof typeof ARRAY_TYPES;
export type AnyArray = InstanceType<(typeof ARRAY_TYPES)[ArrayType]>;

interface Header {
  readonly version: number;
  readonly facts: unknown;
  /** By name: type, start in bytes and length in elements. */
  readonly arrays: Readonly<Record<string, readonly [ArrayType, number, number]>>;
}

export interface ArrayFile<Facts> {
  readonly facts: Facts;
  readonly arrays: Readonly<Record<string, AnyArray>>;
}

/** What `file` holds; undefined where there is none, or one that is cut off or of another version. */
export function readArrayFile<Facts>(file: string, version: number): ArrayFile<Facts> | undefined {
  try {
    const bytes = readFileSync(file);
    const headerSize = bytes.readUInt32LE(0);
    const header = JSON.parse(bytes.toString('utf8', 4, 4 + headerSize)) as Header;
    if (header.version !== version) return undefined;
    const body = align(4 + headerSize);
    const arrays = Object.fromEntries(
      Object.entries(header.arrays).map(([name, [type, start, length]]) => {
        const Type = ARRAY_TYPES[type];
        const from = bytes.byteOffset + body + start;
        const whole = bytes.buffer as ArrayBuffer;
        const buffer = from % 8 === 0 ? whole : whole.slice(from);
        return [name, new Type(buffer, from % 8 === 0 ? from : 0, length)];
      }),
    );
    return {facts: header.facts as Facts, arrays};
  } catch {
    return undefined; // It is made anew.
  }
}

/** Answers whether it is there as a whole; on a full or read-only disk it is not. */
export function writeArrayFile(
  file: string,
  version: number,
  {facts, arrays}: {readonly facts: unknown; readonly arrays: object},
): boolean {
  let size = 0;
  const chunks: Uint8Array[] = [];
  const places = Object.entries(arrays as Record<string, AnyArray>).map(([name, array]) => {
    const place = [name, [typeName(array), size, array.length]] as const;
    chunks.push(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    chunks.push(new Uint8Array(align(array.byteLength) - array.byteLength));
    size += align(array.byteLength);
    return place;
  });
  const header: Header = {version, facts, arrays: Object.fromEntries(places)};
  const text = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(align(4 + text.length));
  head.writeUInt32LE(text.length, 0);
  text.copy(head, 4);
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), {recursive: true});
    const written = writeChunks(temporary, [head, ...chunks]);
    if (written !== head.length + size) throw new Error('it is there in part only');
    renameSync(temporary, file);
    return true;
  } catch {
    removeIfPossible(temporary);
    return false;
  }
}

function writeChunks(file: string, chunks: readonly Uint8Array[]): number {
  const fd = openSync(file, 'w');
  try {
    return writevSync(fd, chunks);
  } finally {
    closeSync(fd);
  }
}

function removeIfPossible(file: string): void {
  try {
    rmSync(file, {force: true});
  } catch {
    // The folder cannot be written to, so that nothing was left in it.
  }
}

function typeName(array: AnyArray): ArrayType {
  if (array instanceof Int32Array) return 'Int32Array';
  if (array instanceof Uint32Array) return 'Uint32Array';
  return array instanceof BigInt64Array ? 'BigInt64Array' : 'Uint8Array';
}

function align(size: number): number {
  return (size + 7) & ~7;
}
