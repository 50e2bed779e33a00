/**
 * Makes a protocol tree of paths on this machine: every symlink that a path passes through is noted, and files end up
 * at their physical places. It serves packing; the hot path of compiles has a memoising builder of its own.
 */
import {lstatSync, readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {Tree, TreeFile} from '../protocol/tree.ts';

/** As many as the kernel follows. */
const MAX_LINKS = 40;

/** Modification times are left at zero: a toolchain is named by its content. */
export class TreeCollector {
  readonly #directories = new Map<string, Map<string, TreeFile>>();
  readonly #links = new Map<string, string>();
  readonly #sources = new Map<Digest, string>();

  /** Adds a file or directory; answers its physical path, or undefined if it is not there or is neither. */
  add(path: string): string | undefined {
    const physical = this.#walk(path);
    if (physical === undefined) return undefined;
    const status = lstatSync(physical);
    if (status.isDirectory()) {
      this.#directory(physical);
      return physical;
    }
    if (!status.isFile()) return undefined;
    const [directory, name] = splitPath(physical);
    const files = this.#directory(directory);
    if (!files.has(name))
      this.#addFile(files, {name, source: physical, executable: (status.mode & 0o111) !== 0});
    return physical;
  }

  /** Adds a directory with all that is in it. */
  addAll(path: string): void {
    const physical = this.add(path);
    if (physical === undefined || !lstatSync(physical).isDirectory()) return;
    for (const entry of readdirSync(physical, {withFileTypes: true}))
      if (entry.isDirectory()) this.addAll(`${physical}/${entry.name}`);
      else this.add(`${physical}/${entry.name}`);
  }

  /** Puts the bytes of `source` at another physical path. */
  place(path: string, source: string): void {
    const [directory, name] = splitPath(path);
    this.#addFile(this.#directory(directory), {name, source, executable: false});
  }

  /** In one order, whatever the order of the calls, so that equal toolchains have equal digests. */
  tree(): Tree {
    const directories = [...this.#directories]
      .map(([path, files]) => ({
        path,
        files: [...files.values()].sort((one, other) => compare(one[0], other[0])),
      }))
      .sort((one, other) => compare(one.path, other.path));
    const links = [...this.#links].sort((one, other) => compare(one[0], other[0]));
    return {directories, links};
  }

  /** Where the bytes of each file in the tree are. */
  sources(): ReadonlyMap<Digest, string> {
    return this.#sources;
  }

  #addFile(files: Map<string, TreeFile>, file: {name: string; source: string; executable: boolean}): void {
    const digest = digestOf(readFileSync(file.source));
    files.set(file.name, [file.name, digest, 0, file.executable ? 1 : 0]);
    this.#sources.set(digest, file.source);
  }

  #directory(path: string): Map<string, TreeFile> {
    const known = this.#directories.get(path);
    if (known) return known;
    const files = new Map<string, TreeFile>();
    this.#directories.set(path, files);
    return files;
  }

  /** Resolves component by component as the kernel does; directories passed through by `..` exist in the tree too. */
  #walk(path: string): string | undefined {
    const words = path.split('/').reverse();
    let at = '';
    let followed = 0;
    while (words.length > 0) {
      const word = words.pop() as string;
      if (word === '' || word === '.') continue;
      if (word === '..') {
        if (at !== '') this.#directory(at);
        at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
        continue;
      }
      const next = `${at}/${word}`;
      const status = lstatSync(next, {throwIfNoEntry: false});
      if (status === undefined) return undefined;
      if (!status.isSymbolicLink()) {
        at = next;
        continue;
      }
      if (++followed > MAX_LINKS) return undefined;
      const target = readlinkSync(next);
      this.#links.set(next, target);
      if (target.startsWith('/')) at = '';
      words.push(...target.split('/').reverse());
    }
    return at === '' ? '/' : at;
  }
}

function splitPath(path: string): [directory: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [slash === 0 ? '/' : path.slice(0, slash), path.slice(slash + 1)];
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
