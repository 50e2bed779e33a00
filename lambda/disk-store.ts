/**
 * A store in a folder: `DIR/blobs/ab/cdef...` holds the raw bytes of the blob `abcdef...`. Several processes may use
 * one folder at once: a blob appears by rename and never changes. It knows no limits and evicts nothing.
 */
import {createHash} from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {type Digest, digestOf} from '../src/protocol/digest.ts';
import {BlobError, type BlobSource} from './blob-source.ts';

/** Blocking file calls throughout: a worker has nothing else to do while it waits. */
export class DiskStore implements BlobSource {
  readonly #directory: string;
  #temporaries = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where the blob is, or would be. */
  pathOf(digest: Digest): string {
    return join(this.#directory, 'blobs', digest.slice(0, 2), digest.slice(2));
  }

  async get(digest: Digest): Promise<Uint8Array> {
    const path = this.pathOf(digest);
    const bytes = attempt(digest, () => readFileSync(path));
    if (digestOf(bytes) !== digest) throw this.#discard(digest);
    return bytes;
  }

  async copyTo(digest: Digest, path: string): Promise<void> {
    const from = this.pathOf(digest);
    // Which of the two files a fault belongs to cannot be read from a copy's error, so the store's is opened first.
    closeSync(attempt(digest, () => openSync(from, 'r')));
    copyFileSync(from, path, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    if (digestOfFile(path) === digest) return;
    rmSync(path, {force: true});
    throw this.#discard(digest);
  }

  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(digest);
    if (existsSync(path)) return;
    const temporary = join(this.#directory, 'tmp', `${process.pid}-${Date.now()}-${this.#temporaries++}`);
    try {
      mkdirSync(join(this.#directory, 'tmp'), {recursive: true});
      mkdirSync(join(path, '..'), {recursive: true});
      writeFileSync(temporary, bytes, {flag: 'wx'});
      renameSync(temporary, path);
    } catch (error) {
      removeIfPossible(temporary);
      throw new BlobError('store-failed', digest, (error as Error).message);
    }
  }

  /** A blob that is not what its name says would fail every reader after us too. */
  #discard(digest: Digest): BlobError {
    removeIfPossible(this.pathOf(digest));
    return new BlobError('blob-corrupt', digest);
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, {force: true});
  } catch {
    // A store that cannot be written keeps it; whoever asked is told of the fault all the same.
  }
}

function attempt<T>(digest: Digest, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new BlobError('blob-missing', digest);
    throw new BlobError('store-failed', digest, message);
  }
}

function digestOfFile(path: string): string {
  const running = createHash('sha256');
  const chunk = Buffer.allocUnsafe(1 << 20);
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const got = readSync(file, chunk);
      if (got === 0) return running.digest('hex');
      running.update(chunk.subarray(0, got));
    }
  } finally {
    closeSync(file);
  }
}
