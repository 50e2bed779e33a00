/** Projects that are built by make: how their sources are had from Debian, and how they are made ready. Knows nothing of llama. */

import {existsSync} from 'node:fs';
import {mkdir, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {getArchive, project, sources} from './corpus.ts';
import {place, UsageError} from './place.ts';
import {must} from './process.ts';

export interface MakeProject {
  readonly name: string;
  /** Debian's source package, and what building needs; absent for a project of `corpus.ts`. */
  readonly debian?: {readonly sourcePackage: string; readonly needs: readonly string[]};
  /** Turns a folder with the sources in `source/`, or where they are otherwise, into one in which make may be called. */
  readonly prepare: (folder: string) => Promise<void>;
  /** Where make is called, inside the folder. */
  readonly directory: string;
  readonly args: readonly string[];
  /** A file whose touch makes work, inside `source/` or absolute. */
  readonly header: string;
}

export const makeProjects: readonly MakeProject[] = [
  {
    name: 'lua',
    debian: {sourcePackage: 'lua5.4', needs: ['libreadline-dev']},
    prepare: async () => {},
    directory: 'source',
    args: ['-C', 'src', 'linux-readline'],
    header: 'src/lobject.h',
  },
  {
    name: 'redis',
    debian: {sourcePackage: 'redis', needs: []},
    prepare: async () => {},
    directory: 'source',
    args: ['MALLOC=libc', 'V=1'],
    header: 'src/sds.h',
  },
  {
    name: 'libpng',
    debian: {sourcePackage: 'libpng1.6', needs: ['zlib1g-dev']},
    // An absolute compiler, as many a configure has it, goes into all that libtool stores.
    prepare: async folder => {
      await must(['./configure', 'CC=/usr/bin/gcc', '--quiet'], {cwd: join(folder, 'source')});
    },
    directory: 'source',
    args: [],
    header: 'pngpriv.h',
  },
  {
    name: 'busybox',
    debian: {sourcePackage: 'busybox', needs: []},
    prepare: async folder => {
      await mkdir(join(folder, 'build'));
      await must(['make', `O=${join(folder, 'build')}`, 'defconfig'], {cwd: join(folder, 'source')});
    },
    directory: 'build',
    args: [],
    header: 'include/libbb.h',
  },
  cmakeProject('re2', []),
  cmakeProject('leveldb', []),
  cmakeProject('llvm', ['llvm-tblgen']),
];

/** A project of `corpus.ts` with CMake's "Unix Makefiles". */
function cmakeProject(name: string, args: readonly string[]): MakeProject {
  return {
    name,
    prepare: async folder => {
      const of = project(name);
      const build = join(folder, 'build');
      await must([
        'cmake',
        '-G',
        'Unix Makefiles',
        '-S',
        await sources(of),
        '-B',
        build,
        '-DCMAKE_BUILD_TYPE=Release',
        ...of.options,
      ]);
    },
    directory: 'build',
    args,
    header: place('sources', name, project(name).subdirectory, project(name).deepHeader),
  };
}

export function makeProject(name: string): MakeProject {
  const found = makeProjects.find(each => each.name === name);
  if (found) return found;
  throw new UsageError(`no project '${name}'; there are ${makeProjects.map(each => each.name).join(', ')}`);
}

/**
 * A folder of the project's own, as new and ready for make: always the same path, and the very same files, since what
 * made it ready may write down times and names of its own.
 */
export async function fresh(of: MakeProject): Promise<string> {
  const folder = place('made', of.name);
  const ready = place('made', `${of.name}.ready`);
  await rm(folder, {recursive: true, force: true});
  if (existsSync(ready)) {
    await must(['cp', '-a', ready, folder]);
    return folder;
  }
  await mkdir(folder, {recursive: true});
  if (of.debian) await must(['cp', '-a', await unpacked(of, of.debian), join(folder, 'source')]);
  await of.prepare(folder);
  await must(['cp', '-a', folder, `${ready}.part`]);
  await rename(`${ready}.part`, ready);
  return folder;
}

/** As its authors ship it: Debian's changes to some of them bring in another build system. */
async function unpacked(
  {name}: MakeProject,
  {sourcePackage, needs}: NonNullable<MakeProject['debian']>,
): Promise<string> {
  const folder = place('sources', `make-${name}`);
  if (existsSync(folder)) return folder;
  const archive = await getArchive(sourcePackage, needs);
  await rm(`${folder}.part`, {recursive: true, force: true});
  await mkdir(`${folder}.part`, {recursive: true});
  await must(['tar', '-x', '-f', archive, '-C', `${folder}.part`, '--strip-components=1']);
  await rename(`${folder}.part`, folder);
  return folder;
}
