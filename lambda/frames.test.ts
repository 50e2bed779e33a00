import {expect, it} from 'vitest';
import {decodeFrames, encodeFrame, FRAME_LIMIT} from './frames.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function decode(bytes: Buffer, size: number): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of decodeFrames(inPieces(bytes, size))) values.push(value);
  return values;
}

it('gives the same values however the stream is cut', async () => {
  const values = [{a: 'ä'}, [], 'x'.repeat(1000), null, 5];
  const bytes = Buffer.concat(values.map(encodeFrame));
  for (const size of [1, 2, 3, 5, 7, 64, bytes.length]) expect(await decode(bytes, size)).toEqual(values);
});

it('leaves out a last frame that is cut off', async () => {
  const bytes = Buffer.concat([encodeFrame(1), encodeFrame('two')]);
  expect(await decode(bytes.subarray(0, -1), 4)).toEqual([1]);
});

it('refuses a stream that is out of step', async () => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(FRAME_LIMIT + 1);
  await expect(decode(head, 4)).rejects.toThrow(RangeError);
  await expect(decode(Buffer.from('\u0002\0\0\0{x'), 64)).rejects.toThrow(SyntaxError);
});
