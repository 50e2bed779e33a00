/** A manifest, such as `build.ninja`, and its logs -> project; from the snapshot where nothing has changed since. */
import {createHash} from 'node:crypto';
import {readFileSync, statSync} from 'node:fs';
import {basename, isAbsolute, join, resolve} from 'node:path';
import {FailureError} from '../../failure.ts';
import {BuildRecords} from '../../graph/build-records.ts';
import type {DepfileInputs} from '../../graph/depfile-inputs.ts';
import type {EdgeId, Graph, NodeId} from '../../graph/graph.ts';
import {type DepfileDialect, parseDepfile} from '../../toolchain/depfile.ts';
import {isElf} from '../../toolchain/elf.ts';
import {type Project, STATE_DIR} from '../project.ts';
import {type BuildLogVersion, buildLogVersion, hashKindOf, readBuildLog} from './build-log.ts';
import {canonicalPath} from './canonical-path.ts';
import {adoptDepsLog, readDepsLog} from './deps-log.ts';
import {DepsLogIndex} from './deps-log-index.ts';
import {loadDyndep} from './dyndep.ts';
import {fileStamp} from './file-stamp.ts';
import {loadManifest} from './manifest.ts';
import {depfileDialect, findNinja, logVersions, supportedVersion} from './ninja-program.ts';
import {loadSnapshot, type SnapshotMeta, saveSnapshot} from './snapshot.ts';

const CMAKE_CACHE = 'CMakeCache.txt';

export interface LoadOptions {
  /** Real path. */
  readonly directory: string;
  /** As ninja's `-f` takes it: relative to `directory`. */
  readonly manifest: string;
  readonly environment: NodeJS.ProcessEnv;
  /** False to read everything anew. */
  readonly useSnapshot: boolean;
}

/** @throws FailureError for a manifest that cannot be read, or without a ninja */
export function loadNinjaProject(options: LoadOptions): Project {
  const {directory, manifest, environment} = options;
  const snapshotFile = join(directory, STATE_DIR, snapshotName(manifest));
  const path = environment.PATH ?? '';
  const ninjaPath = findNinja(directory, path);
  // What else is on PATH matters to a script alone, which may find the real one there.
  const key = JSON.stringify([manifest, isElf(ninjaPath) ? '' : path]);
  const found = options.useSnapshot ? loadSnapshot(snapshotFile, key) : undefined;
  // One that was put on PATH since, before the other, is the user's ninja now.
  const known = found?.meta.ninjaPath === ninjaPath ? found : undefined;
  const {graph, meta} = known ?? readDescription(options, {key, ninjaPath});
  const stampsRead = meta.logs.map(fileStamp);
  let kept = known?.kept;
  const depsIndex = new DepsLogIndex(graph);
  const {records, warnings} = known?.records
    ? {records: known.records, warnings: []}
    : readLogs(directory, graph, meta, depsIndex);
  if (known?.records && known.depsIndex) depsIndex.restore(known.depsIndex.kept, known.depsIndex.numbers);
  const dialect = depfileDialect(meta.ninjaVersion);
  const manifestNode = graph.find(canonicalPath(manifest));
  const isMade = manifestNode !== undefined && graph.producer(manifestNode) >= 0;
  return {
    kind: 'ninja',
    get name() {
      return projectName(directory);
    },
    directory,
    file: resolve(directory, manifest),
    directoryOf: () => directory,
    graph,
    records,
    depsIndex,
    files: logFiles(directory, graph, meta),
    ninja: {path: meta.ninjaPath, version: meta.ninjaVersion},
    ...(isMade ? {manifest: manifestNode} : {}),
    included: isMade ? [] : includedFiles(directory, meta),
    warnings: [...meta.warnings, ...warnings],
    isSnapshot: known?.records !== undefined,
    depfileDialect: dialect,
    readDepfile: (edge, depfile) => readDepfile(graph, directory, {edge, depfile, dialect}),
    loadDyndep: node => {
      loadDyndep(graph, directory, node);
    },
    saveSnapshot(stamps = stampsRead) {
      // A log that could not be read is to be told of every time, and what a dyndep file adds is not in the arrays.
      if (warnings.length > 0) return;
      if (!graph.arrays.edgeDyndep.every(node => node < 0)) return;
      kept = saveSnapshot(snapshotFile, {graph, records, depsIndex, meta, stamps, kept});
    },
  };
}

function readDescription(
  {directory, manifest}: LoadOptions,
  {key, ninjaPath}: Pick<SnapshotMeta, 'key' | 'ninjaPath'>,
): {graph: Graph; meta: SnapshotMeta} {
  const cmakeCache = join(directory, CMAKE_CACHE);
  const cacheStamp = fileStamp(cmakeCache);
  const ninjaStamp = fileStamp(ninjaPath);
  const version = supportedVersion(ninjaPath, directory);
  const versions = logVersions(version);
  const {graph, files, stamps, warnings} = loadManifest({
    directory,
    file: manifest,
    hashKind: hashKindOf(versions.buildLog),
    ninjaVersion: version,
  });
  const {buildLog, depsLog} = logPlaces(directory, graph);
  const sources = [
    ...files.map((file, i) => ({
      file: isAbsolute(file) ? file : join(directory, file),
      stamp: stamps[i] ?? '-',
    })),
    {file: ninjaPath, stamp: ninjaStamp},
    {file: cmakeCache, stamp: cacheStamp},
  ];
  const meta = {
    key,
    sources,
    logs: [buildLog, depsLog],
    ninjaPath,
    ninjaVersion: version,
    buildLogVersion: versions.buildLog,
    depsLogVersion: versions.depsLog,
    warnings,
  };
  return {graph, meta};
}

/** Prereq: the sources of the snapshot begin with the manifest. */
function includedFiles(directory: string, {sources, ninjaPath}: SnapshotMeta): Project['included'] {
  const others = [ninjaPath, join(directory, CMAKE_CACHE)];
  return sources.slice(1).filter(({file}) => !others.includes(file));
}

function readLogs(
  directory: string,
  graph: Graph,
  meta: SnapshotMeta,
  depsIndex: DepsLogIndex,
): {records: BuildRecords; warnings: string[]} {
  const records = new BuildRecords(graph.nodeCount);
  const {buildLog, depsLog} = logPlaces(directory, graph);
  const warnings: string[] = [];
  const found = buildLogVersion(buildLog);
  if (found === meta.buildLogVersion) readBuildLog(buildLog, graph, records);
  else if (found !== 'absent') warnings.push(logMismatch(buildLog, found, meta.ninjaVersion));
  const deps = readDepsLog(depsLog);
  if (typeof deps !== 'string' && deps.version === meta.depsLogVersion) {
    adoptDepsLog(deps, graph, records);
    depsIndex.adopt(deps.paths);
    depsIndex.settle(deps.validSize);
  }
  return {records, warnings};
}

function logMismatch(file: string, found: BuildLogVersion | 'unknown', version: string): string {
  const what = found === 'unknown' ? 'an unknown version' : `version ${found}`;
  return `${file} is of ${what}, which is not that of ninja ${version}: nothing is recorded, so that another ninja can still use it. To go on with this ninja, delete the file`;
}

function logFiles(directory: string, graph: Graph, meta: SnapshotMeta): Project['files'] {
  return {
    ...logPlaces(directory, graph),
    journal: join(directory, STATE_DIR, journalName(graph)),
    buildLogVersion: meta.buildLogVersion,
    depsLogVersion: meta.depsLogVersion,
  };
}

/** Each manifest of a directory has a graph of its own. */
function snapshotName(manifest: string): string {
  return manifest === 'build.ninja' ? 'snapshot' : `snapshot-${shortDigest(manifest)}`;
}

/** Of each place of logs: manifests may share one, and what some logs are to be told must not go into others. */
function journalName({buildDir}: Graph): string {
  return buildDir === '' ? 'journal' : `journal-${shortDigest(buildDir)}`;
}

/** A path may be too long for a name. */
function shortDigest(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 16);
}

function logPlaces(directory: string, graph: Graph): {buildLog: string; depsLog: string} {
  const base = isAbsolute(graph.buildDir) ? graph.buildDir : join(directory, graph.buildDir);
  return {buildLog: join(base, '.ninja_log'), depsLog: join(base, '.ninja_deps')};
}

function readDepfile(
  graph: Graph,
  directory: string,
  {edge, depfile, dialect}: {edge: EdgeId; depfile: string; dialect: DepfileDialect},
): DepfileInputs {
  let text: Buffer;
  try {
    text = readFileSync(isAbsolute(depfile) ? depfile : join(directory, depfile));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {kind: 'missing'};
    throw error;
  }
  if (text.length === 0) return {kind: 'missing'};
  const parsed = parseDepfile(text, dialect);
  if (!parsed.ok) {
    throw new FailureError({reason: 'manifest-invalid', file: depfile, text: parsed.text});
  }
  const [target] = parsed.targets;
  const outputs = Array.from(graph.outs(edge), node => graph.path(node));
  if (target === undefined || canonicalPath(target) !== outputs[0]) return {kind: 'wrong-target'};
  const inputs: NodeId[] = parsed.inputs.map(path => graph.intern(canonicalPath(path)));
  return {kind: 'inputs', inputs};
}

/** Name of the project by CMake's cache, else of the folder above the build directory. */
function projectName(directory: string): string {
  const parent = basename(join(directory, '..'));
  try {
    if (!statSync(join(directory, CMAKE_CACHE), {throwIfNoEntry: false})) return parent;
    const cache = readFileSync(join(directory, CMAKE_CACHE), 'utf8');
    return /^CMAKE_PROJECT_NAME:STATIC=(.+)$/m.exec(cache)?.[1] ?? parent;
  } catch {
    return parent;
  }
}
