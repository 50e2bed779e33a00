/**
 * The compile_commands.json that `llama import` has set for a directory: a link to the user's file, so that what is
 * listed anew counts, or what standard input gave. It lies in our own folder there, and is all that an import leaves.
 */
import {lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {FailureError} from '../failure.ts';
import {STATE_DIR} from '../frontends/project.ts';

/** The list that a directory is built by in place of what lies in it. */
export function importedList(directory: string): string | undefined {
  const kept = place(directory);
  try {
    return lstatSync(kept).isSymbolicLink() ? readlinkSync(kept) : kept;
  } catch {
    return undefined; // Nothing was imported.
  }
}

/** `list`: an absolute path, or the text itself. @throws FailureError where the directory cannot be written to */
export function keepImported(
  directory: string,
  list: {readonly file: string} | {readonly text: string},
): void {
  const kept = place(directory);
  try {
    mkdirSync(join(directory, STATE_DIR), {recursive: true});
    writeFileSync(join(directory, STATE_DIR, '.gitignore'), '*\n');
    rmSync(kept, {force: true});
    if ('file' in list) symlinkSync(list.file, kept);
    else writeFileSync(kept, list.text);
  } catch (error) {
    throw new FailureError({
      reason: 'option-invalid',
      text: `cannot keep the list in '${directory}': ${(error as Error).message}`,
    });
  }
}

/** Answers whether there was one. */
export function forgetImported(directory: string): boolean {
  if (importedList(directory) === undefined) return false;
  rmSync(place(directory), {force: true});
  return true;
}

function place(directory: string): string {
  return join(directory, STATE_DIR, 'compile_commands.json');
}
