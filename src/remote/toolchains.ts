/**
 * The toolchains of one build: each compiler that commands name is identified once, put into the store once, and
 * remembered with what workers were found to lack of it (files that a compiler asks for only under some flag).
 */
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Result} from '../failure.ts';
import {type Digest, digestOf} from '../protocol/digest.ts';
import {identifyToolchain, type ToolchainIdentity} from '../toolchain/identify.ts';
import type {Language} from '../toolchain/language.ts';
import type {ToolchainRefusal} from '../toolchain/refusal.ts';
import {identifyTool, type ToolRuntime} from '../toolchain/tool-runtime.ts';
import {partFor, type ToolchainPart} from '../toolchain/toolchain-part.ts';
import {type Store, StoreError} from './cloud.ts';

export interface ToolchainsOptions {
  readonly store: Store;
  /** Folder for what is remembered between builds. */
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
}

export class Toolchains {
  readonly #options: ToolchainsOptions;
  readonly #known = new Map<string, Promise<Result<ToolchainIdentity, ToolchainRefusal>>>();
  /** Programs that are being looked into. */
  readonly #toolsAsked = new Map<string, Promise<Result<ToolRuntime, ToolchainRefusal>>>();
  readonly #uploads = new Map<Digest, Promise<void>>();
  readonly #parts = new Map<string, ToolchainPart>();
  readonly #extras = new Map<Digest, Set<string>>();

  constructor(options: ToolchainsOptions) {
    this.#options = options;
  }

  /** The toolchain behind argv[0], for a command with this PATH in this directory. */
  identify(
    compiler: string,
    {path, directory}: {readonly path: string; readonly directory: string},
  ): Promise<Result<ToolchainIdentity, ToolchainRefusal>> {
    const isPlaced =
      (compiler.includes('/') && !compiler.startsWith('/')) ||
      (!compiler.includes('/') && path.split(':').some(folder => !folder.startsWith('/')));
    const key = [path, compiler, isPlaced ? directory : ''].join('\0');
    let identity = this.#known.get(key);
    if (!identity) {
      const {cacheDir, env} = this.#options;
      identity = identifyToolchain(compiler, {path, cwd: directory, env, cacheDir});
      this.#known.set(key, identity);
    }
    return identity;
  }

  /** The same for a program that is none: one that the build makes may be another one when it is asked for again. */
  identifyTool(
    argv0: string,
    place: {readonly path: string; readonly cwd: string; readonly env: NodeJS.ProcessEnv},
  ): Promise<Result<ToolRuntime, ToolchainRefusal>> {
    const key = [argv0, place.path, place.cwd].join('\0');
    let asked = this.#toolsAsked.get(key);
    if (!asked) {
      asked = identifyTool(argv0, {...place, cacheDir: this.#options.cacheDir}).finally(() =>
        this.#toolsAsked.delete(key),
      );
      this.#toolsAsked.set(key, asked);
    }
    return asked;
  }

  /** A compiler may be another one by now: each is identified anew when it is asked for. */
  forgetIdentities(): void {
    this.#known.clear();
  }

  /** Those that were identified so far, for people. */
  async versions(): Promise<string[]> {
    const found = await Promise.all(this.#known.values());
    return [...new Set(found.flatMap(result => (result.ok ? [result.value.version] : [])))];
  }

  /** What compiles of a language are sent of a toolchain: all of it, where that costs nothing. */
  partFor(identity: ToolchainIdentity, language: Language): ToolchainPart {
    const {store, cacheDir} = this.#options;
    if (!store.packs) return identity;
    const key = `${language} ${identity.digest}`;
    let part = this.#parts.get(key);
    if (!part) {
      part = partFor(identity, language, cacheDir);
      this.#parts.set(key, part);
    }
    return part;
  }

  /** Puts all that a toolchain is made of into the store. @throws StoreError */
  upload(part: ToolchainPart): Promise<void> {
    let upload = this.#uploads.get(part.digest);
    if (!upload) {
      upload = this.#uploadNow(part);
      this.#uploads.set(part.digest, upload);
      // A failed upload is tried again by the next compile.
      upload.catch(() => this.#uploads.delete(part.digest));
    }
    return upload;
  }

  /** Makes the next {@link upload} look at the store again. */
  forgetUpload(part: ToolchainPart): void {
    this.#uploads.delete(part.digest);
  }

  async #uploadNow({digest: own, files}: ToolchainPart): Promise<void> {
    const {store} = this.#options;
    const read = (digest: Digest) => {
      const file = files.get(digest)!;
      const bytes = readIfThere(file);
      if (bytes === undefined || digestOf(bytes) !== digest)
        throw new StoreError('store-failed', `${file} has changed while it was packed`);
      return bytes;
    };
    if (store.packs) {
      await store.packs.put(own, () => {
        const blobs = [...files.keys()].filter(digest => digest !== own);
        return {list: read(own), blobs, read, isLasting: true};
      });
      return;
    }
    for (const digest of await store.missing(files.keys())) {
      await store.put(digest, read(digest));
    }
  }

  /** Files of the system that compiles with this toolchain asked for beyond what was packed. */
  extras(identity: Pick<ToolchainIdentity, 'digest'>): ReadonlySet<string> {
    let extras = this.#extras.get(identity.digest);
    if (!extras) {
      // One that is gone since, with an upgrade for instance, is wanted no more.
      extras = new Set(readList(this.#extrasFile(identity)).filter(path => existsSync(path)));
      this.#extras.set(identity.digest, extras);
    }
    return extras;
  }

  addExtras(identity: Pick<ToolchainIdentity, 'digest'>, paths: readonly string[]): void {
    const extras = this.extras(identity) as Set<string>;
    for (const path of paths) extras.add(path);
    try {
      mkdirSync(join(this.#options.cacheDir, 'toolchains'), {recursive: true});
      writeFileSync(this.#extrasFile(identity), JSON.stringify([...extras]));
    } catch {
      // Not remembered, then: the next build finds out again, at the price of one compile.
    }
  }

  #extrasFile(identity: Pick<ToolchainIdentity, 'digest'>): string {
    return join(this.#options.cacheDir, 'toolchains', `${identity.digest}.extras.json`);
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined; // Removed, by an upgrade for instance.
  }
}

function readList(file: string): string[] {
  try {
    const list: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(list) ? list.filter(path => typeof path === 'string') : [];
  } catch {
    return []; // None yet.
  }
}
