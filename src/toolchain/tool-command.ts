/**
 * Reads the command of a rule that the user has called pure: a program of any kind with its words, perhaps in another
 * directory. It judges text alone, and what needs a shell for more than that is refused by name.
 */
import {baseName} from './compiler-name.ts';
import {type Environment, type EnvironmentChange, stripLaunchers} from './launcher.ts';
import type {Local} from './local-reason.ts';
import {splitWords} from './words.ts';

export interface ToolCommand {
  /** argv, the program first. */
  readonly args: readonly string[];
  readonly envChanges: readonly EnvironmentChange[];
  /** Where a `cd` in front leads, as spelt; absent where the command runs where its edge does. */
  readonly directory?: string;
  /** The file that takes its standard output, as spelt. */
  readonly stdout?: string;
  /** What CMake has put behind the command, to be done when that has ended. */
  readonly transform?: DepfileTransform;
}

/**
 * `cmake -E cmake_transform_depfile Ninja gccdepfile SOURCE CURRENT_SOURCE BINARY CURRENT_BINARY FROM TO`: makes of a
 * depfile with any paths one whose paths are the build description's. (cmake-policies(7), CMP0116)
 */
export interface DepfileTransform {
  /** Relative paths of `from` count from here, and those of the description from `binary`. */
  readonly currentBinary: string;
  readonly binary: string;
  /** The tool's own depfile, and what is made of it. */
  readonly from: string;
  readonly to: string;
}

export type ToolReading =
  | {readonly ok: true; readonly tool: ToolCommand}
  | {readonly ok: false; readonly local: Local};

/** `cd DIR && ...`, as CMake and make write it; the directory a plain or quoted word. */
const CHANGE_DIRECTORY = /^cd ((?:[^\s'"\\$`*?[{~#;&|<>()]|"[^"\\$`]*"|'[^']*')+) && /;
const REDIRECTION = / > ?((?:[^\s'"\\$`*?[{~#;&|<>()]|"[^"\\$`]*"|'[^']*')+)\s*$/;
const TRANSFORM = / && (\S*cmake3?"?) -E cmake_transform_depfile Ninja gccdepfile (.*)$/;

export function readToolCommand(command: string, env: Environment): ToolReading {
  const change = CHANGE_DIRECTORY.exec(command);
  let rest = command.slice(change?.[0].length ?? 0);
  const transform = TRANSFORM.exec(rest);
  if (transform) rest = rest.slice(0, transform.index);
  const redirection = REDIRECTION.exec(rest);
  if (redirection) rest = rest.slice(0, redirection.index);
  const split = splitWords(rest);
  if (!split.ok) return {ok: false, local: {reason: 'shell-construct', detail: split.construct}};
  const stripped = stripLaunchers(split.words, env);
  if (!stripped.ok) return {ok: false, local: stripped.local};
  const {argv, envChanges} = stripped;
  const own = envChanges.find(({name}) => /^(?:LLAMA_|LOCPATH$)/.test(name));
  if (own) return {ok: false, local: {reason: 'environment-change', detail: own.name}};
  const places = transform && wordsOf(transform[2]!);
  if (argv.length === 0 || (transform && places?.length !== 6))
    return {ok: false, local: {reason: 'shell-construct', detail: 'operator'}};
  const [, , binary, currentBinary, from, to] = places ?? [];
  return {
    ok: true,
    tool: {
      args: argv,
      envChanges,
      ...(change && {directory: wordsOf(change[1]!)[0]!}),
      ...(redirection && {stdout: wordsOf(redirection[1]!)[0]!}),
      ...(places && {transform: {binary, currentBinary, from, to} as DepfileTransform}),
    },
  };
}

/** Programs that are given another one to run, by its file. */
const INTERPRETER = /^(?:python|perl|ruby|bash|sh|node|guile|tclsh|awk|gawk|php)[\d.]*$/;

/** The names by which a user may call what a command runs: its programs, and the scripts of those that run scripts. */
export function toolNames(command: string): readonly string[] {
  const names: string[] = [];
  for (const part of command.split(/&&|\|\||[;|\n]/)) {
    const words = part
      .trim()
      .split(/\s+/)
      .map(word => word.replace(/["']/g, ''));
    const stripped = stripLaunchers(words, {});
    const [program = '', ...rest] = stripped.ok ? stripped.argv : words;
    names.push(baseName(program));
    // An option may have a word of its own in front of the script.
    if (INTERPRETER.test(baseName(program)))
      names.push(
        ...rest
          .filter(word => !word.startsWith('-'))
          .slice(0, 2)
          .map(baseName),
      );
  }
  return names;
}

/** What a result that differs says something about: the program, and the script that it runs. */
export function toolSignature({args}: ToolCommand): string {
  const [program = '', ...rest] = args;
  const name = baseName(program);
  const script = INTERPRETER.test(name) ? rest.find(word => word.includes('/')) : undefined;
  return script === undefined ? name : `${name} ${script}`;
}

function wordsOf(text: string): readonly string[] {
  const split = splitWords(text);
  return split.ok ? split.words : [];
}
