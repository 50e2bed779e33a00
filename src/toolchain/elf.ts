/** Whether something is a program or library of the system's own format (System V ABI, "ELF Header"). */
import {closeSync, openSync, readSync} from 'node:fs';

const MAGIC = 0x7f454c46;

export function isElfBytes(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32BE(0) === MAGIC;
}

/** False for what cannot be read. */
export function isElf(path: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const head = Buffer.alloc(4);
    readSync(file, head, 0, head.length, 0);
    return isElfBytes(head);
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
