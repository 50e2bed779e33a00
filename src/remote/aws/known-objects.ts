/**
 * What a bucket was seen to have, kept between builds so that nobody asks for it again. Objects expire, so what is
 * remembered has a life of its own; when a worker misses something, it is forgotten and sent again.
 */
import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

/** In ms. Objects live for weeks; one that was there already may have lived most of them. */
const LIFE = {made: 5 * 86_400_000, met: 86_400_000, layer: 31 * 86_400_000} as const;
/** Beyond this many the oldest go. */
const MOST = 100_000;

/** `cacheDir`: of builds. */
export function knownObjectsFile(cacheDir: string, bucket: string): string {
  return join(cacheDir, 'aws', bucket, 'known.json');
}

export class KnownObjects {
  readonly #file: string;
  /** Key to the time until which it counts, in the order in which they were noted. */
  readonly #until: Map<string, number>;
  #isChanged = false;

  /** `file`: where they are kept. What cannot be read is nothing. */
  constructor(file: string) {
    this.#file = file;
    this.#until = read(file);
  }

  has(key: string): boolean {
    return (this.#until.get(key) ?? 0) > Date.now();
  }

  /** `how`: whether we made it just now, it was there, or workers have it in a layer. */
  note(key: string, how: keyof typeof LIFE): void {
    this.#until.delete(key);
    this.#until.set(key, Date.now() + LIFE[how]);
    this.#isChanged = true;
  }

  forget(key: string): void {
    if (this.#until.delete(key)) this.#isChanged = true;
  }

  /** Layers are being changed: what lies in the earlier one is to be sent again. */
  forgetLayers(): void {
    for (const [key, until] of this.#until) if (until > Date.now() + LIFE.made) this.forget(key);
  }

  /** Keeps them for the next build; that it cannot is no error. */
  save(): void {
    if (!this.#isChanged) return;
    const now = Date.now();
    const alive = [...this.#until].filter(([, until]) => until > now).slice(-MOST);
    try {
      mkdirSync(dirname(this.#file), {recursive: true});
      const temporary = `${this.#file}.${process.pid}`;
      writeFileSync(temporary, JSON.stringify(alive));
      renameSync(temporary, this.#file);
    } catch {
      // The next build asks again, then.
    }
  }
}

function read(file: string): Map<string, number> {
  try {
    const entries: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(entries) ? new Map(entries.filter(isEntry)) : new Map();
  } catch {
    return new Map();
  }
}

function isEntry(entry: unknown): entry is [string, number] {
  return Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number';
}
