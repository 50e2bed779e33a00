/** compile_commands.json -> commands, by the format of Clang's JSON compilation database. */
import {readFileSync} from 'node:fs';
import {isAbsolute, join} from 'node:path';
import {FailureError} from '../failure.ts';
import {jsonFault, placeOf} from './json-fault.ts';

/** One command, with the directory it runs in. */
export interface ListedCommand {
  readonly command: string;
  readonly directory: string;
  /** As the list names it; absent where the list names none. */
  readonly output?: string;
  readonly source?: string;
}

/** @throws FailureError `manifest-invalid`, with the place of the fault */
export function readCompileCommands(file: string, directory: string): ListedCommand[] {
  const text = readFileSync(file, 'utf8');
  const isFromNinja = isNinjaBuild(directory);
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch (error) {
    throw invalid(file, (error as Error).message, placeOf(text, jsonFault(text)));
  }
  if (!Array.isArray(entries)) throw invalid(file, 'expected a list of commands');
  return entries.map((entry, index) => readEntry(entry, {index, file, directory, isFromNinja}));
}

function readEntry(
  entry: unknown,
  {
    index,
    file,
    directory,
    isFromNinja,
  }: {index: number; file: string; directory: string; isFromNinja: boolean},
): ListedCommand {
  const fault = (what: string) => invalid(file, `entry ${index + 1}: ${what}`);
  if (typeof entry !== 'object' || entry === null) throw fault('expected an object');
  const {
    directory: place = directory,
    command,
    arguments: words,
    output,
    file: source,
  } = entry as Record<string, unknown>;
  if (typeof place !== 'string') throw fault("'directory' is no text");
  const isWords = Array.isArray(words) && words.every(word => typeof word === 'string');
  if (!isWords && typeof command !== 'string') throw fault("needs 'command' or 'arguments'");
  return {
    // `arguments` are words already; quoted for the shell they are the same words again.
    command: isWords
      ? words.map(quoteWord).join(' ')
      : isFromNinja
        ? (command as string).replaceAll('$$', '$')
        : (command as string),
    directory: isAbsolute(place) ? place : join(directory, place),
    ...(typeof output === 'string' ? {output} : {}),
    ...(typeof source === 'string' ? {source} : {}),
  };
}

/** CMake's generator for ninja leaves ninja's doubling of dollars in the commands that it lists. */
function isNinjaBuild(directory: string): boolean {
  try {
    return /^CMAKE_GENERATOR:INTERNAL=Ninja/m.test(readFileSync(join(directory, 'CMakeCache.txt'), 'utf8'));
  } catch {
    return false; // Not CMake's.
  }
}

function quoteWord(word: string): string {
  return /^[A-Za-z0-9_+\-./=,:@%]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function invalid(file: string, text: string, place?: {line: number; column: number}): FailureError {
  return new FailureError({
    reason: 'manifest-invalid',
    file,
    text: place ? `${text} (line ${place.line}, column ${place.column})` : `${file}: ${text}`,
    ...(place ?? {}),
  });
}
