/** Folders to be deleted when there is time: that of a large root takes as long as a small compile. */
import {mkdirSync, readdirSync, renameSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';

export class Trash {
  readonly #folder: string;
  #count: number;
  #isEmptying = false;

  /** `folder` may hold what an earlier worker did not come to delete. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, {recursive: true});
    this.#count = readdirSync(folder).reduce((most, name) => Math.max(most, Number(name) + 1), 0);
  }

  /** Moves a file or folder of the same file system away; nothing happens where there is none. */
  put(path: string): void {
    try {
      renameSync(path, join(this.#folder, String(this.#count++)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** Deletes what is there. What cannot be deleted is tried again later. */
  async empty(): Promise<void> {
    if (this.#isEmptying) return;
    this.#isEmptying = true;
    const paths = readdirSync(this.#folder).map(name => join(this.#folder, name));
    await Promise.allSettled(paths.map(path => rm(path, {recursive: true, force: true})));
    this.#isEmptying = false;
  }
}
