/** Another GNU make than the system's: built from its authors' sources, as a newer Debian has them. */
import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {mkdir, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {place, say, UsageError} from './place.ts';
import {must} from './process.ts';

interface Archive {
  readonly url: string;
  /** As the `Sources` of that Debian say. */
  readonly sha256: string;
}

const POOL = 'http://deb.debian.org/debian/pool/main/m/make-dfsg';
const ARCHIVES: Readonly<Record<string, Archive>> = {
  '4.4.1': {
    url: `${POOL}/make-dfsg_4.4.1.orig.tar.xz`,
    sha256: '3b16b00ea1079af9f8096bbc71ff7cc00c249fc6a862003da3c42308a0adb0fe',
  },
};

/** A folder for PATH that holds this version as `make`. */
export async function makeFolder(version: string): Promise<string> {
  const archive = ARCHIVES[version];
  if (archive === undefined)
    throw new UsageError(`no make '${version}'; there is ${Object.keys(ARCHIVES).join(', ')}`);
  const folder = place('tools', `make-${version}`);
  if (existsSync(folder)) return folder;
  say(`     make ${version}: getting its sources and building it`);
  const work = place('tools', `make-${version}.part`);
  await rm(work, {recursive: true, force: true});
  await mkdir(work, {recursive: true});
  await writeFile(join(work, 'archive'), await download(archive));
  await must(['tar', '-xf', 'archive', '--strip-components=1'], {cwd: work});
  // Debian leaves the manual out, for its licence; the rest looks for its folder.
  await mkdir(join(work, 'doc'), {recursive: true});
  await writeFile(join(work, 'doc', 'Makefile.in'), 'all:\n');
  await writeFile(join(work, 'doc', 'make.1'), '');
  await must(
    ['./configure', '--quiet', '--disable-dependency-tracking', '--disable-nls', '--without-guile'],
    {
      cwd: work,
    },
  );
  await must(['make', '-j2'], {cwd: work});
  await mkdir(join(work, 'path'));
  await rename(join(work, 'make'), join(work, 'path', 'make'));
  await rename(join(work, 'path'), folder);
  await rm(work, {recursive: true, force: true});
  return folder;
}

async function download({url, sha256}: Archive): Promise<Buffer> {
  const answer = await fetch(url);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const found = createHash('sha256').update(bytes).digest('hex');
  if (!answer.ok || found !== sha256) throw new Error(`${url}: ${answer.status}, SHA-256 ${found}`);
  return bytes;
}
