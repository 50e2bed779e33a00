/**
 * All files that a compile may open, without preprocessing: every branch of an `#if` is taken and every value of a
 * computed name is tried. The answer is a guess to the safe side; the record of what the compiler did open is the
 * truth, and finds what was missed here. After the first compiles the cost is a union of sets in memory.
 */
import type {FileState} from '../graph/file-state.ts';
import {IdSet} from './id-set.ts';
import {IncludeClosures} from './include-closures.ts';
import {IncludeLookup} from './include-lookup.ts';
import type {ScanRequest, ScanResult} from './include-scan.ts';
import {IncludeWalk} from './include-walk.ts';
import type {InputFiles} from './input-files.ts';
import {type PhysicalFile, ScannedFile} from './scanned-file.ts';
import {SearchMemo} from './search-memo.ts';
import type {SearchPath} from './search-path.ts';

/** What is remembered of one search path. */
interface Remembered {
  readonly search: SearchMemo;
  /** By whether the compiler preprocesses. */
  readonly closures: readonly [IncludeClosures, IncludeClosures];
  /** Of what the closures rest on. */
  state: string;
}

/** Search paths whose closures are kept. LLVM has a hundred; a closure takes a bit for each file ever seen. */
const MOST_CLOSURES = 32;

/** Invariant: answers are those of the file state's epoch at the time of the call. */
export class IncludeScanner {
  readonly #files: FileState;
  readonly #inputs: InputFiles;
  readonly #lookup: IncludeLookup<ScannedFile>;
  /** By the number of their paths. */
  readonly #known: (ScannedFile | undefined)[] = [];
  /** Files that have been looked at in the current epoch. */
  readonly #verified = new IdSet();
  /** Those of them that have no bytes to be sent, as devices. */
  readonly #unread = new IdSet();
  #epoch = -1;
  /** Files that were found to have changed since they were first seen. */
  #changes = 0;
  /** In the order of last use. */
  readonly #searches = new Map<SearchPath, Remembered>();
  readonly #physical = new Map<string, PhysicalFile>();

  constructor(files: FileState, inputs: InputFiles) {
    this.#files = files;
    this.#inputs = inputs;
    this.#lookup = new IncludeLookup(files, path => this.#open(path));
  }

  scan(request: ScanRequest): ScanResult {
    if (this.#epoch !== this.#files.epoch) this.#verified.clear();
    this.#epoch = this.#files.epoch;
    this.#lookup.refresh();
    const remembered = this.#remembered(request.search);
    const {search} = remembered;
    search.refresh(this.#files);
    const preprocesses = request.language !== 'assembler' && !request.language.endsWith('cpp-output');
    const closures = remembered.closures[preprocesses ? 1 : 0];
    for (;;) {
      const state = this.#state(search);
      if (remembered.state !== state) for (const old of remembered.closures) old.forget();
      remembered.state = state;
      const walk = new IncludeWalk({
        files: this.#files,
        inputs: this.#inputs,
        lookup: this.#lookup,
        search,
        closures,
        open: path => this.#open(path),
        scanned: id => this.#known[id] as ScannedFile,
      });
      const result = walk.run(request);
      for (const id of result.files.without(this.#verified)) this.#verify(this.#known[id] as ScannedFile);
      // Where what was remembered turned out wrong, and has now been corrected, it walks again.
      if (this.#state(search) !== state) continue;
      for (const id of result.files.alsoIn(this.#unread)) result.files.delete(id);
      return result;
    }
  }

  /** Differs whenever a name may mean another file, or a file may say something else. */
  #state(search: SearchMemo): string {
    return `${this.#changes} ${this.#lookup.changes} ${search.changes}`;
  }

  #remembered(path: SearchPath): Remembered {
    let remembered = this.#searches.get(path);
    if (remembered === undefined) {
      const search = new SearchMemo(path, this.#lookup);
      const context = {
        files: this.#files,
        lookup: this.#lookup,
        search,
        verify: (file: ScannedFile) => this.#verify(file),
      };
      const closures = [new IncludeClosures(context, false), new IncludeClosures(context, true)] as const;
      remembered = {search, closures, state: ''};
    }
    this.#searches.delete(path);
    this.#searches.set(path, remembered);
    const oldest = [...this.#searches.values()].at(-1 - MOST_CLOSURES);
    for (const closures of oldest?.closures ?? []) closures.forget();
    return remembered;
  }

  #open(path: string): ScannedFile | undefined {
    const input = this.#inputs.get(path);
    let file = this.#known[input.id];
    if (file === undefined) {
      const prefix = path.slice(0, path.lastIndexOf('/') + 1);
      file = new ScannedFile(input, this.#lookup.directory(prefix));
      // Known before it is read: reading asks for names alone, never for other files.
      this.#known[input.id] = file;
    }
    if (file.epoch !== this.#files.epoch) this.#verify(file);
    return file.exists ? file : undefined;
  }

  /** Brings a file up to the state's epoch. */
  #verify(file: ScannedFile): void {
    const {epoch, exists, content, physical: before} = file;
    file.verify(this.#files, this.#lookup);
    this.#verified.add(file.id);
    if (file.content === undefined) this.#unread.add(file.id);
    else this.#unread.delete(file.id);
    if (file.exists) {
      const {prefix} = file.directory;
      const key = `${this.#files.physical(prefix)}/${file.path.slice(prefix.length)}`;
      let physical = this.#physical.get(key);
      if (physical === undefined) {
        physical = {first: file};
        this.#physical.set(key, physical);
      }
      file.physical = physical;
    }
    const isNew = epoch < 0;
    if (!isNew && (exists !== file.exists || content !== file.content || before !== file.physical))
      this.#changes++;
  }
}
