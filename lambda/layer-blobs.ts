/** Blobs that came with the function, in a layer, before those of the store: no request, no download, nothing to decompress. */
import {existsSync, readdirSync} from 'node:fs';
import {copyFile, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {type Digest, digestOf} from '../src/protocol/digest.ts';
import {LAYER_MODULE} from '../src/protocol/layer.ts';
import type {BlobSource} from './blob-source.ts';

/** The layer's folder, in one of those where modules are searched for; undefined where there is none. */
export function layerFolder(searched: readonly string[]): string | undefined {
  return searched.map(folder => join(folder, LAYER_MODULE)).find(folder => existsSync(folder));
}

export class LayerBlobs implements BlobSource {
  readonly #folder: string;
  /** Asked for each blob of each compile, of which most are none of the layer's. */
  readonly #names: ReadonlySet<string>;
  readonly #store: BlobSource;

  constructor(folder: string, store: BlobSource) {
    this.#folder = folder;
    this.#names = new Set(readdirSync(folder));
    this.#store = store;
  }

  async get(digest: Digest): Promise<Uint8Array> {
    return (await this.#read(digest)) ?? this.#store.get(digest);
  }

  async getList(digest: Digest): Promise<Uint8Array> {
    return (await this.#read(digest)) ?? this.#store.getList?.(digest) ?? this.#store.get(digest);
  }

  /** What a layer holds cannot be changed after it was published, so it is not verified again. */
  async copyTo(digest: Digest, path: string): Promise<void> {
    const own = join(this.#folder, digest);
    if (this.#names.has(digest)) await copyFile(own, path);
    else if (this.#store.copyTo) await this.#store.copyTo(digest, path);
    else await writeFile(path, await this.#store.get(digest), {flag: 'wx'});
  }

  put(digest: Digest, bytes: Uint8Array): Promise<void> {
    return this.#store.put(digest, bytes);
  }

  releaseList(digest: Digest): void {
    this.#store.releaseList?.(digest);
  }

  async #read(digest: Digest): Promise<Uint8Array | undefined> {
    if (!this.#names.has(digest)) return undefined;
    const bytes = await readFile(join(this.#folder, digest));
    return digestOf(bytes) === digest ? bytes : undefined;
  }
}
