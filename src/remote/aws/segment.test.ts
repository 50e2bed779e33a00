import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {digestOf} from '../../protocol/digest.ts';
import type {CachedResult} from '../cloud.ts';
import {decodeSegment, encodeSegment} from './segment.ts';

const results = fc
  .record({stdout: fc.string(), read: fc.array(fc.tuple(fc.string(), fc.array(fc.string())))})
  .map(value => value as unknown as CachedResult);
const entries = fc.array(
  fc.record({key: fc.string().map(digestOf), result: fc.option(results, {nil: undefined})}),
  {maxLength: 70},
);

describe('a segment', () => {
  it('gives back what went in, in its order', () => {
    fc.assert(
      fc.property(entries, all => {
        const decoded = decodeSegment(encodeSegment(all))!;
        expect(decoded.map(({key, read, isRemoval}) => ({key, result: read(), isRemoval}))).toEqual(
          all.map(({key, result}) => ({key, result, isRemoval: result === undefined})),
        );
      }),
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another thing', Buffer.from('PK\x03\x04 a zip file')],
    ['one of a later format', encodeJson({format: 99, results: []})],
    ['a head without results', encodeJson({format: 1})],
  ])('is not %s', (_, bytes) => {
    expect(decodeSegment(bytes)).toBeUndefined();
  });
});

function encodeJson(head: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text]);
}
