/**
 * Puts outputs in place: into a temporary file first, then by rename, so that no reader ever sees half an object.
 * Outputs are copies of the store's bytes, never links to them.
 */
import {closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';

export class Materialiser {
  readonly #temporaryDir: string | undefined;
  readonly #knownDirs = new Set<string>();
  #count = 0;
  /** An output was found to be on another file system than the temporary directory: from then on all go by way of their own. */
  #isElsewhere = false;

  /**
   * `temporaryDir` should be on the file system of the outputs; it is made when first needed. Without one each output is
   * written beside its place: what the directory says of group and rights then holds for it.
   */
  constructor(temporaryDir?: string) {
    this.#temporaryDir = temporaryDir;
  }

  /** Mode is 0666 (0777 for a program) less the umask, as a compiler's own. @throws the file system's errors */
  write(path: string, bytes: Uint8Array, isExecutable: boolean): void {
    try {
      this.#write(path, bytes, isExecutable);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // Somebody has removed a directory that was known to be there.
      this.#knownDirs.clear();
      this.#write(path, bytes, isExecutable);
    }
  }

  #write(path: string, bytes: Uint8Array, isExecutable: boolean): void {
    this.#ensureDir(dirname(path));
    const mode = isExecutable ? 0o777 : 0o666;
    if (this.#temporaryDir === undefined || this.#isElsewhere) {
      renameInto(path, join(dirname(path), `.${basename(path)}.llama-${process.pid}`), {bytes, mode});
      return;
    }
    this.#ensureDir(this.#temporaryDir);
    try {
      renameInto(path, join(this.#temporaryDir, `${process.pid}-${this.#count++}`), {bytes, mode});
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      this.#isElsewhere = true;
      this.#write(path, bytes, isExecutable);
    }
  }

  /** Makes the directory of an output where it is not there. Answers whether it was new. */
  ensureDirOf(path: string): boolean {
    return this.#ensureDir(dirname(path));
  }

  #ensureDir(directory: string): boolean {
    if (this.#knownDirs.has(directory)) return false;
    const made = mkdirSync(directory, {recursive: true});
    this.#knownDirs.add(directory);
    return made !== undefined;
  }
}

function renameInto(
  path: string,
  temporary: string,
  {bytes, mode}: {readonly bytes: Uint8Array; readonly mode: number},
): void {
  try {
    writeNew(temporary, bytes, mode);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, {force: true});
    throw error;
  }
}

function writeNew(file: string, bytes: Uint8Array, mode: number): void {
  const fd = openSync(file, 'wx', mode);
  try {
    let at = 0;
    while (at < bytes.length) at += writeSync(fd, bytes, at);
  } finally {
    closeSync(fd);
  }
}
