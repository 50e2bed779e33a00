/**
 * `make [PROJECT...] [--make V]`: a build by `llama make` against one by make at the same path: every file of the tree,
 * what make does when it is called once more, and what a touched header makes it do. `--make`: with that GNU make.
 */
import {readFile, rm, stat, utimes} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {differences, type FileTree, fileTree} from '../src/test/file-tree.ts';
import {judge, touch} from './equal.ts';
import {makeFolder} from './gnu-make.ts';
import {llama, type Summary, told} from './llama.ts';
import {fresh, type MakeProject, makeProject, makeProjects} from './make-corpus.ts';
import {check, parseArguments, place, say} from './place.ts';
import {environment, must, type Ran, run} from './process.ts';
import {writeResult} from './results.ts';
import {differing} from './snapshot.ts';

/** Some projects write the time of their build into themselves. */
export const SAME_TIME = {SOURCE_DATE_EPOCH: '1700000000', LC_ALL: 'C'};

export interface MakeRun extends Ran {
  readonly summary: Summary;
}

/** `llama make` in a folder that is ready for it. */
export async function llamaMake(
  of: MakeProject,
  folder: string,
  {flags, env = {}}: {flags: readonly string[]; env?: Readonly<Record<string, string | undefined>>},
): Promise<MakeRun> {
  const file = place(`summary-make-${process.pid}.json`);
  const argv = [process.execPath, llama(), 'make', '--summary', file, ...flags, ...of.args];
  try {
    const ran = await must(argv, {cwd: join(folder, of.directory), env: {...SAME_TIME, ...env}});
    return {...ran, summary: JSON.parse(await readFile(file, 'utf8'))};
  } finally {
    await rm(file, {force: true});
  }
}

export function plainMake(of: MakeProject, folder: string, flags: readonly string[], env = {}): Promise<Ran> {
  return must(['make', ...flags, ...of.args], {cwd: join(folder, of.directory), env: {...SAME_TIME, ...env}});
}

interface State {
  readonly tree: FileTree;
  /** What a second make says, line by line. */
  readonly again: readonly string[];
  /** The same after a header was touched, without doing it. */
  readonly touched: readonly string[];
}

async function stateOf(of: MakeProject, folder: string): Promise<State> {
  const tree = await fileTree(folder);
  const again = linesOf(await plainMake(of, folder, []));
  const header = resolve(folder, 'source', of.header);
  const {atime, mtime} = await stat(header);
  await touch(header);
  const would = await run(['make', '-n', ...of.args], {cwd: join(folder, of.directory), env: SAME_TIME});
  // Others may share these sources.
  await utimes(header, atime, mtime);
  return {tree, again, touched: linesOf(would)};
}

function linesOf({stdout, stderr}: Ran): string[] {
  return `${stdout}${stderr}`.split('\n').filter(line => line !== '');
}

/** `asked`: the version of make that was asked for. */
async function equal(of: MakeProject, asked: string | undefined): Promise<boolean> {
  const version = await makeVersion();
  say(`${of.name}, make ${version}`);
  await plainMake(of, await fresh(of), ['-j2']);
  const wanted = await stateOf(of, place('made', of.name));
  const folder = await fresh(of);
  const store = place('store', `make-${of.name}`);
  await rm(store, {recursive: true, force: true});
  const built = await llamaMake(of, folder, {flags: ['--store', store, '-j2']});
  say(`     ${told(built.summary)}`);
  const found = await stateOf(of, folder);
  const fine = [
    check(built.summary.compiles.remote > 0, 'something went to workers'),
    check(isBy(version, built) && (asked ?? version) === version, `by make ${version}`),
    judge({
      what: `${wanted.tree.size} files of the tree`,
      lines: differences(wanted.tree, found.tree),
    }),
    judge({
      what: `make once more: ${wanted.again.length} lines`,
      lines: differing(wanted.again, found.again),
    }),
    judge({
      what: `make -n after touching ${of.header}: ${wanted.touched.length} lines`,
      lines: differing(wanted.touched, found.touched),
    }),
  ];
  const isEqual = fine.every(Boolean);
  const name = asked === undefined ? `make-${of.name}` : `make-${of.name}-make-${asked}`;
  await writeResult(name, {project: of.name, make: version, equal: isEqual, cold: built.summary});
  return isEqual;
}

async function makeVersion(): Promise<string> {
  const {stdout} = await must(['make', '--version']);
  return /^GNU Make (\S+)/.exec(stdout)?.[1] ?? 'unknown';
}

/** What llama says of it ends with the second number. */
function isBy(version: string, {stdout, stderr}: Ran): boolean {
  const [said = ''] = /^\d+\.\d+/.exec(version) ?? [];
  return `${stdout}${stderr}`.includes(`llama: make ${said} `);
}

export async function main(argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv);
  const version = flags.get('make');
  if (version !== undefined) process.env.PATH = `${await makeFolder(version)}:${environment().PATH ?? ''}`;
  let fine = true;
  const chosen =
    names.length === 0 ? makeProjects.filter(each => each.name !== 'llvm') : names.map(makeProject);
  for (const each of chosen) fine = (await equal(each, version)) && fine;
  return fine ? 0 : 1;
}
