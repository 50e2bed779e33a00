/**
 * One command of a list without a graph -> where its compile reads and writes. What neither the command nor the list
 * tells is left open: nothing is guessed.
 */
import {readFileSync} from 'node:fs';
import {isAbsolute, join} from 'node:path';
import {ccacheConfigFault} from '../toolchain/ccache-config.ts';
import {clCompile} from '../toolchain/cl-compile.ts';
import {type Classification, classify} from '../toolchain/classify.ts';
import type {CompileCommand} from '../toolchain/compile-command.ts';
import {compileShape} from '../toolchain/compile-shape.ts';
import type {Local} from '../toolchain/local-reason.ts';
import type {ResponseFile} from '../toolchain/response-file.ts';
import {splitWords} from '../toolchain/words.ts';
import type {ListedCommand} from './compile-commands.ts';

/** Paths as the command spells them. */
export interface ListedCompile {
  readonly source: string;
  readonly output: string;
  readonly depfile?: string | undefined;
  readonly responseFiles?: readonly ResponseFile[];
  readonly classification: Compiling;
}

type Compiling = Exclude<Classification, {readonly kind: 'other'}>;

/**
 * What a command is besides a compile. `header`: one that is checked by itself, as editors ask for it. `link`: Bear and
 * its like list a program that was made from sources in one go as compiles with the program as their output. `unplaced`:
 * a compile of which it is not known what it reads or writes.
 */
export type NotBuilt = 'no-compile' | 'header' | 'link' | 'unplaced';

export function readListed(listed: ListedCommand): ListedCompile | NotBuilt {
  const classification = classify({
    command: listed.command,
    env: process.env,
    ...(listed.command.includes('ccache') ? {ccacheFault: ccacheFault()} : {}),
    readResponseFile: path => {
      const content = readIfThere(isAbsolute(path) ? path : join(listed.directory, path));
      return content === undefined ? undefined : {content, onDisk: true};
    },
  });
  if (classification.kind === 'other') return 'no-compile';
  const places = classification.compile
    ? placesOf(classification.compile)
    : (shape(listed.command) ?? namedPlaces(listed));
  if (places === undefined) return 'unplaced';
  const compile = {...places, classification};
  // Extractors for Bazel list each header with the whole command of a source that includes it.
  if (isHeader(compile.source) || (listed.source !== undefined && isHeader(listed.source))) return 'header';
  return isProgram(compile.output) ? 'link' : compile;
}

/** Its settings are files: they are read once. */
let ccache: {readonly fault: Local | undefined} | undefined;

function ccacheFault(): Local | undefined {
  ccache ??= {fault: ccacheConfigFault(process.env, readIfThere)};
  return ccache.fault;
}

type Places = Omit<ListedCompile, 'classification'>;

function placesOf({source, output, depfile, responseFiles, assembler}: CompileCommand): Places {
  // An assembler's list leaves out what it includes.
  return {source, output, depfile: assembler === undefined ? depfile?.path : undefined, responseFiles};
}

function isHeader(source: string): boolean {
  return /\.(h|hh|hpp|hxx|h\+\+|inc)$/i.test(source);
}

/** Whether a name is what a link makes: without a suffix, or with one of a program or a library. */
function isProgram(output: string): boolean {
  return /(?:^|\/)[^/.]+$|\.(?:so|so\.[\d.]+|dylib|dll|exe|out|elf|a|la|\d+)$/.test(output);
}

function shape(command: string): Places | undefined {
  const split = splitWords(command);
  return split.ok ? (compileShape(split.words) ?? clCompile(split.words)) : undefined;
}

/** What the list itself tells of a command that only a shell can read. */
function namedPlaces({source, output, command}: ListedCommand): Places | undefined {
  const named = output ?? / -o (?:"([^"$`\\]+)"|([^\s"'$`\\]+))/.exec(command)?.slice(1).find(Boolean);
  return source === undefined || named === undefined ? undefined : {source, output: named};
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
