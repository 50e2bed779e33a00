/** Which directories other machines may write in without a word to this one. */
import {statfsSync} from 'node:fs';

/** Of `statfs(2)`, by the constants of `linux/magic.h` and of the file systems' own headers. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x01021997, '9p'],
  [0x786f4256, 'vboxsf'],
  [0xbacbacbc, 'vmhgfs'],
  [0x5346414f, 'afs'],
  [0x00c36400, 'ceph'],
  [0x0bd00bd0, 'lustre'],
  [0x47504653, 'gpfs'],
]);

/** The first of the directories that is in such a file system. */
export function onNetwork(
  directories: Iterable<string>,
  typeOf: (directory: string) => number = directory => statfsSync(directory).type,
): {readonly directory: string; readonly name: string} | undefined {
  for (const directory of directories) {
    let name: string | undefined;
    try {
      // A type is 32 bits, which some systems give with the sign of the highest.
      name = NAMES.get(typeOf(directory) >>> 0);
    } catch {
      continue; // It is not there yet.
    }
    if (name !== undefined) return {directory, name};
  }
  return undefined;
}
