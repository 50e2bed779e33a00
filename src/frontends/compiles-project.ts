/**
 * A list of compiles without a graph (compile_commands.json, or the output of `ninja -t commands`) -> project. The edges
 * are the compiles alone: each reads its source and writes its object, and nothing is known of who makes what. What was
 * built is recorded in logs of our own, in ninja's formats, so that the same rules tell what is dirty.
 */
import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {quote} from 'shell-quote';
import {FailureError} from '../failure.ts';
import {BuildRecords} from '../graph/build-records.ts';
import {EDGE_DEPS_GCC, type EdgeId, type Graph, type NodeId} from '../graph/graph.ts';
import {GraphBuilder} from '../graph/graph-builder.ts';
import {statFrom} from '../graph/node-times.ts';
import {type ListedCommand, readCompileCommands} from './compile-commands.ts';
import {type CompilesList, compilesOf, type ObjectCompile} from './compiles-list.ts';
import {depfilesText, type MissingDepfiles, missingDepfiles} from './makefile-depfiles.ts';
import {readBuildLog} from './ninja/build-log.ts';
import {commandHash} from './ninja/command-hash.ts';
import {adoptDepsLog, readDepsLog} from './ninja/deps-log.ts';
import {type Project, STATE_DIR} from './project.ts';

const HASH_KIND = 'rapid';

export type Kind = 'compile-commands' | 'commands';

interface CompilesGraph {
  readonly graph: Graph;
  directoryOf(edge: EdgeId): string;
}

/** @throws FailureError for a list that cannot be read, or that has no compile that can be made */
export function loadCompilesProject(options: {
  directory: string;
  kind: Kind;
  /** For `commands`: a path, or `-`. */
  commandsFile: string | undefined;
  /** For `compile-commands`: the list, where it is not the directory's own. */
  imported?: string | undefined;
}): Project {
  const {directory, kind, imported} = options;
  const file =
    kind === 'commands'
      ? (options.commandsFile ?? '-')
      : (imported ?? join(directory, 'compile_commands.json'));
  const commands = kind === 'commands' ? readCommands(file, directory) : readList(file, directory, imported);
  const list = compilesOf(commands, directory);
  const absent = absentCompiles(list, {directory, file, kind});
  const {graph, directoryOf} = graphOf(list, {directory, absent});
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
    name: nameOf(directory, imported),
    directory,
    file: file === '-' ? file : resolve(file),
    directoryOf,
    graph,
    records,
    files,
    included: [],
    warnings: warningsOf(list, absent, missingDepfiles(list.compiles, directory)),
    isSnapshot: false,
    depfileDialect: 'ninja-1.13',
    readDepfile: () => ({kind: 'inputs', inputs: []}),
    loadDyndep() {},
    saveSnapshot() {},
  };
}

/** The list's compiles as edges; those whose source is not there are built for who asks for them by name. */
function graphOf(
  {compiles}: CompilesList,
  {directory, absent}: {readonly directory: string; readonly absent: ReadonlySet<ObjectCompile>},
): CompilesGraph {
  const builder = new GraphBuilder();
  /** Edges that run elsewhere than in the directory that is built. */
  const foreign = new Map<EdgeId, string>();
  // None stand for all.
  const defaults: NodeId[] = [];
  for (const compile of compiles) {
    const edge = addCompile(builder, compile, directory);
    if (compile.listed.directory !== directory) foreign.set(edge, compile.listed.directory);
    if (absent.size > 0 && !absent.has(compile)) defaults.push(builder.node(compile.output));
  }
  return {
    graph: builder.freeze({defaults, buildDir: ''}),
    directoryOf: edge => foreign.get(edge) ?? directory,
  };
}

function addCompile(builder: GraphBuilder, spec: ObjectCompile, directory: string): EdgeId {
  const ins = [spec.source, ...(spec.precompiled === undefined ? [] : [spec.precompiled])];
  return builder.addEdge({
    texts: {
      command: spec.listed.command,
      description: `Building ${spec.output}`,
      depfile: spec.depfile ?? '',
      rule: 'compile',
    },
    // Not ninja's `deps`, but the same record: the compiler's list of headers, kept in our own log.
    flags: EDGE_DEPS_GCC,
    pool: -1,
    ins: ins.map(path => builder.node(path)),
    explicitIns: 1,
    dirtyingIns: ins.length,
    outs: [builder.node(spec.output)],
    explicitOuts: 1,
    validations: [],
    dyndep: -1,
    hash: commandHash(HASH_KIND, wholeCommand(spec, directory)),
  });
}

/** What a build does not do for the user, each thing in one line. */
function warningsOf(
  {ambiguous, links, unplaced}: CompilesList,
  absent: ReadonlySet<ObjectCompile>,
  missing: MissingDepfiles | undefined,
): string[] {
  const warnings = missing === undefined ? [] : [depfilesText(missing)];
  const [ambiguousOne] = ambiguous;
  if (ambiguous.length === 1) {
    warnings.push(`'${ambiguousOne}' is compiled more than once; the first command is taken`);
  } else if (ambiguous.length > 1) {
    warnings.push(
      `${ambiguous.length} objects are compiled more than once, '${ambiguousOne}' for one; the first command of each is taken`,
    );
  }
  if (links.length === 1) {
    warnings.push(`'${links[0]}' is a link that is listed as a compile: it is left to your own tool`);
  } else if (links.length > 1) {
    warnings.push(
      `${links.length} links are listed as compiles, '${links[0]}' for one: they are left to your own tool`,
    );
  }
  if (unplaced > 0) {
    warnings.push(`${unplaced} compiles need a shell and name no output: they are left to your own tool`);
  }
  const [absentOne] = absent;
  if (absent.size === 1) {
    warnings.push(
      `1 source is not there and is left out, '${absentOne?.source}': make it with your own tool first`,
    );
  } else if (absent.size > 1) {
    warnings.push(
      `${absent.size} sources are not there and are left out, '${absentOne?.source}' for one: make them with your own tool first`,
    );
  }
  return warnings;
}

/** @throws FailureError, with how to do without where the file that was imported is not there any more */
function readList(file: string, directory: string, imported: string | undefined): ListedCommand[] {
  if (imported !== undefined && !existsSync(file)) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `'${file}', which was imported for '${directory}', is not there any more`,
      hint: `to build without it: llama import --forget ${quote([directory])}`,
    });
  }
  const isKept = imported === join(directory, STATE_DIR, 'compile_commands.json');
  return readCompileCommands(file, isKept ? directory : undefined);
}

/** A build directory is named by what it is the build of. */
function nameOf(directory: string, imported: string | undefined): string {
  const own = basename(directory);
  const name = /^(?:build|out|_build|cmake-build|release|debug)(?:[-_.].*)?$/i.test(own)
    ? basename(dirname(directory))
    : own;
  return imported === undefined ? name : `${name}, by an imported list`;
}

/**
 * The compiles whose source is not there, and that no compile of the list makes: other tools make such sources, and the
 * list does not say how. @throws FailureError where there is no compile, or no source of any is there
 */
export function absentCompiles(
  list: CompilesList,
  {directory, file, kind}: {readonly directory: string; readonly file: string; readonly kind: Kind},
): ReadonlySet<ObjectCompile> {
  const {compiles, entries, unplaced, headers, links} = list;
  if (compiles.length + unplaced + headers + links.length === 0) throw noCompile(kind, file, entries);
  const made = new Set(compiles.map(({output}) => output));
  const mtime = statFrom(directory);
  const absent = compiles.filter(({source}) => !made.has(source) && mtime(source) === 0n);
  if (absent.length > 0 && absent.length === compiles.length) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `no source that '${file}' names is there, '${absent[0]!.source}' for one`,
      hint: 'if they are generated, make them with your own tool first',
    });
  }
  return new Set(absent);
}

/** All that an object depends on besides files: no list of dependencies names response files. */
function wholeCommand({listed, compile}: ObjectCompile, directory: string): string {
  const {command} = listed;
  const placed = listed.directory === directory ? command : `cd ${listed.directory} && ${command}`;
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
