/** What tells one state of a file from another without reading it. */
import {statSync} from 'node:fs';

/** Equal for two looks at one unchanged file, also if somebody set its time back; `-` where there is none. */
export function fileStamp(file: string): string {
  const stat = statSync(file, {bigint: true, throwIfNoEntry: false});
  return stat ? `${stat.mtimeNs} ${stat.ctimeNs} ${stat.size} ${stat.ino}` : '-';
}
