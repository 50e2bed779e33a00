/** What names mean along one search path, remembered across compiles and across epochs in which nothing moved. */
import type {FileState} from '../graph/file-state.ts';
import type {Found, IncludeLookup, IncludeName, LookupDirectory} from './include-lookup.ts';
import type {ScannedFile} from './scanned-file.ts';
import type {ChainDirectory, SearchChains, SearchPath} from './search-path.ts';
import {chainsOf, prefixOf} from './search-path.ts';

type Table = (Found<ScannedFile> | undefined)[];

export class SearchMemo {
  readonly path: SearchPath;
  /** Grows whenever the places that are searched are others than before. */
  changes = 0;
  readonly #lookup: IncludeLookup<ScannedFile>;
  #epoch = -1;
  #chains: SearchChains = {quote: [], bracket: []};
  #quotePlaces: readonly LookupDirectory<ScannedFile>[] = [];
  #bracketPlaces: readonly LookupDirectory<ScannedFile>[] = [];
  #directories: readonly string[] = [];
  #quote: Table = [];
  #bracket: Table = [];
  #every: ({version: number; files: readonly ScannedFile[]} | undefined)[] = [];

  constructor(path: SearchPath, lookup: IncludeLookup<ScannedFile>) {
    this.path = path;
    this.#lookup = lookup;
  }

  /** The directories of the path that exist, absolute, as written, without the final slash. */
  get directories(): readonly string[] {
    return this.#directories;
  }

  /** Call before the first question in an epoch. */
  refresh(files: FileState): void {
    if (this.#epoch === files.epoch) return;
    this.#epoch = files.epoch;
    const chains = chainsOf(this.path, files);
    // What a name meant stays right as long as the same places are searched in the same order.
    if (!sameChain(chains.quote, this.#chains.quote) || !sameChain(chains.bracket, this.#chains.bracket)) {
      const placeOf = ({prefix}: ChainDirectory) => this.#lookup.directory(prefix);
      this.#chains = chains;
      this.changes++;
      this.#bracketPlaces = chains.bracket.map(placeOf);
      this.#quotePlaces = chains.quote.map(placeOf);
      this.#quote = [];
      this.#every = [];
      this.#bracket = chains.quote.length === chains.bracket.length ? this.#quote : [];
    }
    const {quote, angle, system, embed, cwd} = this.path;
    const written = [...quote, ...angle, ...system, ...embed].map(directory => prefixOf(cwd, directory));
    this.#directories = [...new Set(written)]
      .filter(prefix => files.stat(prefix)?.kind === 'directory')
      .map(prefix => (prefix === '/' ? prefix : prefix.slice(0, -1)));
  }

  /** `"name"`, the place of the including file apart. */
  quoted(name: IncludeName): Found<ScannedFile> {
    const known = this.#quote[name.id];
    if (known !== undefined && known.version === name.version) return known;
    const found = this.#lookup.along(this.#quotePlaces, name);
    this.#quote[name.id] = found;
    return found;
  }

  /** `<name>` */
  bracketed(name: IncludeName): Found<ScannedFile> {
    const known = this.#bracket[name.id];
    if (known !== undefined && known.version === name.version) return known;
    const found = this.#lookup.along(this.#bracketPlaces, name);
    this.#bracket[name.id] = found;
    return found;
  }

  /** All that `#include_next` may mean, wherever it stands. */
  every(name: IncludeName): readonly ScannedFile[] {
    const known = this.#every[name.id];
    if (known !== undefined && known.version === name.version) return known.files;
    const files = this.#quotePlaces.flatMap(
      directory => this.#lookup.inDirectory(directory, name).file ?? [],
    );
    this.#every[name.id] = {version: name.version, files};
    return files;
  }
}

function sameChain(a: readonly ChainDirectory[], b: readonly ChainDirectory[]): boolean {
  return a.length === b.length && a.every((one, i) => one.prefix === b[i]?.prefix);
}
