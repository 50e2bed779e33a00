/**
 * Empty directories kept for later: to move one costs a small part of making or removing one on a journalled disk. It
 * knows nothing of what they are for, since one empty directory is like another.
 */
import {mkdirSync, readdirSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';

/** More than a workspace is ever short of; the rest is deleted. */
const MOST = 500;

/** Invariant: what lies in the folder is empty, and the list names all of it. */
export class SpareDirectories {
  readonly #folder: string;
  readonly #spare: string[] = [];
  #count = 0;

  /** `folder` must not exist, on the file system of the directories to come. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder);
  }

  /** Makes `path` an empty directory; its parent must exist. */
  take(path: string): void {
    const spare = this.#spare.pop();
    if (spare === undefined) mkdirSync(path, 0o755);
    else renameSync(spare, path);
  }

  /** Takes a directory away, with whatever may still be in it. */
  put(path: string): void {
    if (this.#spare.length >= MOST || readdirSync(path).length > 0) {
      rmSync(path, {recursive: true, force: true});
      return;
    }
    const spare = join(this.#folder, String(this.#count++));
    renameSync(path, spare);
    this.#spare.push(spare);
  }
}
