/** compile_commands.json -> commands, by the format of Clang's JSON compilation database. */
import {readFileSync, realpathSync} from 'node:fs';
import {dirname, isAbsolute, resolve} from 'node:path';
import {FailureError} from '../failure.ts';
import {commandsOfCmake} from './cmake-commands.ts';
import {jsonFault, placeOf} from './json-fault.ts';

/** One command, with the directory it runs in. */
export interface ListedCommand {
  readonly command: string;
  readonly directory: string;
  /** As the list names it; absent where the list names none. */
  readonly output?: string;
  readonly source?: string;
}

/**
 * `directory`: what relative directories of entries count from, if not the file's own. @throws FailureError for a file
 * that cannot be read, `manifest-invalid` with the place of the fault
 */
export function readCompileCommands(file: string, directory?: string): ListedCommand[] {
  let text: string;
  let place: string;
  try {
    // A list in a source tree is often a link to the one in the build directory: what it names counts from there.
    place = directory ?? dirname(realpathSync(file));
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = (error as Error).message;
    throw new FailureError({reason: 'option-invalid', text: `cannot read '${file}': ${why}`});
  }
  return parseCompileCommands(text, {file, directory: place});
}

/** `directory`: what relative directories of entries count from. @throws FailureError as {@link readCompileCommands} */
export function parseCompileCommands(
  text: string,
  {file, directory}: {readonly file: string; readonly directory: string},
): ListedCommand[] {
  const json = text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
  let entries: unknown;
  try {
    entries = JSON.parse(json);
  } catch (error) {
    const hint = FRAGMENTS.test(json) ? `\n${HOW_TO_JOIN}` : '';
    throw invalid(file, (error as Error).message, {...placeOf(json, jsonFault(json)), hint});
  }
  if (!Array.isArray(entries)) {
    const isEntry = typeof entries === 'object' && entries !== null && 'file' in entries;
    throw invalid(file, `expected a list of commands${isEntry ? `\n${HOW_TO_JOIN}` : ''}`);
  }
  const asBuilt = commandsOfCmake(directory);
  return entries.map((entry, index) => readEntry(entry, {index, file, directory, asBuilt}));
}

const BYTE_ORDER_MARK = 0xfeff;

/** What clang's `-MJ` and Xcode's `-gen-cdb-fragment-path` write: entries, each with a comma behind it. */
const FRAGMENTS = /^\s*\{[\s\S]*\}\s*,\s*$/;
const HOW_TO_JOIN = `  of fragments a list is made by: sed -e '1s/^/[/' -e '$s/,$/]/' FRAGMENT... > compile_commands.json`;

function readEntry(
  entry: unknown,
  {
    index,
    file,
    directory,
    asBuilt,
  }: {index: number; file: string; directory: string; asBuilt: ReturnType<typeof commandsOfCmake>},
): ListedCommand {
  const fault = (what: string) => invalid(file, `entry ${index + 1}: ${what}`);
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw fault('expected an object');
  const {
    directory: place,
    command,
    arguments: words,
    output,
    file: source,
  } = entry as Record<string, unknown>;
  const isText = (value: unknown): value is string | undefined =>
    value === undefined || typeof value === 'string';
  if (!isText(place)) throw fault("'directory' is no text");
  if (!isText(source)) throw fault("'file' is no text");
  if (!isText(output)) throw fault("'output' is no text");
  if (!isText(command)) throw fault("'command' is no text");
  if (words !== undefined && !isTexts(words)) throw fault("'arguments' is no list of texts");
  if (words === undefined && command === undefined) throw fault("needs 'command' or 'arguments'");
  const where = place === undefined ? directory : placeIn(directory, place);
  return {
    // `arguments` are words already; quoted for the shell they are the same words again.
    command:
      words !== undefined ? words.map(quoteWord).join(' ') : asBuilt({command: command!, directory: where}),
    directory: where,
    ...(output === undefined ? {} : {output}),
    ...(source === undefined ? {} : {source}),
  };
}

/** An absolute path stays as it is spelt but for a slash at its end: `..` behind a link leads elsewhere. */
function placeIn(directory: string, place: string): string {
  return isAbsolute(place) ? place.replace(/(?<=.)\/+$/, '') : resolve(directory, place);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(word => typeof word === 'string');
}

function quoteWord(word: string): string {
  return /^[A-Za-z0-9_+\-./=,:@%]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function invalid(
  file: string,
  text: string,
  place?: {line: number; column: number; hint: string},
): FailureError {
  const {hint = '', ...where} = place ?? {};
  return new FailureError({
    reason: 'manifest-invalid',
    file,
    text: place ? `${text} (line ${place.line}, column ${place.column})${hint}` : `${file}: ${text}`,
    ...where,
  });
}
