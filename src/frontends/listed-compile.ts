/**
 * One command of a list without a graph -> where its compile reads and writes. What neither the command nor the list
 * tells is left open: nothing is guessed.
 */
import {readFileSync} from 'node:fs';
import {isAbsolute, join} from 'node:path';
import {classify} from '../toolchain/classify.ts';
import {compileShape} from '../toolchain/compile-shape.ts';
import type {ResponseFile} from '../toolchain/response-file.ts';
import {splitWords} from '../toolchain/words.ts';
import type {ListedCommand} from './compile-commands.ts';

/** Paths as the command spells them. */
export interface ListedCompile {
  readonly source: string;
  readonly output: string;
  readonly depfile?: string | undefined;
  readonly responseFiles?: readonly ResponseFile[];
}

/** `unplaced`: a compile of which it is not known what it reads or writes. */
export function readListed(listed: ListedCommand): ListedCompile | 'no-compile' | 'unplaced' {
  const found = classify({
    command: listed.command,
    env: process.env,
    readResponseFile: path => {
      const content = readIfThere(isAbsolute(path) ? path : join(listed.directory, path));
      return content === undefined ? undefined : {content, onDisk: true};
    },
  });
  if (found.kind === 'other') return 'no-compile';
  if (!found.compile) return shape(listed.command) ?? namedPlaces(listed) ?? 'unplaced';
  const {compile} = found;
  // An assembler's list leaves out what it includes.
  return {...compile, depfile: compile.assembler === undefined ? compile.depfile?.path : undefined};
}

/** A header that is checked by itself, as editors ask for it, is nothing to build. */
export function isHeader({source}: ListedCompile): boolean {
  return /\.(h|hh|hpp|hxx|h\+\+|inc)$/i.test(source);
}

function shape(command: string): ListedCompile | undefined {
  const split = splitWords(command);
  return split.ok ? compileShape(split.words) : undefined;
}

/** What the list itself tells of a command that only a shell can read. */
function namedPlaces({source, output, command}: ListedCommand): ListedCompile | undefined {
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
