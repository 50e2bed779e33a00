/**
 * Cached results in segments, under a prefix for each toolchain and build directory: what others made is read once, at
 * the first question, and what this build makes goes up sixty-four results at a time. A segment never changes, so a copy
 * of each is kept on this machine's disk.
 */
import {mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {type Digest, digestOf} from '../../protocol/digest.ts';
import type {CachedResult, ResultCache} from '../cloud.ts';
import type {CloudCounts} from '../counts.ts';
import type {Bucket} from './bucket.ts';
import type {Controller} from './controller.ts';
import {decodeSegment, encodeSegment, type SegmentEntry, type StoredResult} from './segment.ts';
import {loadZstd} from './zstd.ts';

export interface SegmentResultsOptions {
  readonly bucket: Pick<Bucket, 'get' | 'list' | 'put'>;
  readonly controller: Controller;
  readonly counts: CloudCounts;
  /** Prefix of this build directory, with a slash at its end. */
  readonly prefix: string;
  /** Folder for the copies. */
  readonly folder: string;
  /** Whether what is made here is kept for others. */
  readonly writes: boolean;
  readonly signal: AbortSignal;
  /** Told once of each fault: nothing depends on the cache. */
  readonly warn: (text: string) => void;
}

const MOST_PENDING = 64;
const LONGEST_PENDING = 2_000;
/** Results kept for one key: sources that alternate between a few states of their headers. */
const MOST_RESULTS = 8;
const LEVEL = 3;
/** A connection that says nothing for so long is lost, in ms: a segment is a few MB at most. */
const SILENCE = 30_000;

/** Invariant: in each map the newest result of a key is the last. */
interface Known {
  readonly results: Map<Digest, StoredResult[]>;
}

export class SegmentResults implements ResultCache {
  readonly #options: SegmentResultsOptions;
  readonly #known = new Map<Digest, Promise<Known>>();
  readonly #pending = new Map<Digest, SegmentEntry[]>();
  readonly #uploads = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SegmentResultsOptions) {
    this.#options = options;
  }

  async lookup(key: Digest, toolchain: Digest): Promise<readonly CachedResult[]> {
    const {results} = await this.#load(toolchain);
    const found: CachedResult[] = [];
    for (const stored of (results.get(key) ?? []).slice(-MOST_RESULTS).reverse()) {
      const result = stored.read();
      if (result) found.push(result);
    }
    return found;
  }

  async add(key: Digest, result: CachedResult, toolchain: Digest): Promise<void> {
    this.#append(toolchain, {key, result});
  }

  async remove(key: Digest, toolchain: Digest): Promise<void> {
    (await this.#load(toolchain)).results.delete(key);
    this.#append(toolchain, {key, result: undefined});
  }

  /** Sends what is left. */
  async close(): Promise<void> {
    this.#flush();
    await Promise.all(this.#uploads);
  }

  #append(toolchain: Digest, entry: SegmentEntry): void {
    if (!this.#options.writes) return;
    const pending = this.#pending.get(toolchain) ?? [];
    this.#pending.set(toolchain, pending);
    pending.push(entry);
    if (pending.length >= MOST_PENDING) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), LONGEST_PENDING);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [toolchain, entries] of this.#pending) {
      const upload = this.#send(toolchain, entries).catch((error: Error) =>
        this.#options.warn(`results of this build are not kept for others: ${error.message}`),
      );
      this.#uploads.add(upload);
      void upload.finally(() => this.#uploads.delete(upload));
    }
    this.#pending.clear();
  }

  async #send(toolchain: Digest, entries: readonly SegmentEntry[]): Promise<void> {
    const {bucket, controller, counts, signal: ended} = this.#options;
    const bytes = encodeSegment(entries);
    // Names sort by time.
    const name = `${Date.now().toString(36).padStart(9, '0')}-${digestOf(bytes)}`;
    const {compress} = await loadZstd();
    const body = await compress(bytes, LEVEL);
    const digest = digestOf(body);
    await controller.run(
      signal => {
        counts.put++;
        const how = {digest, keepsOther: false, signal, silence: SILENCE};
        return bucket.put(`${this.#prefixOf(toolchain)}${name}`, body, how);
      },
      {signal: ended},
    );
    counts.bytesUp += body.length;
    this.#keep(toolchain, name, bytes);
  }

  #load(toolchain: Digest): Promise<Known> {
    let known = this.#known.get(toolchain);
    if (!known) {
      known = this.#read(toolchain).catch((error: Error) => {
        this.#options.warn(`results of earlier builds cannot be had: ${error.message}`);
        return {results: new Map()};
      });
      this.#known.set(toolchain, known);
    }
    return known;
  }

  async #read(toolchain: Digest): Promise<Known> {
    const names = await this.#list(toolchain);
    const folder = this.#folderOf(toolchain);
    for (const name of namesIn(folder)) if (!names.has(name)) rmSync(join(folder, name), {force: true});
    const results = new Map<Digest, StoredResult[]>();
    const segments = await Promise.all([...names].sort().map(name => this.#segment(toolchain, name)));
    for (const segment of segments)
      for (const stored of segment) {
        const others = results.get(stored.key);
        if (stored.isRemoval) results.delete(stored.key);
        else if (others) others.push(stored);
        else results.set(stored.key, [stored]);
      }
    return {results};
  }

  async #list(toolchain: Digest): Promise<Set<string>> {
    const {bucket, controller, counts, signal: ended} = this.#options;
    const prefix = this.#prefixOf(toolchain);
    const names = new Set<string>();
    let token: string | undefined;
    do {
      const {keys, next} = await controller.run(
        signal => {
          counts.list++;
          return bucket.list(prefix, token, {signal, silence: SILENCE});
        },
        {signal: ended},
      );
      for (const key of keys) names.add(key.slice(prefix.length));
      token = next;
    } while (token !== undefined);
    return names;
  }

  /** Nothing where it is not what its name says. */
  async #segment(toolchain: Digest, name: string): Promise<readonly StoredResult[]> {
    const own = readIfThere(join(this.#folderOf(toolchain), name));
    if (own && isNamed(own, name)) return decodeSegment(own) ?? [];
    const {bucket, controller, counts, signal: ended} = this.#options;
    const body = await controller.run(
      signal => {
        counts.get++;
        return bucket.get(`${this.#prefixOf(toolchain)}${name}`, {signal, silence: SILENCE});
      },
      {signal: ended},
    );
    counts.bytesDown += body.length;
    const {decompress} = await loadZstd();
    const bytes = await decompress(body).catch(() => Buffer.alloc(0));
    if (!isNamed(bytes, name)) return [];
    this.#keep(toolchain, name, bytes);
    return decodeSegment(bytes) ?? [];
  }

  #keep(toolchain: Digest, name: string, bytes: Buffer): void {
    const folder = this.#folderOf(toolchain);
    try {
      mkdirSync(folder, {recursive: true});
      // A name with a dot is not a segment's.
      const temporary = join(folder, `.${name}.${process.pid}`);
      writeFileSync(temporary, bytes);
      renameSync(temporary, join(folder, name));
    } catch {
      // Then the next build fetches it.
    }
  }

  #prefixOf(toolchain: Digest): string {
    return `${this.#options.prefix}${toolchain.slice(0, 16)}/`;
  }

  #folderOf(toolchain: Digest): string {
    return join(this.#options.folder, toolchain.slice(0, 16));
  }
}

function isNamed(bytes: Buffer, name: string): boolean {
  return name.endsWith(`-${digestOf(bytes)}`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter(name => !name.startsWith('.'));
  } catch {
    return [];
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
