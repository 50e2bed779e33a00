/** SHA-256 by node, in the shape that the signer of AWS's requests asks for, who hashes everything in one part. */
import {createHmac, hash} from 'node:crypto';

export class Sha256 {
  readonly #secret: string | Buffer | undefined;
  #data: string | Buffer | undefined;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? undefined : bytesOf(secret);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    if (this.#data !== undefined) throw new Error('a hash takes one part');
    this.#data = bytesOf(data);
  }

  async digest(): Promise<Uint8Array> {
    const data = this.#data ?? '';
    if (this.#secret !== undefined) return createHmac('sha256', this.#secret).update(data).digest();
    // The one-shot form costs half of createHash for small inputs.
    return hash('sha256', data, 'buffer');
  }

  reset(): void {
    throw new Error('a hash is used once');
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): string | Buffer {
  if (typeof data === 'string') return data;
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data);
}
