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
    const body = encodeParts(made, []);
    const head = encodeJson({format: 4, results: [[digestOf('key'), 0, body.length]]});
    const [stored] = decodeSegment(Buffer.concat([head, body]))!;
    expect(stored!.read()).toBeUndefined();
  });

  it('leaves out entries that somebody else has made up', () => {
    const results = [null, 5, [], ['key'], ['key', 0, 'all'], [0, 0, 0], [digestOf('key'), 0, 0]];
    const entries = decodeSegment(encodeJson({format: 4, results}))!;
    expect(entries.map(({key}) => key)).toEqual([digestOf('key')]);
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
