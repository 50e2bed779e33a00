/** Paths of files that compiles may open, each with a small number, so that sets of them are bits. */

export interface InputFile {
  readonly id: number;
  /** As a compiler opens it, made absolute, not cleaned. */
  readonly path: string;
  /** Its last component. */
  readonly name: string;
}

/** Numbers are given once and stay. */
export class InputFiles {
  readonly #byPath = new Map<string, InputFile>();
  readonly #byId: InputFile[] = [];

  get size(): number {
    return this.#byId.length;
  }

  /** The one for a path, which gets a number if it has none. */
  get(path: string): InputFile {
    let file = this.#byPath.get(path);
    if (file === undefined) {
      file = {id: this.#byId.length, path, name: path.slice(path.lastIndexOf('/') + 1)};
      this.#byPath.set(path, file);
      this.#byId.push(file);
    }
    return file;
  }

  find(path: string): InputFile | undefined {
    return this.#byPath.get(path);
  }

  /** Prereq: the number was given. */
  at(id: number): InputFile {
    return this.#byId[id] as InputFile;
  }
}
