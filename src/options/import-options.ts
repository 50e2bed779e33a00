/** The command line of `llama import` -> options. Reads no file. */
import {ok} from '../failure.ts';
import {type Flag, invalid, type Parsed, parse} from './flags.ts';

export interface ImportOptions {
  /** A file, a directory that holds one, or `-`; absent where only something is to be forgotten. */
  readonly list: string | undefined;
  /** The directory that is built by it, as the user named it. */
  readonly directory: string | undefined;
}

const IMPORT_FLAGS = {
  forget: {type: 'boolean'},
  help: {type: 'boolean', short: 'h'},
} as const satisfies Record<string, Flag>;

export const IMPORT_HELP = `llama import FILE|DIR|- [DIR]

Tells what a compile_commands.json gives: its compiles, how many of them go to workers, how many stay here and why, and
what of it is not built. The list is a file, the one in a directory, or standard input. Then llama build builds DIR by it.

DIR is by default the directory of a compile_commands.json, else the current one. Where the list is DIR's own nothing is
kept; else DIR/.llama has a link to it, or what standard input gave, which counts before any description in DIR.

  --forget [DIR]    drop what was imported for DIR       (default: the current directory)

Exit status: 0, or 2 for a list that cannot be read or has no compile in it.`;

export function parseImportOptions(argv: readonly string[]): Parsed<ImportOptions> {
  const parsed = parse(argv, IMPORT_FLAGS, 'llama import --help');
  if (!parsed.ok) return parsed;
  const {values, positionals} = parsed.value;
  if (values.help) return ok('help');
  const [first, second] = positionals;
  const most = values.forget ? 1 : 2;
  if (positionals.length > most) {
    return invalid(`unexpected argument '${positionals[most]}'`, 'see: llama import --help');
  }
  if (values.forget) return ok({list: undefined, directory: first});
  if (first === undefined) {
    return invalid(
      'llama import needs a compile_commands.json: a file, a directory that holds one, or - for standard input',
      'see: llama import --help',
    );
  }
  return ok({list: first, directory: second});
}
