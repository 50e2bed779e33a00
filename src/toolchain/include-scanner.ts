/**
 * All files that a compile may open, without preprocessing: every branch of an `#if` is taken and every value of a
 * computed name is tried. The answer is a guess to the safe side; the record of what the compiler did open is the
 * truth, and finds what was missed here. After the first compiles the cost is a walk over a graph in memory.
 */
import type {FileState} from '../graph/file-state.ts';
import {IncludeLookup} from './include-lookup.ts';
import type {ScanRequest, ScanResult} from './include-scan.ts';
import {IncludeWalk} from './include-walk.ts';
import {type PhysicalFile, ScannedFile} from './scanned-file.ts';
import {SearchMemo} from './search-memo.ts';
import type {SearchPath} from './search-path.ts';

/** Invariant: answers are those of the file state's epoch at the time of the call. */
export class IncludeScanner {
  readonly #files: FileState;
  readonly #lookup: IncludeLookup<ScannedFile>;
  readonly #known = new Map<string, ScannedFile>();
  readonly #searches = new Map<SearchPath, SearchMemo>();
  readonly #physical = new Map<string, PhysicalFile>();
  #walks = 0;

  constructor(files: FileState) {
    this.#files = files;
    this.#lookup = new IncludeLookup(files, path => this.#open(path));
  }

  scan(request: ScanRequest): ScanResult {
    this.#lookup.refresh();
    let search = this.#searches.get(request.search);
    if (search === undefined) {
      search = new SearchMemo(request.search, this.#lookup);
      this.#searches.set(request.search, search);
    }
    search.refresh(this.#files);
    for (;;) {
      const walk = new IncludeWalk({
        number: ++this.#walks,
        files: this.#files,
        lookup: this.#lookup,
        search,
        open: path => this.#open(path),
        verify: file => this.#verify(file),
      });
      const result = walk.run(request);
      if (result !== undefined) return result;
    }
  }

  #open(path: string): ScannedFile | undefined {
    let file = this.#known.get(path);
    if (file === undefined) {
      const prefix = path.slice(0, path.lastIndexOf('/') + 1);
      file = new ScannedFile(path, this.#lookup.directory(prefix));
      // Known before it is read: reading asks for names alone, never for other files.
      this.#known.set(path, file);
    }
    if (file.epoch !== this.#files.epoch) this.#verify(file);
    return file.exists ? file : undefined;
  }

  /** Brings a file up to the state's epoch. */
  #verify(file: ScannedFile): void {
    file.verify(this.#files, this.#lookup);
    if (!file.exists) return;
    const {prefix} = file.directory;
    const key = `${this.#files.physical(prefix)}/${file.path.slice(prefix.length)}`;
    let physical = this.#physical.get(key);
    if (physical === undefined) {
      physical = {walk: 0};
      this.#physical.set(key, physical);
    }
    file.physical = physical;
  }
}
