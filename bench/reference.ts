/**
 * The local build that everything is held against, made by the user's ninja alone and kept as digests: for large
 * projects it costs many minutes. Valid for one project, type, target, path and set of tools.
 */
import {createHash} from 'node:crypto';
import {access, mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import {buildAt, buildDirectory, type Configuration, configure} from './corpus.ts';
import {manifestFlags, ninjaVersion} from './ninja.ts';
import {place, say} from './place.ts';
import {must} from './process.ts';
import {type Snapshot, snapshot} from './snapshot.ts';

/** In a build directory: nothing but ninja has worked here, so further targets may be built on top. */
const MARK = '.reference';

/** The reference of these targets, from the work folder or by building it now. */
export async function reference(of: Configuration, targets: readonly string[]): Promise<Snapshot> {
  const file = await referenceFile(of, targets);
  if (await exists(file)) return JSON.parse(await readFile(file, 'utf8')) as Snapshot;
  const directory = await pristine(of);
  const jobs = process.env.LLAMA_BENCH_JOBS ?? String(availableParallelism());
  say(`     ${of.project.name} ${of.type} ${targets.join(' ')}: building the local reference, once`);
  const at = buildAt(of, targets);
  await must(['nice', '-n', '15', 'ninja', '-C', directory, ...manifestFlags(at), '-j', jobs, ...targets]);
  const taken = await snapshot(at);
  await mkdir(place('reference'), {recursive: true});
  await writeFile(`${file}.part`, JSON.stringify(taken));
  await rename(`${file}.part`, file);
  return taken;
}

/** Puts the reference's build directory aside, so that another build can take its path; objects stay for `cmp`. */
export async function putAside(of: Configuration): Promise<void> {
  const directory = buildDirectory(of);
  if (!(await exists(join(directory, MARK)))) return;
  await rm(`${directory}.reference`, {recursive: true, force: true});
  await rename(directory, `${directory}.reference`);
}

/** The build directory as ninja left it after earlier references, or a fresh one. */
async function pristine(of: Configuration): Promise<string> {
  const directory = buildDirectory(of);
  if (await exists(join(directory, MARK))) return directory;
  if (await exists(`${directory}.reference`)) {
    await rm(directory, {recursive: true, force: true});
    await rename(`${directory}.reference`, directory);
    return directory;
  }
  await configure(of);
  await writeFile(join(directory, MARK), '');
  return directory;
}

async function referenceFile(of: Configuration, targets: readonly string[]): Promise<string> {
  const tools = [];
  for (const tool of ['cc', 'c++', 'ld']) tools.push((await must([tool, '--version'])).stdout);
  tools.push(await ninjaVersion());
  const parts = [buildDirectory(of), of.type, targets, of.project.options, of.options ?? [], tools];
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
  const name = [`${of.project.name}-${of.type}${of.suffix ?? ''}`, ...targets].join('-').replaceAll('/', '_');
  return place('reference', `${name}-${key}.json`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
