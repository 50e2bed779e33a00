import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {digestOf} from '../../protocol/digest.ts';
import {encodeParts} from '../../protocol/parts.ts';
import {shareNames} from '../../protocol/path-groups.ts';
import {decodeSegment, encodeSegment} from './segment.ts';

const groups = fc.array(fc.tuple(fc.string(), fc.string()));
const inline = fc.uint8Array({maxLength: 50}).map(array => Buffer.from(array));
const bytes = fc.record(
  {digest: fc.string().map(digestOf), size: fc.nat(), inline},
  {requiredKeys: ['digest', 'size']},
);
const results = fc.record({
  inputs: fc.record({
    read: groups,
    content: fc.string().map(digestOf),
    found: groups,
    absent: groups.map(shareNames),
    listed: fc.array(fc.tuple(fc.string(), fc.string())),
    places: fc.array(fc.tuple(fc.string(), fc.string())),
    twins: fc.array(fc.array(fc.string())),
  }),
  outputs: fc.array(
    fc.record(
      {
        path: fc.string(),
        executable: fc.boolean(),
        digest: fc.string().map(digestOf),
        size: fc.nat(),
        inline,
      },
      {requiredKeys: ['path', 'executable', 'digest', 'size']},
    ),
  ),
  stdout: bytes,
  stderr: bytes,
});
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
    [{}],
    [{outputs: [], stdout: {}, stderr: {}, inputs: {}}],
    [{outputs: 'all', stdout: {}, stderr: {}}],
    [[]],
  ])('has no result in what somebody else has made up: %j', made => {
    const bytes = encodeParts({format: 5, keys: [digestOf('key')]}, [encodeParts(made, [])]);
    const [stored] = decodeSegment(bytes)!;
    expect(stored!.isRemoval).toBe(false);
    expect(stored!.read()).toBeUndefined();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another thing', Buffer.from('PK\x03\x04 a zip file')],
    ['one of a later format', encodeParts({format: 99, keys: []}, [])],
    ['one without keys', encodeParts({format: 5}, [])],
    ['one of fewer results than keys', encodeParts({format: 5, keys: [digestOf('key')]}, [])],
    ['one that says nothing', encodeParts(null, [])],
  ])('is not %s', (_, bytes) => {
    expect(decodeSegment(bytes)).toBeUndefined();
  });
});
