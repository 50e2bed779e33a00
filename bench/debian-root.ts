/**
 * The system of another machine: a minimal Debian 11 in a folder of the work place, made once by `debootstrap`. It has an
 * older glibc than any compiler here, and no compiler. Knows nothing of what runs in it.
 */
import {existsSync} from 'node:fs';
import {mkdir, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {place, say, UsageError} from './place.ts';
import {must} from './process.ts';

const RELEASE = 'bullseye';
const MIRROR = 'http://deb.debian.org/debian';

/** What it says of itself. */
export const DEBIAN = {version: /^11\.\d+$/, glibc: '2.31'} as const;

/** Empty folders in it for whatever its user mounts: a root that is read-only can have no new ones. */
export const MOUNT_POINTS = {
  /** Where Lambda has a function's code. */
  task: '/var/task',
  runtime: '/var/runtime',
  node: '/opt/node',
  endpoints: '/run/endpoints',
  scratch: '/tmp',
} as const;

/** Its folder. The first time takes a minute, and has to be done by root. */
export async function debianRoot(): Promise<string> {
  const folder = place('roots', RELEASE);
  if (existsSync(folder)) return folder;
  if (process.getuid?.() !== 0)
    throw new UsageError('debootstrap makes a root as root alone, the first time');
  say(`     making a root of Debian ${RELEASE}, once`);
  const part = `${folder}.part`;
  await rm(part, {recursive: true, force: true});
  await mkdir(part, {recursive: true});
  await must(['debootstrap', '--variant=minbase', RELEASE, part, MIRROR]);
  for (const point of Object.values(MOUNT_POINTS)) await mkdir(join(part, point), {recursive: true});
  await rename(part, folder);
  return folder;
}
