/**
 * What is known of files and directories on disk, each looked at no more than once per epoch. It knows paths and
 * bytes; what the bytes mean is its callers' business, who may leave a note beside a digest. A new epoch costs one
 * `stat` for whatever is used again: listings, digests and notes live on while the stat does not move.
 */
import {createHash} from 'node:crypto';
import {closeSync, fstatSync, readSync} from 'node:fs';
import type {Digest} from '../protocol/digest.ts';
import {digestOf} from '../protocol/digest.ts';
import type {FileFacts, Listing} from './file-facts.ts';
import {
  factsOf,
  identityOf,
  isSettled,
  lstatOrAbsent,
  openForReading,
  openUnlinked,
  physicalPath,
  readInto,
  readLink,
  readNames,
  sameFacts,
  statOrAbsent,
} from './file-facts.ts';
import type {RememberedFile} from './file-memory.ts';
import {loadMemory, saveMemory} from './file-memory.ts';

/** A regular file's bytes as they were read. The same object is handed out as long as the bytes are the same. */
export interface FileContent {
  readonly digest: Digest;
  /** What the reader passed to {@link FileState.content} made of the bytes, or what it was replaced by since. */
  readonly note: string | undefined;
}

/** Pure function of a file's bytes, which live only for the length of the call. */
export type NoteOf = (bytes: Buffer) => string;

const LARGE_FILE = 8 << 20;

interface KeptContent extends FileContent {
  note: string | undefined;
  readonly settled: boolean;
}

interface Entry {
  epoch: number;
  facts: FileFacts | undefined;
  /** What `lstat` said in the same epoch, where it was asked. */
  own: FileFacts | undefined;
  content: KeptContent | undefined;
  contentFacts: FileFacts | undefined;
}

interface ListingEntry {
  epoch: number;
  facts: FileFacts | undefined;
  settled: boolean;
  listing: Listing | undefined;
}

interface LinkEntry {
  epoch: number;
  facts: FileFacts | undefined;
  target: string | undefined;
}

/** Invariant: within one epoch, two questions about one path get the same answer. */
export class FileState {
  #epoch = 0;
  readonly #entries = new Map<string, Entry>();
  readonly #listings = new Map<string, ListingEntry>();
  readonly #links = new Map<string, LinkEntry>();
  readonly #physical = new Map<string, {readonly epoch: number; readonly path: string | undefined}>();
  #memory = new Map<string, RememberedFile>();
  #learnt = false;
  #scratch = Buffer.allocUnsafeSlow(1 << 18);

  /** Grows by one with each {@link newEpoch}; memos derived from this state are good for one value of it. */
  get epoch(): number {
    return this.#epoch;
  }

  /** From now on nothing is taken for granted, present or absent, until it has been stat-ed again. */
  newEpoch(): void {
    this.#epoch++;
  }

  /** Follows symlinks. Undefined where nothing can be reached by that path. */
  stat(path: string): FileFacts | undefined {
    return this.#verified(path).facts;
  }

  /** Does not follow a symlink in the last component. */
  lstat(path: string): FileFacts | undefined {
    return this.#link(path).facts;
  }

  /** Target of a symlink as it is written; undefined for anything else. */
  linkTarget(path: string): string | undefined {
    const entry = this.#link(path);
    if (entry.facts?.kind === 'link') entry.target ??= readLink(path);
    return entry.target;
  }

  /** The path without symlinks, `.` and `..`; undefined where nothing can be reached by it. */
  physical(path: string): string | undefined {
    let entry = this.#physical.get(path);
    if (entry?.epoch === this.#epoch) return entry.path;
    entry = {epoch: this.#epoch, path: physicalPath(path)};
    this.#physical.set(path, entry);
    return entry.path;
  }

  /** Undefined where `path` is no directory. The same set is handed out as long as the names are the same. */
  names(path: string): Listing | undefined {
    let entry = this.#listings.get(path);
    if (entry?.epoch === this.#epoch) return entry.listing;
    if (entry === undefined) {
      entry = {epoch: 0, facts: undefined, settled: false, listing: undefined};
      this.#listings.set(path, entry);
    }
    const lookedAt = Date.now();
    const facts = this.stat(path);
    if (facts?.kind !== 'directory') entry.listing = undefined;
    else if (!(entry.settled && entry.listing !== undefined && sameFacts(entry.facts, facts)))
      entry.listing = readNames(path, entry.listing);
    entry.facts = facts;
    entry.settled = facts !== undefined && isSettled(facts, lookedAt);
    entry.epoch = this.#epoch;
    return entry.listing;
  }

  /**
   * Digest of a regular file, and the note that `noteOf` makes of the same read. Undefined for what is no readable
   * regular file. Each path has one kind of note: always pass the same function, or none.
   */
  content(path: string, noteOf?: NoteOf): FileContent | undefined {
    const entry = this.#entries.get(path) ?? this.#enter(path);
    if (entry.epoch !== this.#epoch) {
      // A file that was never read is opened at once: fstat then says what stat would have said.
      if (entry.content === undefined && !this.#memory.has(path)) return this.#read(path, entry, noteOf);
      this.#verified(path);
    }
    const content = entry.content;
    if (content !== undefined && (noteOf === undefined || content.note !== undefined)) return content;
    return entry.facts?.kind === 'file' ? this.#read(path, entry, noteOf) : undefined;
  }

  /** The files whose bytes were asked for. */
  *known(): Iterable<string> {
    for (const [path, {content}] of this.#entries) if (content !== undefined) yield path;
  }

  /** Whether a file's stat is another one now than when its bytes were asked for. */
  hasChanged(path: string): boolean {
    const now = statOrAbsent(path);
    return now === undefined || !sameFacts(this.#entries.get(path)?.contentFacts, now);
  }

  digest(path: string): Digest | undefined {
    return this.content(path)?.digest;
  }

  /** One more look at a file's bytes, which live only for the length of the call; nothing is kept of it. */
  inspect<T>(path: string, reader: (bytes: Buffer) => T): T | undefined {
    const file = openForReading(path);
    if (file === undefined) return undefined;
    let bytes: Buffer;
    try {
      bytes = this.#fill(file, Number(fstatSync(file, {bigint: true}).size));
    } catch {
      return undefined;
    } finally {
      closeSync(file);
    }
    return reader(bytes);
  }

  /** Replaces the note on `content`, as long as that is what the path's last look found. */
  annotate(path: string, content: FileContent, note: string): void {
    const known = this.#entries.get(path)?.content;
    if (known === undefined || known !== content) return;
    known.note = note;
    this.#learnt = true;
  }

  /**
   * Takes over digests and notes that an earlier process saved with the same `version`; each is used only if the
   * file's stat is still the same. A file that is absent, torn or of another version is no memory at all.
   */
  load(file: string, version: string): void {
    this.#memory = loadMemory(file, version);
  }

  /** Saves what is old enough to be trusted, by rename. Does nothing if nothing was learnt since {@link load}. */
  save(file: string, version: string): void {
    if (!this.#learnt) return;
    const remembered = new Map(this.#memory);
    for (const [path, {content, contentFacts}] of this.#entries) {
      if (content === undefined || contentFacts === undefined || !content.settled) remembered.delete(path);
      else {
        const {digest, note} = content;
        remembered.set(path, {identity: identityOf(contentFacts), digest, note});
      }
    }
    saveMemory(file, version, remembered);
    this.#learnt = false;
  }

  #enter(path: string): Entry {
    const entry = {
      epoch: -1,
      facts: undefined,
      own: undefined,
      content: undefined,
      contentFacts: undefined,
    };
    this.#entries.set(path, entry);
    return entry;
  }

  #verified(path: string): Entry {
    const entry = this.#entries.get(path) ?? this.#enter(path);
    if (entry.epoch === this.#epoch) return entry;
    // Hardly any path is a link: one look then answers both questions.
    const own = lstatOrAbsent(path);
    const facts = own?.kind === 'link' ? statOrAbsent(path) : own;
    entry.own = own;
    entry.facts = facts;
    entry.epoch = this.#epoch;
    if (facts?.kind !== 'file') {
      entry.content = undefined;
      return entry;
    }
    if (entry.content !== undefined) {
      if (!entry.content.settled || !sameFacts(entry.contentFacts, facts)) entry.content = undefined;
    } else {
      const known = this.#memory.get(path);
      if (known !== undefined && known.identity === identityOf(facts)) {
        entry.content = {digest: known.digest, note: known.note, settled: true};
        entry.contentFacts = facts;
      }
    }
    return entry;
  }

  #link(path: string): LinkEntry {
    let entry = this.#links.get(path);
    if (entry?.epoch === this.#epoch) return entry;
    const known = this.#entries.get(path);
    const facts = known?.epoch === this.#epoch && known.own !== undefined ? known.own : lstatOrAbsent(path);
    if (entry === undefined) {
      entry = {epoch: this.#epoch, facts, target: undefined};
      this.#links.set(path, entry);
    }
    // A symlink's target cannot be edited, but a new link may get the old one's inode: read it again, it is cheap.
    entry.target = undefined;
    entry.facts = facts;
    entry.epoch = this.#epoch;
    return entry;
  }

  #read(path: string, entry: Entry, noteOf: NoteOf | undefined): FileContent | undefined {
    entry.content = undefined;
    const lookedAt = Date.now();
    // Hardly any file is reached by a link in its last place.
    const unlinked = openUnlinked(path);
    const file = unlinked ?? openForReading(path);
    if (file === undefined) {
      // It may be there and unreadable; only stat can tell.
      if (entry.epoch !== this.#epoch) this.#verified(path);
      return undefined;
    }
    try {
      const facts = factsOf(fstatSync(file, {bigint: true}));
      entry.epoch = this.#epoch;
      entry.facts = facts;
      entry.own = unlinked === undefined ? undefined : facts;
      if (facts.kind !== 'file') return undefined;
      const note = {digest: '' as Digest, note: undefined as string | undefined};
      if (noteOf === undefined && facts.size > LARGE_FILE) note.digest = this.#hashLarge(file);
      else {
        const bytes = this.#fill(file, facts.size);
        note.digest = digestOf(bytes);
        note.note = noteOf?.(bytes);
        if (this.#scratch.length > LARGE_FILE) this.#scratch = Buffer.allocUnsafeSlow(1 << 18);
      }
      entry.content = {...note, settled: isSettled(facts, lookedAt)};
      entry.contentFacts = facts;
      this.#learnt = true;
      return entry.content;
    } catch {
      // Such as EIO, or EISDIR from a file system that lets directories be opened: no readable file.
      return undefined;
    } finally {
      closeSync(file);
    }
  }

  #fill(file: number, size: number): Buffer {
    if (this.#scratch.length <= size) this.#scratch = Buffer.allocUnsafeSlow(2 * size);
    return this.#scratch.subarray(0, readInto(file, this.#scratch, size));
  }

  #hashLarge(file: number): Digest {
    const hash = createHash('sha256');
    for (;;) {
      const count = readSync(file, this.#scratch, 0, this.#scratch.length, null);
      if (count === 0) return hash.digest('hex') as Digest;
      hash.update(this.#scratch.subarray(0, count));
    }
  }
}
