import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {readResponse} from './response.ts';

const bytes = fc.uint8Array({maxLength: 300}).map(array => Buffer.from(array).toString('base64'));
const tricky = fc.constantFrom('"inline":"', '\\"inline\\":\\"', 'é', '\u2028', '"', '\\');
const text = fc
  .array(fc.oneof(tricky, fc.string({unit: 'binary', maxLength: 5})), {maxLength: 6})
  .map(all => all.join(''));
const output = fc.record({path: text, size: fc.nat(), inline: bytes}, {requiredKeys: ['path', 'size']});
const response = fc.record({
  version: fc.nat(),
  result: fc.record({
    kind: fc.constant('result'),
    stdout: output,
    stderr: output,
    outputs: fc.array(output, {maxLength: 4}),
    missing: fc.array(text),
    observed: fc.record({read: fc.array(fc.tuple(text, text))}),
  }),
});

describe('an answer', () => {
  it('is read as JSON says', () => {
    fc.assert(
      fc.property(response, value => {
        expect(readResponse(Buffer.from(JSON.stringify(value)))).toEqual(value);
      }),
    );
  });

  it('may have its slashes escaped', () => {
    const result = {kind: 'result', stdout: {inline: 'a/b='}, stderr: {}, outputs: [{inline: '//=='}]};
    const escaped = JSON.stringify({result}).replaceAll('/', '\\/');
    expect(readResponse(Buffer.from(escaped))).toEqual({result});
  });

  it('tells of a failure', () => {
    const result = {kind: 'failure', reason: 'blob-missing', text: '"inline":"'};
    expect(readResponse(Buffer.from(JSON.stringify({version: 3, result})))).toEqual({version: 3, result});
  });

  it.each([
    ['cut off', '{"result":{"kind":"result","stdout":{"inline":"QU'],
    ['cut off after an output', '{"result":{"kind":"result","stdout":{"inline":"QUJD"}'],
    ['without a result', '{}'],
    ['null', 'null'],
    ['no JSON', '<html>'],
    ['empty', ''],
  ])('that is %s is no response', (_, text) => {
    expect(readResponse(Buffer.from(text))).toBeUndefined();
  });
});
