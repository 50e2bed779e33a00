/** Frames of the embedded transport: four bytes of length (little-endian), then so many bytes of a message. No I/O here. */

/** Longest frame accepted; a longer one is taken for a stream that is out of step. */
export const FRAME_LIMIT = 256 << 20;

export function encodeFrame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(message.length);
  return Buffer.concat([head, message]);
}

/** The messages of a stream of frames, in order. @throws RangeError where the stream is out of step */
export async function* decodeFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pieces: Uint8Array[] = [];
  let have = 0;
  let need = 4;
  let length: number | undefined;
  for await (const chunk of chunks) {
    pieces.push(chunk);
    have += chunk.length;
    while (have >= need) {
      const bytes = Buffer.concat(pieces);
      if (length === undefined) {
        length = bytes.readUInt32LE();
        if (length > FRAME_LIMIT) throw new RangeError(`frame of ${length} bytes`);
        need = 4 + length;
        pieces = [bytes];
        continue;
      }
      const rest = bytes.subarray(need);
      const message = bytes.subarray(4, need);
      pieces = rest.length > 0 ? [rest] : [];
      have = rest.length;
      need = 4;
      length = undefined;
      yield message;
    }
  }
}
