/**
 * Finds what nasm and yasm read for one source, by the text of their directives alone: `%include` and `incbin` with a
 * name in quotes. Every branch counts. A name that a macro makes is beyond it, and the assembler has to be asked.
 */
import type {FileState} from '../graph/file-state.ts';
import type {Digest} from '../protocol/digest.ts';
import type {CompileCommand} from './compile-command.ts';
import {IdSet} from './id-set.ts';
import type {ScanResult} from './include-scan.ts';
import type {InputFiles} from './input-files.ts';

export interface AssemblyScan extends ScanResult {
  /** Some file asks for the time of day, or for a variable of the environment. */
  readonly asksSurroundings: boolean;
}

interface Note {
  readonly includes: readonly string[];
  readonly data: readonly string[];
  readonly isComplete: boolean;
  readonly asksSurroundings: boolean;
}

const INCLUDE = /^[ \t]*%[ \t]*include\b[ \t]*(?:"([^"\n]*)"|'([^'\n]*)')?/gim;
const INCBIN = /^((?:[^;"'`\n]|"[^"\n]*"|'[^'\n]*')*?)\bincbin\b[ \t]*(?:"([^"\n]*)"|'([^'\n]*)')?/gim;
const SURROUNDINGS = /__\??(?:UTC_)?(?:DATE|TIME|POSIX_TIME)(?:_NUM)?\??__|%!|%\[\s*!/i;
/** First bytes of every program and library: no source. */
const ELF = '\x7fELF';

export class AssemblyScanner {
  readonly #files: FileState;
  readonly #inputs: InputFiles;
  readonly #notes = new Map<Digest, Note>();

  constructor(files: FileState, inputs: InputFiles) {
    this.#files = files;
    this.#inputs = inputs;
  }

  /** `more`: absolute paths of files that are read as well, as somebody who knows has said. */
  scan(compile: CompileCommand, cwd: string, more: readonly string[]): AssemblyScan {
    const directories = compile.search.map(({path}) => absolute(cwd, path));
    const prefixes = [`${cwd}/`, ...compile.search.flatMap(({path}) => prefixesOf(absolute(cwd, path)))];
    const files = new IdSet();
    const data = new Set<number>();
    const absentIncludes = new Set<string>();
    let complete = true;
    let asksSurroundings = compile.macros.some(({text}) => SURROUNDINGS.test(text));
    const queue: string[] = [];
    const find = (name: string, from: string | undefined): string | undefined => {
      const beside = from === undefined ? [] : [from.slice(0, from.lastIndexOf('/') + 1)];
      const tried = name.startsWith('/') ? [''] : [...beside, ...prefixes];
      const found = tried.map(prefix => prefix + name).find(path => this.#isFile(path));
      if (found === undefined) absentIncludes.add(name);
      return found;
    };
    const take = (path: string | undefined) => {
      if (path === undefined) return;
      const {id} = this.#inputs.get(path);
      if (files.has(id)) return;
      files.add(id);
      queue.push(path);
    };
    take(this.#ifFile(absolute(cwd, compile.source)));
    for (const {path} of compile.forcedIncludes) take(find(path, undefined));
    for (const path of more) take(this.#ifFile(path));
    // Yasm looks beside the file that includes first.
    const isYasm = compile.assembler === 'yasm';
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      const note = this.#noteOf(path);
      complete &&= note.isComplete;
      asksSurroundings ||= note.asksSurroundings;
      for (const name of note.includes) take(find(name, isYasm ? path : undefined));
      for (const name of note.data) {
        const found = find(name, isYasm ? path : undefined);
        if (found !== undefined) data.add(this.#inputs.get(found).id);
      }
    }
    return {
      files,
      data: [...data],
      directories: directories.filter(path => this.#files.stat(path)?.kind === 'directory'),
      absentIncludes: [...absentIncludes],
      precompiled: [],
      clockFiles: [],
      complete,
      asksSurroundings,
    };
  }

  #noteOf(path: string): Note {
    const digest = this.#files.digest(path);
    let note = digest === undefined ? undefined : this.#notes.get(digest);
    if (note === undefined) {
      note = this.#files.inspect(path, bytes => readAssembly(bytes.toString('latin1'))) ?? NOTHING;
      if (digest !== undefined) this.#notes.set(digest, note);
    }
    return note;
  }

  #isFile(path: string): boolean {
    return this.#files.stat(path)?.kind === 'file';
  }

  #ifFile(path: string): string | undefined {
    return this.#isFile(path) ? path : undefined;
  }
}

const NOTHING: Note = {includes: [], data: [], isComplete: true, asksSurroundings: false};

/** What the text of one file leads to. Names keep their bytes as `latin1`. */
export function readAssembly(text: string): Note {
  if (text.startsWith(ELF)) return NOTHING;
  const includes = [...text.matchAll(INCLUDE)].map(([, one, other]) => one ?? other);
  const data = [...text.matchAll(INCBIN)].map(([, , one, other]) => one ?? other);
  const names = [...includes, ...data];
  const isNamed = (name: string | undefined): name is string => name !== undefined && isPlain(name);
  return {
    includes: includes.filter(isNamed),
    data: data.filter(isNamed),
    isComplete: names.every(isNamed),
    asksSurroundings: SURROUNDINGS.test(text),
  };
}

/** Whether a name is what it looks like, in any encoding and to any preprocessor. */
function isPlain(name: string): boolean {
  return /^[\x20-\x7e]+$/.test(name) && !name.includes('%');
}

/** As newer and older nasms put a directory in front of a name. */
function prefixesOf(directory: string): string[] {
  return directory.endsWith('/') ? [directory] : [`${directory}/`, directory];
}

function absolute(cwd: string, path: string): string {
  return path.startsWith('/') ? path : `${cwd}/${path}`;
}
