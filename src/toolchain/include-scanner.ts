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

/**
 * Bytes of closures beyond which those of the search paths that were used longest ago are forgotten. A closure takes a
 * bit for each file ever seen: those of LLVM's `lib/Support` are 160 KB together, of which LLVM has a hundred.
 */
const MOST_BYTES = 128 << 20;

/** Invariant: answers are those of the file state's epoch at the time of the call. */
export class IncludeScanner {
  readonly #mostBytes: number;
  readonly #files: FileState;
  readonly #inputs: InputFiles;
  readonly #lookup: IncludeLookup<ScannedFile>;
  /** By the number of their paths. */
  readonly #known: (ScannedFile | undefined)[] = [];
  /** Files that have been looked at in the current epoch. */
  readonly #verified = new IdSet();
  /** Files that had no bytes to be sent when they were last looked at, as devices. */
  readonly #unread = new IdSet();
  #epoch = -1;
  /** Files that were found to have changed since they were first seen. */
  #changes = 0;
  /** In the order of last use. */
  readonly #searches = new Map<SearchPath, Remembered>();
  /** By the real path of the directory, and the name in it. */
  readonly #physical = new Map<string, Map<string, PhysicalFile>>();

  constructor(files: FileState, inputs: InputFiles, mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes;
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
    const {bytes} = closures;
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
      if (closures.bytes > bytes) this.#forgetOldest();
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
        inputs: this.#inputs,
        lookup: this.#lookup,
        search,
        verify: (file: ScannedFile) => this.#verify(file),
      };
      const closures = [new IncludeClosures(context, false), new IncludeClosures(context, true)] as const;
      remembered = {search, closures, state: ''};
    }
    this.#searches.delete(path);
    this.#searches.set(path, remembered);
    return remembered;
  }

  #forgetOldest(): void {
    const all = [...this.#searches.values()].flatMap(({closures}) => closures);
    let bytes = all.reduce((sum, closures) => sum + closures.bytes, 0);
    // The last two are those of the search path in use.
    for (const closures of all.slice(0, -2)) {
      if (bytes <= this.#mostBytes) break;
      bytes -= closures.bytes;
      closures.forget();
    }
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
      const directory = this.#files.physical(file.directory.prefix) ?? '';
      let there = this.#physical.get(directory);
      if (there === undefined) {
        there = new Map();
        this.#physical.set(directory, there);
      }
      let physical = there.get(file.name);
      if (physical === undefined) {
        physical = {first: file};
        there.set(file.name, physical);
      }
      file.physical = physical;
    }
    const isNew = epoch < 0;
    if (!isNew && (exists !== file.exists || content !== file.content || before !== file.physical))
      this.#changes++;
  }
}
