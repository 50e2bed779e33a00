/**
 * The moment that counts as an edge's start: the modification time that the build directory's own file system gives to
 * a file written now. Ninja compares it with the times of inputs, so that another clock would not do.
 */
import {statSync, writeFileSync} from 'node:fs';

/** Nanoseconds since the epoch. @throws the file system's error */
export function startStamp(file: string): bigint {
  writeFileSync(file, '');
  return statSync(file, {bigint: true}).mtimeNs;
}
