/**
 * Toolchains unpacked on the worker's disk, each once, each under its digest. A folder with a digest's name is
 * complete, since it appears by rename; several workers may share the place. It knows nothing of what is in one.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {type Digest, digestOf, isDigest} from '../src/protocol/digest.ts';
import type {Toolchain, Unpacked} from '../src/protocol/invocation.ts';
import type {BlobSource} from './blob-source.ts';
import {BlobError} from './blob-source.ts';
import {checkTree, isPhysical, RequestInvalid} from './tree-check.ts';

/** A toolchain whose files are all under `directory`, at their own paths; to be hard-linked, never written. */
export interface UnpackedToolchain {
  readonly digest: Digest;
  readonly toolchain: Toolchain;
  readonly directory: string;
}

/** Invariant: what `get` has answered stays on disk until `discard` or {@link ToolchainStore.makeRoom}. */
export class ToolchainStore {
  readonly #directory: string;
  readonly #blobs: BlobSource;
  /** Least recently used first. */
  readonly #known = new Map<Digest, UnpackedToolchain>();
  #unpacked = {count: 0, bytes: 0, ms: 0};

  constructor(directory: string, blobs: BlobSource) {
    this.#directory = directory;
    this.#blobs = blobs;
  }

  /** Fetches and unpacks what is not there yet. Throws `BlobError` (naming every missing blob) or `RequestInvalid`. */
  async get(digest: Digest): Promise<UnpackedToolchain> {
    const known = this.#known.get(digest);
    if (known) {
      this.#known.delete(digest);
      this.#known.set(digest, known);
      return known;
    }
    if (!isDigest(digest)) throw new RequestInvalid(`toolchain '${digest}' is not a digest`);
    const began = performance.now();
    const directory = join(this.#directory, digest);
    const description = join(directory, 'toolchain.json');
    const bytes = existsSync(description) ? readFileSync(description) : await this.#fetch(digest);
    if (digestOf(bytes) !== digest) {
      this.discard(digest);
      throw new BlobError('blob-corrupt', digest);
    }
    const toolchain = parseToolchain(Buffer.from(bytes).toString());
    if (!existsSync(directory)) {
      await this.#unpack(directory, toolchain, bytes);
      const {count, bytes: size, ms} = this.#unpacked;
      const more = performance.now() - began;
      this.#unpacked = {count: count + 1, bytes: size + sizeBelow(directory), ms: ms + more};
    }
    this.#blobs.releaseList?.(digest);
    const unpacked = {digest, toolchain, directory: join(directory, 'files')};
    this.#known.set(digest, unpacked);
    return unpacked;
  }

  /** What was unpacked since the last call. */
  takeUnpacked(): Unpacked {
    const unpacked = this.#unpacked;
    this.#unpacked = {count: 0, bytes: 0, ms: 0};
    return unpacked;
  }

  /** Forgets one and deletes its files: the next `get` unpacks it anew. */
  discard(digest: Digest): void {
    this.#known.delete(digest);
    rmSync(join(this.#directory, digest), {recursive: true, force: true});
  }

  /**
   * Discards the least recently used until all take `limit` bytes at most, never the one in use; answers which. Prereq:
   * nobody else uses the place.
   */
  makeRoom(inUse: Digest | undefined, limit: number): Digest[] {
    const sizes = new Map<Digest, number>();
    for (const name of readdirSync(this.#directory)) {
      // What is no digest was left half-made by a worker that was killed.
      if (isDigest(name)) sizes.set(name, sizeBelow(join(this.#directory, name)));
      else rmSync(join(this.#directory, name), {recursive: true, force: true});
    }
    let size = Array.from(sizes.values()).reduce((sum, each) => sum + each, 0);
    // Those of an earlier worker are not known, and go first.
    const order = [...sizes.keys()]
      .filter(digest => !this.#known.has(digest))
      .concat([...this.#known.keys()]);
    const discarded: Digest[] = [];
    for (const digest of order) {
      if (size <= limit) break;
      if (digest === inUse) continue;
      this.discard(digest);
      size -= sizes.get(digest) ?? 0;
      discarded.push(digest);
    }
    return discarded;
  }

  #fetch(digest: Digest): Promise<Uint8Array> {
    return this.#blobs.getList?.(digest) ?? this.#blobs.get(digest);
  }

  async #unpack(directory: string, toolchain: Toolchain, description: Uint8Array): Promise<void> {
    const temporary = `${directory}.${process.pid}.${Date.now()}`;
    try {
      for (const {path, files} of toolchain.tree.directories) {
        const folder = join(temporary, 'files', path);
        mkdirSync(folder, {recursive: true});
        for (const [name, digest, mtime, executable] of files) {
          const file = join(folder, name);
          if (this.#blobs.copyTo) await this.#blobs.copyTo(digest, file);
          else writeFileSync(file, await this.#blobs.get(digest), {flag: 'wx'});
          chmodSync(file, executable ? 0o555 : 0o444);
          utimesSync(file, mtime, mtime);
        }
      }
      writeFileSync(join(temporary, 'toolchain.json'), description);
      renameSync(temporary, directory);
    } catch (error) {
      rmSync(temporary, {recursive: true, force: true});
      // Another worker was quicker: its copy is as good as ours.
      if (!existsSync(directory)) throw error;
    }
  }
}

function sizeBelow(directory: string): number {
  let size = 0;
  for (const name of readdirSync(directory, {recursive: true, encoding: 'utf8'})) {
    const status = statSync(join(directory, name));
    if (status.isFile()) size += status.size;
  }
  return size;
}

function parseToolchain(text: string): Toolchain {
  let toolchain: Toolchain;
  try {
    toolchain = JSON.parse(text) as Toolchain;
  } catch {
    throw new RequestInvalid('the toolchain blob is not JSON');
  }
  checkTree(toolchain.tree, {directories: new Map(), links: new Map()});
  for (const path of [toolchain.loader, toolchain.preload, ...toolchain.libraryPath])
    if (!isPhysical(path)) throw new RequestInvalid(`toolchain path '${path}' is not physical`);
  return toolchain;
}
