/**
 * Decides what an edge's command is: a compile that may run elsewhere, a compile that stays here for a named reason, or
 * anything else. It judges text and environment alone; whether the compiler is really there, and whether a header has a
 * precompiled twin, is for its callers.
 */

import {judgeAssembler, parseAssembly} from './assembler-command.ts';
import {clCompile} from './cl-compile.ts';
import {type NotACompile, parseCompile} from './command-line.ts';
import type {CompileCommand} from './compile-command.ts';
import {compileShape, hasCompileShape} from './compile-shape.ts';
import {assemblerName, compilerName, type Family, isMasquerade} from './compiler-name.ts';
import {type Environment, type EnvironmentChange, hidesCompile, stripLaunchers} from './launcher.ts';
import type {Local, LocalReason} from './local-reason.ts';
import type {ReadResponseFile} from './response-file.ts';
import {splitWords} from './words.ts';

export type Classification =
  | {
      readonly kind: 'remote';
      readonly compile: CompileCommand;
      readonly envChanges: readonly EnvironmentChange[];
    }
  | {readonly kind: 'local-compile'; readonly local: Local; readonly compile?: CompileCommand}
  /** Links, archives, generators; `why` tells of a command of a known compiler why it is no compile. */
  | {readonly kind: 'other'; readonly why?: NotACompile};

export interface ClassifyRequest {
  /** As `sh -c` would get it. */
  readonly command: string;
  /** The environment that the command would run in. */
  readonly env: Environment;
  /** Answers response files by their paths as spelt, relative to the command's directory. */
  readonly readResponseFile?: ReadResponseFile;
  /** A fault in ccache's configuration files, for commands with ccache in front. */
  readonly ccacheFault?: Local | undefined;
  /** The family of a compiler whose name does not tell, if it is known. */
  readonly familyOf?: (compiler: string) => Family | undefined;
}

export function classify(request: ClassifyRequest): Classification {
  const split = splitWords(request.command);
  if (!split.ok) {
    if (!COMPILE_IN_SHELL.test(request.command) && !hasCompileShape(request.command)) return {kind: 'other'};
    return {kind: 'local-compile', local: {reason: 'shell-construct', detail: split.construct}};
  }
  return classifyWords(split.words, request);
}

/** The same for a command that is given as words already, as in `arguments` of compile_commands.json. */
export function classifyWords(
  words: readonly string[],
  request: Omit<ClassifyRequest, 'command'>,
): Classification {
  const stripped = stripLaunchers(words, request.env);
  if (!stripped.ok) {
    // What a launcher that is not understood starts has to look like a compile to count as one.
    const isCompile =
      words.includes('-c') &&
      (words.some(word => compilerName(word) !== undefined) || compileShape(words.slice(1)) !== undefined);
    return isCompile ? {kind: 'local-compile', local: stripped.local} : {kind: 'other'};
  }
  const {argv, envChanges, launchers} = stripped;
  const compiler = argv[0];
  if (compiler === undefined) return {kind: 'other'};
  const assembler = assemblerName(compiler);
  if (assembler === undefined && compilerName(compiler) === undefined) {
    const stays = (reason: LocalReason) =>
      ({kind: 'local-compile', local: {reason, detail: compiler}}) as const;
    if (clCompile(argv) !== undefined) return stays('cl-driver');
    if (hidesCompile(argv)) return stays('unknown-launcher');
    return compileShape(argv) === undefined ? {kind: 'other'} : stays('unknown-compiler');
  }
  const family = request.familyOf?.(compiler);
  const parsed = assembler
    ? parseAssembly(argv, assembler)
    : parseCompile(argv, {
        ...(request.readResponseFile === undefined ? {} : {readResponseFile: request.readResponseFile}),
        ...(family === undefined ? {} : {family}),
      });
  if (parsed.kind === 'not-a-compile') return {kind: 'other', why: parsed.why};
  const {compile} = parsed;
  const local =
    (launchers.includes('ccache') ? request.ccacheFault : undefined) ??
    parsed.local ??
    (assembler && judgeAssembler(assembler, withChanges(request.env, envChanges))) ??
    judgeSurroundings(compiler, request.env, envChanges);
  return local === undefined
    ? {kind: 'remote', compile, envChanges}
    : {kind: 'local-compile', local, compile};
}

/** A compiler's name as a word, and `-c` as another, somewhere in a text that only a shell can read. */
const COMPILE_IN_SHELL =
  /(?:^|[\s;&|(/"'-])(?:gcc|g\+\+|clang|clang\+\+|cc|c\+\+)(?:-\d[\d.]*)?["']?\s(?:[^;&|]*\s)?-c(?:\s|$)/;

/** Variables that make gcc or clang write files which no flag names. */
const OUTPUT_VARIABLES = [
  'DEPENDENCIES_OUTPUT',
  'SUNPRO_DEPENDENCIES',
  'CC_PRINT_OPTIONS',
  'CC_PRINT_HEADERS',
  'CC_LOG_DIAGNOSTICS',
  'CC_PRINT_PROC_STAT',
  'CC_PRINT_INTERNAL_STAT',
];

function judgeSurroundings(
  compiler: string,
  env: Environment,
  changes: readonly EnvironmentChange[],
): Local | undefined {
  if (isMasquerade(compiler)) return {reason: 'compiler-wrapper', detail: compiler};
  const changed = withChanges(env, changes);
  const output = OUTPUT_VARIABLES.find(name => changed[name] !== undefined);
  return output === undefined ? undefined : {reason: 'environment-output', detail: output};
}

function withChanges(env: Environment, changes: readonly EnvironmentChange[]): Environment {
  if (changes.length === 0) return env;
  const changed: Record<string, string | undefined> = {...env};
  for (const {name, value} of changes) changed[name] = value;
  return changed;
}
