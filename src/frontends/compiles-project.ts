/**
 * A list of compiles without a graph (compile_commands.json, or the output of `ninja -t commands`) -> project. The edges
 * are the compiles alone: each reads its source and writes its object, and nothing is known of who makes what. What was
 * built is recorded in logs of our own, in ninja's formats, so that the same rules tell what is dirty.
 */
import {mkdirSync, readFileSync} from 'node:fs';
import {basename, isAbsolute, join} from 'node:path';
import {FailureError} from '../failure.ts';
import {BuildRecords} from '../graph/build-records.ts';
import {EDGE_DEPS_GCC, type EdgeId} from '../graph/graph.ts';
import {GraphBuilder} from '../graph/graph-builder.ts';
import {classify} from '../toolchain/classify.ts';
import type {CompileCommand} from '../toolchain/compile-command.ts';
import {type ListedCommand, readCompileCommands} from './compile-commands.ts';
import {readBuildLog} from './ninja/build-log.ts';
import {canonicalPath} from './ninja/canonical-path.ts';
import {commandHash} from './ninja/command-hash.ts';
import {adoptDepsLog, readDepsLog} from './ninja/deps-log.ts';
import {type Project, STATE_DIR} from './project.ts';

const HASH_KIND = 'rapid';

/** Where a compile reads and writes. */
type Places = Pick<CompileCommand, 'source' | 'output' | 'depfile'> &
  Partial<Pick<CompileCommand, 'responseFiles'>>;

/** @throws FailureError for a list that cannot be read */
export function loadCompilesProject(options: {
  directory: string;
  kind: 'compile-commands' | 'commands';
  /** For `commands`: a path, or `-`. */
  commandsFile: string | undefined;
}): Project {
  const {directory, kind} = options;
  const warnings: string[] = [];
  const commands =
    kind === 'compile-commands'
      ? readCompileCommands(join(directory, 'compile_commands.json'), directory)
      : readCommands(options.commandsFile ?? '-', directory);
  const builder = new GraphBuilder();
  let unplaced = 0;
  /** Edges that run elsewhere than in the directory of the list. */
  const foreign = new Map<EdgeId, string>();
  for (const listed of commands) {
    const found = classify({
      command: listed.command,
      env: process.env,
      readResponseFile: path => {
        const content = readIfThere(isAbsolute(path) ? path : join(listed.directory, path));
        return content === undefined ? undefined : {content, onDisk: true};
      },
    });
    if (found.kind === 'other') continue;
    const compile = found.compile ?? namedPlaces(listed);
    if (!compile) {
      unplaced++;
      continue;
    }
    if (isHeader(compile)) continue;
    const edge = addCompile(builder, {listed, compile, directory, warnings});
    if (edge !== undefined && listed.directory !== directory) foreign.set(edge, listed.directory);
  }
  if (unplaced > 0) {
    warnings.push(`${unplaced} compiles need a shell and name no output: they are left to your own tool`);
  }
  const graph = builder.freeze({defaults: [], buildDir: ''});
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
  spec: {listed: ListedCommand; compile: Places; directory: string; warnings: string[]},
): EdgeId | undefined {
  const {listed, compile, directory} = spec;
  const inDirectory = listed.directory === directory;
  const place = (path: string) =>
    canonicalPath(isAbsolute(path) || inDirectory ? path : join(listed.directory, path));
  const output = builder.node(place(compile.output));
  if (builder.producer(output) >= 0) {
    spec.warnings.push(`'${builder.path(output)}' is compiled more than once; the first command is taken`);
    return undefined;
  }
  return builder.addEdge({
    texts: {
      command: listed.command,
      description: `Building ${builder.path(output)}`,
      depfile: compile.depfile ? place(compile.depfile.path) : '',
      rule: 'compile',
    },
    // Not ninja's `deps`, but the same record: the compiler's list of headers, kept in our own log.
    flags: EDGE_DEPS_GCC,
    pool: -1,
    ins: [builder.node(place(compile.source))],
    explicitIns: 1,
    dirtyingIns: 1,
    outs: [output],
    explicitOuts: 1,
    validations: [],
    dyndep: -1,
    hash: commandHash(HASH_KIND, wholeCommand(listed, {compile, inDirectory})),
  });
}

/** All that an object depends on besides files: no list of dependencies names response files. */
function wholeCommand(
  {command, directory}: ListedCommand,
  {compile, inDirectory}: {compile: Places; inDirectory: boolean},
): string {
  const placed = inDirectory ? command : `cd ${directory} && ${command}`;
  const contents = (compile.responseFiles ?? []).map(({content}) => content);
  return [placed, ...contents].join('\0');
}

/** It can be read but once, and a project may be loaded again. */
let standardInput: string | undefined;

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
      hint: 'to make it: ninja -t commands > FILE',
    });
  }
  return text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(command => ({command, directory}));
}

/** What the list itself tells of a command that only a shell can read. */
function namedPlaces({source, output, command}: ListedCommand): Places | undefined {
  const named = output ?? / -o (?:"([^"$`\\]+)"|([^\s"'$`\\]+))/.exec(command)?.slice(1).find(Boolean);
  return source === undefined || named === undefined
    ? undefined
    : {source, output: named, depfile: undefined};
}

function isHeader(compile: Places): boolean {
  return /\.(h|hh|hpp|hxx|h\+\+|inc)$/i.test(compile.source);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
