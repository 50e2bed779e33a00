/**
 * What files of any language may include, by their text: lines that say `include` or `import` and then a quoted name, in
 * whatever language. It is to foresee what a tool reads; what the tool really reads, the worker's record tells.
 */
import type {FileState} from '../graph/file-state.ts';
import type {Digest} from '../protocol/digest.ts';

/** TableGen, Protocol Buffers, Flatbuffers, IDL, m4-like macros, make-like lists, assemblers. */
const INCLUDE = /^[ \t]*[#%.@\\]?[ \t]*(?:include|import)\b[^"'<\n]{0,40}["'<]([^"'>\n]{1,400})["'>]/gm;
/** A larger file is no source, in bytes. */
const LARGEST = 16 << 20;

export class QuotedNames {
  readonly #files: FileState;
  readonly #namesByDigest = new Map<Digest, readonly string[]>();
  #epoch = -1;
  /** By the directories that are searched, then by file: what it includes. Of one epoch. */
  readonly #found = new Map<string, Map<string, readonly string[]>>();

  constructor(files: FileState) {
    this.#files = files;
  }

  /** All files that `starts` may lead to, themselves left out; names are looked for beside a file and in `directories`. */
  reachable(starts: readonly string[], directories: readonly string[]): readonly string[] {
    if (this.#epoch !== this.#files.epoch) {
      this.#epoch = this.#files.epoch;
      this.#found.clear();
    }
    const search = directories.join('\0');
    let known = this.#found.get(search);
    if (known === undefined) {
      known = new Map();
      this.#found.set(search, known);
    }
    const all = new Set(starts);
    for (const file of all) {
      let included = known.get(file);
      if (included === undefined) {
        included = this.#included(file, directories);
        known.set(file, included);
      }
      for (const path of included) all.add(path);
    }
    for (const start of starts) all.delete(start);
    return [...all];
  }

  #included(file: string, directories: readonly string[]): readonly string[] {
    const found: string[] = [];
    for (const name of this.#names(file)) {
      const beside = file.slice(0, file.lastIndexOf('/'));
      const places = name.startsWith('/')
        ? [name]
        : [beside, ...directories].map(directory => `${directory}/${name}`);
      for (const place of places) if (this.#files.stat(place)?.kind === 'file') found.push(place);
    }
    return found;
  }

  #names(file: string): readonly string[] {
    if ((this.#files.stat(file)?.size ?? 0) > LARGEST) return [];
    const digest = this.#files.digest(file);
    if (digest === undefined) return [];
    let names = this.#namesByDigest.get(digest);
    if (names === undefined) {
      const read = (bytes: Buffer) =>
        Array.from(bytes.toString('latin1').matchAll(INCLUDE), match => match[1]!);
      names = [...new Set(this.#files.inspect(file, read) ?? [])];
      this.#namesByDigest.set(digest, names);
    }
    return names;
  }
}
