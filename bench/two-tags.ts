/**
 * re2 as a git repository with two tags to go back and forth between: `v1`, the sources as they are, and `v2`, what
 * some commits later may look like.
 */
import {readdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {project, sourceCopy} from './corpus.ts';
import {must} from './process.ts';
import {renameIncluded, replaceIn, withCode} from './source-code.ts';

export type Tag = 'v1' | 'v2';

const CHANGED = [
  're2/pod_array.h',
  're2/sparse_set.h',
  're2/testing/tester.h',
  'util/strutil.h',
  're2/bitstate.cc',
  're2/dfa.cc',
  're2/onepass.cc',
  're2/testing/backtrack.cc',
  're2/testing/re2_test.cc',
  'util/rune.cc',
];
const RENAMED = ['util/logging.h', 'util/log_message.h'] as const;
const ADDED = 'util/version.cc';
const REMOVED = 'random_test';

/** Makes the repository anew, with `v1` checked out; gives its folder. */
export async function re2WithTwoTags(name: string): Promise<string> {
  const source = await sourceCopy(project('re2'), name);
  await git(source, 'init', '-q');
  await commit(source, 'v1');
  await change(source);
  await commit(source, 'v2');
  await checkOut(source, 'v1');
  return source;
}

/** As a developer does who has no use for the changes since the last time: they and new files go. */
export async function checkOut(source: string, tag: Tag): Promise<void> {
  await git(source, 'checkout', '-q', '-f', tag);
  await git(source, 'clean', '-qfd');
}

/** Every C++ file of the project. */
export async function filesOf(source: string): Promise<string[]> {
  const files = await readdir(source, {recursive: true});
  return files.filter(file => /^(re2|util)\/.*\.(cc|h)$/.test(file)).map(file => join(source, file));
}

async function change(source: string): Promise<void> {
  for (const [index, file] of CHANGED.entries()) {
    const path = join(source, file);
    await writeFile(path, withCode(await readFile(path, 'utf8'), 900_000 + index));
  }
  const [from, to] = RENAMED;
  await rename(join(source, from), join(source, to));
  await renameIncluded(await filesOf(source), from, to);
  const lists = join(source, 'CMakeLists.txt');
  await writeFile(join(source, ADDED), 'extern const int kVersion;\nconst int kVersion = 2;\n');
  await replaceIn(lists, '    util/rune.cc\n', `    util/rune.cc\n    ${ADDED}\n`);
  await rm(join(source, `re2/testing/${REMOVED}.cc`));
  await replaceIn(lists, `      ${REMOVED}\n`, '');
}

async function commit(source: string, tag: Tag): Promise<void> {
  await git(source, 'add', '-A', '-f');
  await git(source, '-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '-q', '-m', tag);
  await git(source, 'tag', tag);
}

async function git(source: string, ...args: readonly string[]): Promise<void> {
  await must(['git', '-C', source, ...args]);
}
