/**
 * Takes a command's outputs from the disk to the response: small ones inside it, large ones through the store. It knows
 * neither the command nor how outputs will be materialised.
 */
import {readFileSync, realpathSync, statSync} from 'node:fs';
import {digestOf} from '../src/protocol/digest.ts';
import type {OutputBytes, OutputFile, WantedOutput} from '../src/protocol/invocation.ts';
import type {BlobSource} from './blob-source.ts';

export interface OutputRequest {
  readonly wanted: readonly WantedOutput[];
  /** The root, and the working directory as the command sees it. */
  readonly root: string;
  readonly cwd: string;
  /** True for a file that was there before: given the user's spelling of its path. */
  isUntouched(path: string): boolean;
}

/** Decides between response and store; one per response, since that has a limit of its own. */
export class OutputSender {
  readonly #blobs: BlobSource;
  readonly #inlineLimit: number;
  #left = INLINE_TOTAL;

  constructor(blobs: BlobSource, inlineLimit: number) {
    this.#blobs = blobs;
    this.#inlineLimit = inlineLimit;
  }

  async send(bytes: Buffer): Promise<OutputBytes> {
    const digest = digestOf(bytes);
    const size = bytes.length;
    if (size <= this.#inlineLimit && size <= this.#left) {
      this.#left -= size;
      return {digest, size, inline: bytes};
    }
    await this.#blobs.put(digest, bytes);
    return {digest, size};
  }

  /** Every wanted output that the command made, and the required ones that it did not. */
  async collect(request: OutputRequest): Promise<{outputs: OutputFile[]; missing: string[]}> {
    const outputs: OutputFile[] = [];
    const missing: string[] = [];
    for (const {path, required} of request.wanted) {
      const spelt = path.startsWith('/') ? path : `${request.cwd}/${path}`;
      const file = request.isUntouched(spelt) ? undefined : findInside(request.root, spelt);
      if (file === undefined) {
        if (required) missing.push(path);
        continue;
      }
      const executable = (statSync(file).mode & 0o111) !== 0;
      outputs.push({path, executable, ...(await this.send(readFileSync(file)))});
    }
    return {outputs, missing};
  }
}

/**
 * A response holds 6,291,456 bytes as JSON. What cannot be compressed grows by a third in base64, and the record of
 * paths needs room too.
 */
const INLINE_TOTAL = 3 << 20;

/** Where the output really is; undefined if it is not there, no regular file, or behind a link that leaves the root. */
function findInside(root: string, path: string): string | undefined {
  try {
    const real = realpathSync.native(root + path);
    return real.startsWith(`${root}/`) && statSync(real).isFile() ? real : undefined;
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
}
