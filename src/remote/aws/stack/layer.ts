/**
 * The user's compilers as a Lambda layer: what a new environment would else download and decompress lies there when it
 * starts. Named by what it holds, so that unchanged compilers change nothing.
 */
import {readFileSync, statSync} from 'node:fs';
import {type ZippableFile, zipSync} from 'fflate';
import {FailureError} from '../../../failure.ts';
import {type Digest, digestOf} from '../../../protocol/digest.ts';
import {layerPath} from '../../../protocol/layer.ts';
import type {ToolchainPart} from '../../../toolchain/toolchain-part.ts';

/** Unpacked, the function's code included: Lambda's own limit, in bytes, less room for the code. */
const SIZE_LIMIT = 248 << 20;

/** A zip file; equal parts give equal bytes. @throws FailureError where they are too large for a layer */
export function layerOf(parts: readonly ToolchainPart[]): Buffer {
  const files = new Map<Digest, string>(parts.flatMap(part => [...part.files]));
  const size = Array.from(files.values()).reduce((sum, file) => sum + statSync(file).size, 0);
  if (size > SIZE_LIMIT) {
    throw new FailureError({
      reason: 'cloud-failed',
      text: `the compilers take ${Math.round(size / 2 ** 20)} MB, and a layer holds ${SIZE_LIMIT >> 20}`,
      hint: 'leave --layer out: they travel through the store then; or name one compiler alone with CC and CXX',
    });
  }
  // Zip files know no earlier time.
  const mtime = new Date('1980-01-01T00:00:00');
  const entries = [...files.keys()].sort().map(digest => {
    // In every layer anybody may read; nobody is to write.
    const options = {mtime, level: 6, os: 3, attrs: 0o100444 << 16} as const;
    const path = files.get(digest)!;
    const bytes = readFileSync(path);
    if (digestOf(bytes) !== digest) {
      throw new FailureError({
        reason: 'cloud-failed',
        text: `${path} has changed while it was packed`,
        hint: 'run the same command again',
      });
    }
    const file: ZippableFile = [bytes, options];
    return [layerPath(digest), file] as const;
  });
  return Buffer.from(zipSync(Object.fromEntries(entries)));
}
