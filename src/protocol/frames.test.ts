import {expect, it} from 'vitest';
import {decodeFrames, encodeFrame, FRAME_LIMIT} from './frames.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function decode(bytes: Buffer, size: number): Promise<string[]> {
  const messages: string[] = [];
  for await (const message of decodeFrames(inPieces(bytes, size))) messages.push(message.toString());
  return messages;
}

it('gives the same messages however the stream is cut', async () => {
  const messages = ['ä', '', 'x'.repeat(1000), '{}'];
  const bytes = Buffer.concat(messages.map(message => encodeFrame(Buffer.from(message))));
  for (const size of [1, 2, 3, 5, 7, 64, bytes.length]) expect(await decode(bytes, size)).toEqual(messages);
});

it('leaves out a last frame that is cut off', async () => {
  const bytes = Buffer.concat(['one', 'two'].map(message => encodeFrame(Buffer.from(message))));
  expect(await decode(bytes.subarray(0, -1), 4)).toEqual(['one']);
});

it('refuses a stream that is out of step', async () => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(FRAME_LIMIT + 1);
  await expect(decode(head, 4)).rejects.toThrow(RangeError);
});
