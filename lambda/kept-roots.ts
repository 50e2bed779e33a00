/**
 * What a worker that ended in order leaves for the next one in its scratch folder: which files lie in which root. A
 * developer builds the same few files again and again, and finds nearly all of their inputs laid out. The list is taken
 * away when it is read, so that a worker that is killed leaves none; without one the next begins with empty roots.
 */
import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import type {Digest} from '../src/protocol/digest.ts';
import {PROTOCOL_VERSION} from '../src/protocol/invocation.ts';
import type {WorkspaceContent} from './workspace.ts';

interface Kept {
  readonly version: number;
  /** Files that were written shortly before a power failure may be empty. */
  readonly boot: string;
  readonly roots: readonly (readonly [Digest, WorkspaceContent])[];
}

/** Reads the list and takes it away: empty where there is none that can be relied on. */
export function takeKept(file: string): Map<Digest, WorkspaceContent> {
  try {
    const text = readFileSync(file, 'utf8');
    rmSync(file);
    const {version, boot, roots} = JSON.parse(text) as Kept;
    return new Map(version === PROTOCOL_VERSION && boot === bootId() ? roots : []);
  } catch {
    return new Map();
  }
}

/** Prereq: nothing changes the roots any more. */
export function keep(file: string, roots: Iterable<readonly [Digest, WorkspaceContent]>): void {
  try {
    const kept: Kept = {version: PROTOCOL_VERSION, boot: bootId(), roots: [...roots]};
    writeFileSync(file, JSON.stringify(kept));
  } catch {
    // A full disk: half a list is no JSON, and the next worker begins afresh.
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}
