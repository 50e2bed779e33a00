/**
 * A list of compiles without a graph (compile_commands.json, or the output of `ninja -t commands`) -> project. The edges
 * are the compiles alone: each reads its source and writes its object, and nothing is known of who makes what. What was
 * built is recorded in logs of our own, in ninja's formats, so that the same rules tell what is dirty.
 */
import {mkdirSync, readFileSync} from 'node:fs';
import {basename, isAbsolute, join} from 'node:path';
import {FailureError} from '../failure.ts';
import {BuildRecords} from '../graph/build-records.ts';
import {EDGE_DEPS_GCC, type EdgeId, type NodeId} from '../graph/graph.ts';
import {GraphBuilder} from '../graph/graph-builder.ts';
import {statFrom} from '../graph/node-times.ts';
import {type ListedCommand, readCompileCommands} from './compile-commands.ts';
import {isHeader, type ListedCompile, readListed} from './listed-compile.ts';
import {readBuildLog} from './ninja/build-log.ts';
import {canonicalPath} from './ninja/canonical-path.ts';
import {commandHash} from './ninja/command-hash.ts';
import {adoptDepsLog, readDepsLog} from './ninja/deps-log.ts';
import {type Project, STATE_DIR} from './project.ts';

const HASH_KIND = 'rapid';

type Kind = 'compile-commands' | 'commands';

/** A compile of the graph. */
interface Placed {
  readonly edge: EdgeId;
  readonly source: NodeId;
  readonly output: NodeId;
}

/** @throws FailureError for a list that cannot be read, or that has no compile that can be made */
export function loadCompilesProject(options: {
  directory: string;
  kind: Kind;
  /** For `commands`: a path, or `-`. */
  commandsFile: string | undefined;
}): Project {
  const {directory, kind} = options;
  const warnings: string[] = [];
  const file =
    kind === 'compile-commands' ? join(directory, 'compile_commands.json') : (options.commandsFile ?? '-');
  const commands =
    kind === 'compile-commands' ? readCompileCommands(file, directory) : readCommands(file, directory);
  const builder = new GraphBuilder();
  const placed: Placed[] = [];
  let compiles = 0;
  let unplaced = 0;
  /** Edges that run elsewhere than in the directory of the list. */
  const foreign = new Map<EdgeId, string>();
  for (const listed of commands) {
    const compile = readListed(listed);
    if (compile === 'no-compile') continue;
    compiles++;
    if (compile === 'unplaced') {
      unplaced++;
      continue;
    }
    if (isHeader(compile)) continue;
    const added = addCompile(builder, {listed, compile, directory, warnings});
    if (added === undefined) continue;
    placed.push(added);
    if (listed.directory !== directory) foreign.set(added.edge, listed.directory);
  }
  if (compiles === 0) throw noCompile(kind, file, commands.length);
  if (unplaced > 0) {
    warnings.push(`${unplaced} compiles need a shell and name no output: they are left to your own tool`);
  }
  const defaults = outputsToMake(builder, placed, {directory, file, warnings});
  const graph = builder.freeze({defaults, buildDir: ''});
  const records = new BuildRecords(graph.nodeCount);
  const state = join(directory, STATE_DIR);
  mkdirSync(state, {recursive: true});
  const files = {
    buildLog: join(state, 'compiles.log'),
    depsLog: join(state, 'compiles.deps'),
    journal: join(state, 'compiles.journal'),
    buildLogVersion: 7,
    depsLogVersion: 4,
  } as const;
  try {
    readBuildLog(files.buildLog, graph, records);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const deps = readDepsLog(files.depsLog);
  if (typeof deps !== 'string') adoptDepsLog(deps, graph, records);
  return {
    kind,
    name: basename(join(directory, '..')),
    directory,
    directoryOf: edge => foreign.get(edge) ?? directory,
    graph,
    records,
    files,
    included: [],
    warnings,
    isSnapshot: false,
    depfileDialect: 'ninja-1.13',
    readDepfile: () => ({kind: 'inputs', inputs: []}),
    loadDyndep() {},
    saveSnapshot() {},
  };
}

function addCompile(
  builder: GraphBuilder,
  spec: {listed: ListedCommand; compile: ListedCompile; directory: string; warnings: string[]},
): Placed | undefined {
  const {listed, compile, directory} = spec;
  const inDirectory = listed.directory === directory;
  const place = (path: string) =>
    canonicalPath(isAbsolute(path) || inDirectory ? path : join(listed.directory, path));
  const output = builder.node(place(compile.output));
  if (builder.producer(output) >= 0) {
    spec.warnings.push(`'${builder.path(output)}' is compiled more than once; the first command is taken`);
    return undefined;
  }
  const source = builder.node(place(compile.source));
  const edge = builder.addEdge({
    texts: {
      command: listed.command,
      description: `Building ${builder.path(output)}`,
      depfile: compile.depfile === undefined ? '' : place(compile.depfile),
      rule: 'compile',
    },
    // Not ninja's `deps`, but the same record: the compiler's list of headers, kept in our own log.
    flags: EDGE_DEPS_GCC,
    pool: -1,
    ins: [source],
    explicitIns: 1,
    dirtyingIns: 1,
    outs: [output],
    explicitOuts: 1,
    validations: [],
    dyndep: -1,
    hash: commandHash(HASH_KIND, wholeCommand(listed, {compile, inDirectory})),
  });
  return {edge, source, output};
}

/**
 * What is built when nothing is named. A source that is not there, and that no compile of the list makes, stops only
 * the build of its own object by name: other tools make such sources, and the list does not say how. Empty stands for
 * all. @throws FailureError where there is no source at all
 */
function outputsToMake(
  builder: GraphBuilder,
  placed: readonly Placed[],
  {directory, file, warnings}: {directory: string; file: string; warnings: string[]},
): NodeId[] {
  const mtime = statFrom(directory);
  const isAbsent = ({source}: Placed) => builder.producer(source) < 0 && mtime(builder.path(source)) === 0n;
  const absent = placed.filter(isAbsent);
  const [first] = absent;
  if (first === undefined) return [];
  const example = builder.path(first.source);
  if (absent.length === placed.length) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `no source that '${file}' names is there, '${example}' for one`,
      hint: 'if they are generated, make them with your own tool first',
    });
  }
  warnings.push(
    absent.length === 1
      ? `1 source is not there and is left out, '${example}': make it with your own tool first`
      : `${absent.length} sources are not there and are left out, '${example}' for one: make them with your own tool first`,
  );
  return placed.filter(compile => !isAbsent(compile)).map(({output}) => output);
}

/** All that an object depends on besides files: no list of dependencies names response files. */
function wholeCommand(
  {command, directory}: ListedCommand,
  {compile, inDirectory}: {compile: ListedCompile; inDirectory: boolean},
): string {
  const placed = inDirectory ? command : `cd ${directory} && ${command}`;
  const contents = (compile.responseFiles ?? []).map(({content}) => content);
  return [placed, ...contents].join('\0');
}

/** It can be read but once, and a project may be loaded again. */
let standardInput: string | undefined;

const HOW_TO_MAKE: Readonly<Record<Kind, string>> = {
  commands: 'to make it: ninja -C BUILD_DIR -t commands > FILE',
  'compile-commands': 'to make it: cmake -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -S SOURCE_DIR -B BUILD_DIR',
};

function noCompile(kind: Kind, file: string, count: number): FailureError {
  const [unit, units] = kind === 'commands' ? ['line', 'lines'] : ['entry', 'entries'];
  return new FailureError({
    reason: 'option-invalid',
    text: `no compile in ${file === '-' ? 'what standard input gave' : `'${file}'`} (${count} ${count === 1 ? unit : units} read)`,
    hint: HOW_TO_MAKE[kind],
  });
}

/** Lines of `ninja -t commands`. */
function readCommands(file: string, directory: string): ListedCommand[] {
  let text: string;
  try {
    if (file === '-') standardInput ??= readFileSync(0, 'utf8');
    text = file === '-' ? standardInput! : readFileSync(file, 'utf8');
  } catch (error) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `cannot read '${file}': ${(error as Error).message}`,
      hint: HOW_TO_MAKE.commands,
    });
  }
  return text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(command => ({command, directory}));
}
