/**
 * A segment: results that were made about the same time, in one object. Its bytes, before compression:
 *
 *     bytes 0 to 3   length of the head, little endian
 *     the head       JSON: {format, results: [[key, offset, length], ...]}, offsets from the head's end
 *     the results    each a CachedResult in parts (`protocol/parts.ts`), or nothing where the key's are taken back
 *
 * A result is parsed when it is asked for, so that to hold thousands costs little. No I/O here.
 */
import type {Digest} from '../../protocol/digest.ts';
import {decodeParts, encodeParts, putContents, takeContents} from '../../protocol/parts.ts';
import type {CachedResult} from '../cloud.ts';

const FORMAT = 4;

export interface SegmentEntry {
  readonly key: Digest;
  /** Undefined: what earlier segments have under the key is wrong. */
  readonly result: CachedResult | undefined;
}

/** What one entry of a segment is, before it is parsed. */
export interface StoredResult {
  readonly key: Digest;
  /** Undefined as in {@link SegmentEntry}. @throws never; a result that cannot be read is undefined too */
  readonly read: () => CachedResult | undefined;
  readonly isRemoval: boolean;
}

export function encodeSegment(entries: readonly SegmentEntry[]): Buffer {
  const bodies = entries.map(({result}) => (result ? encodeResult(result) : Buffer.alloc(0)));
  let offset = 0;
  const results = entries.map(({key}, i) => {
    const entry = [key, offset, bodies[i]!.length];
    offset += bodies[i]!.length;
    return entry;
  });
  const head = Buffer.from(JSON.stringify({format: FORMAT, results}));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, ...bodies]);
}

/** Undefined where it is of another format or none. */
export function decodeSegment(bytes: Buffer): readonly StoredResult[] | undefined {
  if (bytes.length < 4) return undefined;
  const start = 4 + bytes.readUInt32LE(0);
  const head = parse(bytes.subarray(4, start)) as {format?: unknown; results?: unknown} | undefined;
  if (head?.format !== FORMAT || !Array.isArray(head.results)) return undefined;
  return head.results.filter(isEntry).map(([key, offset, length]) => ({
    key,
    read: () => decodeResult(bytes.subarray(start + offset, start + offset + length)),
    isRemoval: length === 0,
  }));
}

function isEntry(entry: unknown): entry is [Digest, number, number] {
  const [key, ...numbers] = Array.isArray(entry) ? entry : [];
  return typeof key === 'string' && numbers.length === 2 && numbers.every(Number.isSafeInteger);
}

function encodeResult(result: CachedResult): Buffer {
  const contents: Uint8Array[] = [];
  return encodeParts(takeContents(result, contents), contents);
}

function decodeResult(bytes: Buffer): CachedResult | undefined {
  try {
    const {value, contents} = decodeParts(bytes);
    return isResult(value) ? putContents(value, contents) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it has the shape; others may have written it. */
function isResult(value: unknown): value is CachedResult {
  const {inputs, outputs, stdout, stderr} = (value ?? {}) as Partial<CachedResult>;
  if (!inputs || !stdout || !stderr || !Array.isArray(outputs)) return false;
  const {read, found, absent, listed, places, twins} = inputs;
  return (
    [read, found].every(groups => areGroups(groups, names => typeof names === 'string')) &&
    areGroups(absent, rest => Array.isArray(rest) && rest.every(path => typeof path === 'string')) &&
    [listed, places].every(pairs => Array.isArray(pairs) && pairs.every(Array.isArray)) &&
    Array.isArray(twins) &&
    twins.every(Array.isArray) &&
    [...outputs, stdout, stderr].every(output => typeof output?.digest === 'string')
  );
}

function areGroups(groups: unknown, isRest: (rest: unknown) => boolean): boolean {
  return (
    Array.isArray(groups) &&
    groups.every(group => Array.isArray(group) && typeof group[0] === 'string' && isRest(group[1]))
  );
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return undefined;
  }
}
