/** Appending to a log so that a fault leaves it as it was: a full disk takes a part of what is written before it says so. */
import {ftruncateSync, writeSync} from 'node:fs';

/** Writes all of `text` behind the first `size` bytes, or nothing. @throws the file system's error */
export function appendWhole(fd: number, size: number, text: Uint8Array | string): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  } catch (error) {
    truncateIfPossible(fd, size);
    throw error;
  }
}

function truncateIfPossible(fd: number, size: number): void {
  try {
    ftruncateSync(fd, size);
  } catch {
    // The fault that is being reported is the one that counts; whoever reads the file next cuts off what is torn.
  }
}
