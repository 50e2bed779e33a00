/** Scratch folders of a store's workers: each is held by one client at a time, by a name that goes when its holder does. */
import {createHash} from 'node:crypto';
import {readFileSync, realpathSync} from 'node:fs';
import {join} from 'node:path';
import {tryName} from '../../directory-lock.ts';

/** A scratch folder that is this process's alone. */
export interface Slot {
  readonly scratch: string;
  release(): void;
}

/** Takes the slot of that number; undefined where another client holds it. */
export async function trySlot(storeDir: string, index: number): Promise<Slot | undefined> {
  const held = await tryName(`${prefix(storeDir)}${index}`);
  return held && {scratch: join(storeDir, 'workers', String(index)), release: () => held.release()};
}

/** Numbers of the slots that any client holds now, by the kernel's list of sockets. */
export function slotsInUse(storeDir: string): ReadonlySet<string> {
  const held = readFileSync('/proc/net/unix', 'latin1').matchAll(
    new RegExp(`@${prefix(storeDir)}(\\d+)`, 'g'),
  );
  return new Set(Array.from(held, match => match[1]!));
}

/** One store by two paths is one store, and its folders are to be had once. */
function prefix(storeDir: string): string {
  const store = createHash('sha256').update(realpathSync(storeDir)).digest('hex').slice(0, 16);
  return `llama-slot-${store}-`;
}
