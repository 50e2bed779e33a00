import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Digest} from './digest.ts';
import type {InvocationRequest, InvocationResponse} from './invocation.ts';
import {decodeRequest, decodeResponse, encodeRequest, encodeResponse} from './message.ts';

const tricky = fc.constantFrom('"inline":0', 'é', '\u2028', '\udc80', '"', '\\');
const text = fc
  .array(fc.oneof(tricky, fc.string({unit: 'binary', maxLength: 5})), {maxLength: 6})
  .map(all => all.join(''));
const bytes = fc.uint8Array({maxLength: 300}).map(array => Buffer.from(array));
const output = fc.record({path: text, size: fc.nat(), inline: bytes}, {requiredKeys: ['path', 'size']});
const groups = fc.array(fc.tuple(text, text), {maxLength: 3});
const response = fc.record({
  version: fc.nat(),
  result: fc.record({
    kind: fc.constant('result'),
    exitCode: fc.nat(),
    stdout: output,
    stderr: output,
    outputs: fc.array(output, {maxLength: 4}),
    missing: fc.array(text),
    observed: fc.record({read: groups, found: groups, absent: groups, listed: groups}),
    timing: fc.record({run: fc.nat()}),
  }),
}) as unknown as fc.Arbitrary<InvocationResponse>;

const FAILURE = {version: 3, result: {kind: 'failure', reason: 'blob-missing', text: '"inline":0'}} as const;

function message(head: string, ...contents: string[]): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(head));
  return Buffer.concat([length, Buffer.from(head), ...contents.map(content => Buffer.from(content))]);
}

describe('a response', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(response, value => {
        expect(decodeResponse(encodeResponse(value))).toEqual(value);
      }),
    );
  });

  it('may tell of a failure', () => {
    expect(decodeResponse(encodeResponse(FAILURE))).toEqual(FAILURE);
  });

  it('is none when any byte of it is missing, or there are more', () => {
    const stdout = {digest: '' as Digest, size: 3, inline: Buffer.from('abc')};
    const observed = {read: [], found: [], absent: [], listed: []};
    const said = {exitCode: 0, stdout, stderr: stdout, outputs: [], missing: [], observed, timing: {}};
    const response = {version: 1, result: {kind: 'result', ...said}} as unknown as InvocationResponse;
    const whole = encodeResponse(response);
    expect(decodeResponse(whole)).toEqual(response);
    for (let length = 0; length < whole.length; length++)
      expect(decodeResponse(whole.subarray(0, length))).toBeUndefined();
    expect(decodeResponse(Buffer.concat([whole, Buffer.from('x')]))).toBeUndefined();
  });

  it.each([
    ['without a result', message('{"sizes":[],"value":{}}')],
    ['null', message('{"sizes":[],"value":null}')],
    ['no JSON', message('<html>')],
    ['a result that says nothing', message('{"sizes":[],"value":{"result":{"kind":"result"}}}')],
    ['without sizes', message(`{"value":${JSON.stringify(FAILURE)}}`)],
    ['of a size below nothing', message(`{"sizes":[3,-1],"value":${JSON.stringify(FAILURE)}}`, 'ab')],
    ['empty', Buffer.alloc(0)],
  ])('that is %s is none', (_, bytes) => {
    expect(decodeResponse(bytes)).toBeUndefined();
  });
});

describe('a request', () => {
  it.each([
    ['nothing', undefined],
    ['no content', []],
    ['contents', [['a', Buffer.from([0, 255, 34])] as const, ['b', Buffer.alloc(0)] as const]],
  ])('that carries %s is read as it was written', (_, blobs) => {
    const request = {version: 2, action: {args: ['é\u2028']}, ...(blobs && {blobs})};
    expect(decodeRequest(encodeRequest(request as unknown as InvocationRequest))).toEqual(request);
  });

  it('gives no content that it does not have', () => {
    const request = decodeRequest(message('{"sizes":[1],"value":{"blobs":[["a",1],["b",0]]}}', 'x'));
    expect(request.blobs).toEqual([
      ['a', undefined],
      ['b', Buffer.from('x')],
    ]);
  });

  it.each([
    ['cut off', message('{"sizes":[2],"value":{}}', 'x')],
    ['no JSON', message('{')],
    ['empty', Buffer.alloc(0)],
  ])('that is %s is an error', (_, bytes) => {
    expect(() => decodeRequest(bytes)).toThrow();
  });
});
