/**
 * A segment: results that were made about the same time, in one object. Before compression it is parts
 * (`protocol/parts.ts`): {format, keys}, and for each key a content, which is a CachedResult in parts, or nothing where
 * the key's results are taken back.
 *
 * A result is parsed when it is asked for, so that to hold thousands costs little. No I/O here.
 */
import type {Digest} from '../../protocol/digest.ts';
import {decodeParts, encodeParts, putContents, takeContents} from '../../protocol/parts.ts';
import type {CachedResult} from '../cloud.ts';

const FORMAT = 5;

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
  return encodeParts({format: FORMAT, keys: entries.map(({key}) => key)}, bodies);
}

/** Undefined where it is of another format or none. */
export function decodeSegment(bytes: Buffer): readonly StoredResult[] | undefined {
  try {
    const {value, contents} = decodeParts(bytes);
    const {format, keys} = value as {format?: unknown; keys?: unknown};
    if (format !== FORMAT || !Array.isArray(keys) || keys.length !== contents.length) return undefined;
    return contents.map((body, i) => ({
      key: keys[i] as Digest,
      read: () => decodeResult(body),
      isRemoval: body.length === 0,
    }));
  } catch {
    return undefined;
  }
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
