/** The content address of bytes. */
import {createHash, hash} from 'node:crypto';

/** SHA-256 of a blob's bytes, 64 lower-case hexadecimal digits. */
export type Digest = string & {readonly __digest: unique symbol};

/** Digest of bytes, or of a string's UTF-8 form. */
export function digestOf(bytes: Uint8Array | string): Digest {
  // The one-shot form costs half of createHash for small inputs; Node has it since 20.12.
  return hash('sha256', bytes, 'hex') as Digest;
}

/** Digest of several parts, as if they were one blob. */
export function digestOfParts(parts: readonly (Uint8Array | string)[]): Digest {
  const running = createHash('sha256');
  for (const part of parts) running.update(part);
  return running.digest('hex') as Digest;
}

export function isDigest(text: string): text is Digest {
  return /^[0-9a-f]{64}$/.test(text);
}
