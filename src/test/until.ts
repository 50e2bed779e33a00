/** Waits for a file to appear, by the kernel's notifications. Knows nothing of who writes it. */
import {existsSync, readdirSync, watch} from 'node:fs';
import {dirname} from 'node:path';
import type {Running} from './run.ts';

/** Resolves once `condition` holds; it is asked again whenever a name appears in one of the directories. */
export async function until(
  condition: () => boolean,
  {directories, running}: {directories: readonly string[]; running: Running},
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (!condition()) return;
      close();
      resolve();
    };
    const watchers = directories.map(directory => watch(directory, look));
    const close = (): void => {
      for (const watcher of watchers) watcher.close();
    };
    running.done.then(
      done => {
        close();
        // The last of it may have happened just before the end.
        if (condition()) resolve();
        else reject(new Error(`ended before it happened: ${done.all}`));
      },
      error => {
        close();
        reject(error);
      },
    );
    look();
  });
}

/** Resolves once the file is there; its directory must be there already. */
export function untilExists(file: string, running: Running): Promise<void> {
  return until(() => existsSync(file), {directories: [dirname(file)], running});
}

/** Resolves once the directories together hold `count` objects. */
export async function untilObjects(
  directories: readonly string[],
  {count, running}: {count: number; running: Running},
): Promise<void> {
  const objects = (): number =>
    directories.flatMap(directory => readdirSync(directory)).filter(name => name.endsWith('.o')).length;
  await until(() => objects() >= count, {directories, running});
}
