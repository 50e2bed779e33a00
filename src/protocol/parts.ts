/**
 * What is said, in JSON, and the contents that come along, as they are: base64 would take a third more of them, and hide
 * from a compressor what repeats.
 *
 *     bytes 0 to 3   length of the head, little endian
 *     the head       JSON: {sizes, value}: the length of each content, and what is said, where a content is its number
 *     the contents   one behind the other
 *
 * No I/O here.
 */
import type {OutputBytes} from './invocation.ts';

export interface Parts {
  readonly value: unknown;
  readonly contents: readonly Buffer[];
}

/** What a command made. */
interface Made {
  readonly stdout: OutputBytes;
  readonly stderr: OutputBytes;
  readonly outputs: readonly OutputBytes[];
}

export function encodeParts(value: unknown, contents: readonly Uint8Array[]): Buffer {
  const head = Buffer.from(JSON.stringify({sizes: contents.map(({length}) => length), value}));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, ...contents]);
}

/** The contents are parts of the bytes, no copies. @throws SyntaxError, TypeError or RangeError where these are none */
export function decodeParts(bytes: Buffer): Parts {
  const start = 4 + bytes.readUInt32LE(0);
  const {sizes, value} = JSON.parse(bytes.toString('utf8', 4, start)) as {sizes: number[]; value: unknown};
  let end = start;
  const contents = sizes.map(size => {
    end += size;
    return bytes.subarray(end - size, end);
  });
  if (end !== bytes.length || !sizes.every(size => size >= 0))
    throw new RangeError(`${bytes.length} bytes of parts, and not ${end}`);
  return {value, contents};
}

/** Moves the bytes of outputs to `contents`, and leaves their numbers. */
export function takeContents(made: Made, contents: Uint8Array[]): unknown {
  return withOutputs(made, output =>
    output.inline === undefined ? output : {...output, inline: contents.push(output.inline) - 1},
  );
}

/** Undoes {@link takeContents}. */
export function putContents<T extends Made>(made: T, contents: readonly Buffer[]): T {
  const put = (output: OutputBytes) =>
    output.inline === undefined ? output : {...output, inline: contents[Number(output.inline)]};
  return withOutputs(made, put) as T;
}

function withOutputs(made: Made, change: (output: OutputBytes) => unknown): unknown {
  const {stdout, stderr, outputs} = made;
  return {...made, stdout: change(stdout), stderr: change(stderr), outputs: outputs.map(change)};
}
