/**
 * Which file a name means in a directory or along a search list, remembered for as long as no directory listing says
 * otherwise. It reads listings in place of trying paths, and forgets by name: a file that comes or goes costs the
 * names it could stand for, nothing else.
 */
import type {Listing} from '../graph/file-facts.ts';
import type {FileState} from '../graph/file-state.ts';

/** A name as a directive spells it. One object per spelling. */
export interface IncludeName {
  readonly id: number;
  readonly text: string;
  readonly parts: readonly string[];
  /** What a directory must list for the name to be in it; undefined where only a walk can tell. */
  readonly first: string | undefined;
  /** Only for names without a slash: the precompiled form that a directory might list. */
  readonly precompiledForm: string | undefined;
  /** Grows when what it means may have changed; remembered answers of another version are void. */
  version: number;
}

/** One place to look in. One object per spelling of its path. */
export interface LookupDirectory<F> {
  /** Absolute, not cleaned, ends in a slash. */
  readonly prefix: string;
  listing: Listing | undefined;
  readonly children: Map<string, LookupDirectory<F>>;
  /** What names mean here and nowhere else, by {@link IncludeName.id}. */
  readonly found: Map<number, Found<F>>;
}

/** An answer, good for one version of the name. */
export interface Found<F> {
  version: number;
  file: F | undefined;
  /** A precompiled form of such a header lies where the name was looked for. */
  precompiled: boolean;
}

/** The caller's record of the file at `path`, which a listing names; undefined where that is no file. */
export type OpenFile<F> = (path: string) => F | undefined;

export class IncludeLookup<F> {
  readonly #files: FileState;
  readonly #open: OpenFile<F>;
  #epoch: number;
  readonly #names = new Map<string, IncludeName>();
  /** Names by the components whose coming or going may change their meaning. */
  readonly #byPart = new Map<string, IncludeName[]>();
  /** Names that are not there yet: in most builds nothing comes or goes. */
  #notIndexed: IncludeName[] = [];
  readonly #directories = new Map<string, LookupDirectory<F>>();
  /** Grows whenever a name may mean another file than before. */
  changes = 0;
  /** Names that a listing has but that were no file: a dangling link, or a directory. Asked anew in each epoch. */
  readonly #fragile = new Set<IncludeName>();

  constructor(files: FileState, open: OpenFile<F>) {
    this.#files = files;
    this.#open = open;
    this.#epoch = files.epoch;
  }

  name(text: string): IncludeName {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = newName(this.#names.size, text);
      this.#names.set(text, name);
      this.#notIndexed.push(name);
    }
    return name;
  }

  directory(prefix: string): LookupDirectory<F> {
    let directory = this.#directories.get(prefix);
    if (directory === undefined) {
      directory = {prefix, listing: this.#files.names(prefix), children: new Map(), found: new Map()};
      this.#directories.set(prefix, directory);
    }
    return directory;
  }

  /** Brings what is remembered up to the state's epoch. Call before the first question in it. */
  refresh(): void {
    if (this.#epoch === this.#files.epoch) return;
    this.#epoch = this.#files.epoch;
    for (const directory of this.#directories.values()) {
      const listing = this.#files.names(directory.prefix);
      if (listing === directory.listing) continue;
      for (const part of changedParts(directory.listing, listing)) this.#forgetPart(part);
      directory.listing = listing;
    }
    for (const name of this.#fragile) this.#forget(name);
    this.#fragile.clear();
  }

  /** The file at `path` is no more what it was when it was found. */
  forgetFile(path: string): void {
    this.#forgetPart(path.slice(path.lastIndexOf('/') + 1));
  }

  /** What `name` means in one directory. The same object answers for the pair, updated in place. */
  inDirectory(directory: LookupDirectory<F>, name: IncludeName): Found<F> {
    let found = directory.found.get(name.id);
    if (found === undefined) {
      found = {version: -1, file: undefined, precompiled: false};
      directory.found.set(name.id, found);
    }
    if (found.version !== name.version) this.resolve(found, directory, name);
    return found;
  }

  /** Brings an answer of {@link inDirectory} up to date. */
  resolve(found: Found<F>, directory: LookupDirectory<F>, name: IncludeName): void {
    found.version = name.version;
    found.file = undefined;
    found.precompiled = false;
    const absolute = name.parts[0] === '' && name.parts.length > 1;
    const place = this.#walk(absolute ? this.directory('/') : directory, name, absolute ? 1 : 0);
    if (place === undefined) return;
    const last = name.parts.at(-1) as string;
    if (has(place.listing, last))
      found.file = this.#open(absolute ? name.text : directory.prefix + name.text);
    if (place.listing === 'unreadable' || (found.file === undefined && has(place.listing, last)))
      this.#fragile.add(name);
    found.precompiled = place.listing instanceof Set && place.listing.has(`${last}.gch`);
  }

  /** The first meaning of `name` along a list, as a new object. */
  along(chain: readonly LookupDirectory<F>[], name: IncludeName): Found<F> {
    const {first, precompiledForm} = name;
    let precompiled = false;
    for (const directory of chain) {
      const {listing} = directory;
      if (first !== undefined && listing instanceof Set && !listing.has(first)) {
        if (precompiledForm !== undefined && listing.has(precompiledForm)) precompiled = true;
        continue;
      }
      if (listing === undefined && first !== undefined) continue;
      const found = this.inDirectory(directory, name);
      precompiled ||= found.precompiled;
      if (found.file !== undefined) return {version: name.version, file: found.file, precompiled};
    }
    return {version: name.version, file: undefined, precompiled};
  }

  #walk(start: LookupDirectory<F>, name: IncludeName, from: number): LookupDirectory<F> | undefined {
    let directory = start;
    for (let i = from; i < name.parts.length - 1; i++) {
      const part = name.parts[i] as string;
      if (directory.listing === undefined) return undefined;
      if (part !== '' && part !== '.' && part !== '..' && !has(directory.listing, part)) return undefined;
      let child = directory.children.get(part);
      if (child === undefined) {
        child = this.directory(`${directory.prefix}${part}/`);
        directory.children.set(part, child);
      }
      directory = child;
    }
    return directory.listing === undefined ? undefined : directory;
  }

  #index(part: string, name: IncludeName): void {
    const names = this.#byPart.get(part);
    if (names === undefined) this.#byPart.set(part, [name]);
    else names.push(name);
  }

  #forgetPart(part: string): void {
    for (const name of this.#notIndexed) {
      for (const component of new Set(name.parts)) this.#index(component, name);
      this.#index(`${name.parts.at(-1)}.gch`, name);
    }
    this.#notIndexed = [];
    for (const name of this.#byPart.get(part) ?? []) this.#forget(name);
  }

  #forget(name: IncludeName): void {
    name.version++;
    this.changes++;
  }
}

function newName(id: number, text: string): IncludeName {
  const parts = text.split('/');
  const isPlain = parts[0] !== '' && parts[0] !== '.' && parts[0] !== '..';
  return {
    id,
    text,
    parts,
    first: isPlain ? parts[0] : undefined,
    precompiledForm: parts.length === 1 ? `${text}.gch` : undefined,
    version: 0,
  };
}

function has(listing: Listing | undefined, name: string): boolean {
  return listing !== undefined && (listing === 'unreadable' || listing.has(name));
}

/** Components whose presence differs; those that stand for the directory itself too when it came or went. */
function changedParts(before: Listing | undefined, after: Listing | undefined): string[] {
  const old = before instanceof Set ? before : new Set<string>();
  const now = after instanceof Set ? after : new Set<string>();
  const parts = [...old].filter(name => !now.has(name));
  for (const name of now) if (!old.has(name)) parts.push(name);
  if (before === undefined || after === undefined) parts.push('', '.', '..');
  if (before === 'unreadable' || after === 'unreadable') parts.push('', '.', '..');
  return parts;
}
