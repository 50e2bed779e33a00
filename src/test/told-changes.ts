/** A folder with `src/deep/a.h` in it, and what a watcher of directories tells of it. */
import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {WatchListener} from '../watch/directory-watches.ts';

export class ToldChanges {
  readonly top = realpathSync(mkdtempSync(join(tmpdir(), 'llama-watches-')));
  names: string[] = [];
  directories: string[] = [];
  /** Beginning of the paths, below the folder, at which directories may come into being. */
  growing = 'nowhere';
  readonly listener: WatchListener = {
    onName: path => {
      this.names.push(path);
      this.#wake();
    },
    onDirectory: directory => {
      this.directories.push(directory);
      this.#wake();
    },
    isGrowth: path => path.startsWith(join(this.top, this.growing)),
  };
  #wake = () => {};

  constructor() {
    mkdirSync(join(this.top, 'src/deep'), {recursive: true});
    writeFileSync(join(this.top, 'src/deep/a.h'), '');
  }

  /** Events come when the system likes; a test that waits in vain is ended by its time limit. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    rmSync(this.top, {recursive: true, force: true});
  }
}
