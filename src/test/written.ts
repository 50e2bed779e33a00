import type {PassThrough} from 'node:stream';

/** What was written to the stream since it was last asked. From node 26 on one `read()` gives one piece of it. */
export function written(stream: PassThrough): string {
  let text = '';
  for (let piece = stream.read(); piece !== null; piece = stream.read()) text += piece;
  return text;
}
