/**
 * The record that the preload library keeps of the paths which a command looked at, as bytes: the format is described
 * at the top of `lambda/path-shim.c`. No I/O: whoever owns the file reads and writes it.
 */
import {textOfPath} from './path-text.ts';

/** One entry: a kind byte (`R W U S A D X L`) and an absolute path, in the order in which the programs saw them. */
export interface PathRecord {
  readonly kind: string;
  readonly path: string;
}

/** Bytes before the first entry. */
export const RECORD_HEADER = 16;

/** Header of an empty record. */
export function emptyRecordHeader(): Buffer {
  const header = Buffer.alloc(RECORD_HEADER);
  header.writeBigUInt64LE(BigInt(RECORD_HEADER));
  return header;
}

/** Offset behind the last entry; more than the file's size if entries were lost. `header`: the first 8 bytes at least. */
export function recordEnd(header: Buffer): number {
  return Number(header.readBigUInt64LE());
}

/** The entries in the bytes behind the header. A program killed in mid-entry leaves zeros, which no entry starts with. */
export function parseRecords(bytes: Buffer): PathRecord[] {
  const records: PathRecord[] = [];
  for (const entry of textOfPath(bytes).split('\0'))
    if (entry.length >= 2 && entry[1] === '/') records.push({kind: entry[0] as string, path: entry.slice(1)});
  return records;
}
