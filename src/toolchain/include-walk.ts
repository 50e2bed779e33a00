/**
 * What one compile may open: what its source and its flags lead to, and what can only be told for all of that
 * together, such as the values of computed names.
 */
import type {FileState} from '../graph/file-state.ts';
import {computedNames} from './computed-include.ts';
import {IdSet} from './id-set.ts';
import {type IncludeClosures, Meanings} from './include-closures.ts';
import type {IncludeLookup, IncludeName} from './include-lookup.ts';
import type {ScanRequest, ScanResult} from './include-scan.ts';
import type {InputFiles} from './input-files.ts';
import type {MacroDefinition} from './macro-definitions.ts';
import {definitionsOf, stringLiteralsIn} from './macro-definitions.ts';
import type {IncludeStep, ScannedFile} from './scanned-file.ts';
import type {SearchMemo} from './search-memo.ts';
import {prefixOf} from './search-path.ts';

export interface WalkContext {
  readonly files: FileState;
  readonly inputs: InputFiles;
  readonly lookup: IncludeLookup<ScannedFile>;
  readonly search: SearchMemo;
  readonly closures: IncludeClosures;
  readonly open: (path: string) => ScannedFile | undefined;
  /** The scanner's record of a file that a closure names. */
  readonly scanned: (id: number) => ScannedFile;
}

interface Computed {
  readonly file: ScannedFile;
  readonly step: IncludeStep;
}

export class IncludeWalk {
  readonly #context: WalkContext;
  /** All files whose text may be read. */
  readonly #reached = new IdSet();
  /** Those of them whose notes have been looked at. */
  readonly #noted = new IdSet();
  /** Files whose bytes go into the object without being read as source. */
  readonly #data = new Set<string>();
  readonly #absent = new Set<IncludeName>();
  readonly #precompiled = new Set<string>();
  readonly #clockFiles: string[] = [];
  readonly #computed: Computed[] = [];
  #complete = true;

  constructor(context: WalkContext) {
    this.#context = context;
  }

  run(request: ScanRequest): ScanResult {
    const {inputs, lookup, search, open} = this.#context;
    const {cwd, family} = search.path;
    const source = open(absolute(cwd, request.source));
    if (source?.content === undefined) {
      this.#complete = false;
      this.#miss(lookup.name(request.source));
    } else this.#reach(source);
    if (this.#context.closures.preprocesses) {
      if (family === 'gcc') {
        const found = new Meanings();
        this.#context.closures.angle(lookup.name('stdc-predef.h'), found);
        this.#follow({...found, missing: []});
      }
      const here = lookup.directory(prefixOf(cwd, '.').slice(0, -2));
      for (const text of request.forcedIncludes) {
        const name = lookup.name(text);
        const found = new Meanings();
        this.#context.closures.quote(name, {local: lookup.inDirectory(here, name)}, found);
        this.#follow(found);
      }
    }
    this.#readNotes();
    if (this.#computed.length > 0) this.#compute(request, source);
    for (const path of request.extraFiles) this.#addData(absolute(cwd, path));
    const data = Array.from(this.#data, path => inputs.get(path).id).filter(id => !this.#reached.has(id));
    return {
      files: this.#reached,
      data,
      directories: search.directories,
      absentIncludes: Array.from(this.#absent, name => name.text),
      precompiled: [...this.#precompiled],
      clockFiles: this.#clockFiles,
      complete: this.#complete,
    };
  }

  #reach(file: ScannedFile): void {
    this.#reached.addAll(this.#context.closures.of(file));
  }

  /** True if no name was looked up in vain. */
  #follow({files, missing, precompiled}: Meanings): boolean {
    const {open, lookup} = this.#context;
    for (const file of files) {
      if (open(file.path) !== undefined) this.#reach(file);
      // It vanished since the name was looked up: the name is to be looked up again, and the walk done once more.
      else lookup.forgetFile(file.path);
    }
    for (const name of precompiled) this.#precompiled.add(name);
    for (const name of missing) this.#miss(name);
    return missing.length === 0;
  }

  /** Takes what the reached files say beside plain includes, until nothing new is reached. */
  #readNotes(): void {
    const {closures} = this.#context;
    for (;;) {
      const news = this.#reached.alsoIn(closures.noted).filter(id => !this.#noted.has(id));
      if (news.length === 0) return;
      for (const id of news) {
        this.#noted.add(id);
        const {file, missing, precompiled, late, readsClock} = closures.notesOf(id);
        for (const name of missing) this.#miss(name);
        for (const name of precompiled) this.#precompiled.add(name);
        if (readsClock) this.#clockFiles.push(file.path);
        for (const step of late) this.#takeLate(file, step);
      }
    }
  }

  #takeLate(file: ScannedFile, step: IncludeStep): void {
    const {directive, form, text} = step;
    if (form === 'macro') this.#computed.push({file, step});
    else if (directive === 'embed') this.#embed(file, form, text);
    else this.#assemble(directive === 'incbin', text);
  }

  #embed(file: ScannedFile, form: 'quote' | 'angle', text: string): boolean {
    const {cwd, embed} = this.#context.search.path;
    const places = embed.map(directory => prefixOf(cwd, directory));
    if (form === 'quote') places.push(file.directory.prefix, `${cwd}/`);
    const count = places.filter(prefix => this.#addData(text.startsWith('/') ? text : prefix + text)).length;
    if (count === 0) this.#miss(this.#context.lookup.name(text));
    return count > 0;
  }

  /** The assembler looks in the working directory, then along `-I`; all that exist are taken. */
  #assemble(isData: boolean, text: string): boolean {
    const {cwd, assembler} = this.#context.search.path;
    let count = 0;
    for (const directory of ['', ...assembler.map(place => prefixOf(cwd, place))]) {
      const path = absolute(cwd, text.startsWith('/') ? text : directory + text);
      if (isData) count += this.#addData(path) ? 1 : 0;
      else {
        const file = this.#context.open(path);
        if (file !== undefined) this.#reach(file);
        count += file === undefined ? 0 : 1;
      }
    }
    if (count === 0) this.#miss(this.#context.lookup.name(text));
    return count > 0;
  }

  /** Tries all values of computed names until neither files nor values are new. */
  #compute(request: ScanRequest, source: ScannedFile | undefined): void {
    const flags = definitionsOf(request.defines);
    const unexplained = new Set<IncludeStep>();
    for (let before = -1; before < this.#reached.members().length; ) {
      const reached = this.#reached.members().map(id => this.#context.scanned(id));
      before = reached.length;
      // Several spellings of a file define what it defines once.
      const files = reached.filter(file => file.followed() === file);
      const known = new Map<string, MacroDefinition[]>();
      const lookUp = (name: string) => {
        let definitions = known.get(name);
        if (definitions === undefined) {
          definitions = [...(flags.get(name) ?? [])];
          for (const file of files) definitions.push(...file.definitionsOf(name, this.#context.files));
          known.set(name, definitions);
        }
        return definitions;
      };
      for (let i = 0; i < this.#computed.length; i++) {
        const {file, step} = this.#computed[i] as Computed;
        const {names, defined, overflow} = computedNames(step.text, lookUp);
        let isExplained = !defined;
        for (const {form, text} of names)
          if (this.#followComputed(file, step, form, text)) isExplained = true;
        if (step.directive === 'incbin' && (names.length === 0 || !isExplained)) this.#guessData(source);
        else if (isExplained) unexplained.delete(step);
        else unexplained.add(step);
        if (overflow) this.#complete = false;
      }
      this.#readNotes();
    }
    if (unexplained.size > 0) this.#complete = false;
  }

  #followComputed(file: ScannedFile, step: IncludeStep, form: 'quote' | 'angle', text: string): boolean {
    const {lookup, closures} = this.#context;
    if (step.directive === 'embed') return this.#embed(file, form, text);
    if (step.directive === 'incbin') return this.#assemble(true, text);
    if (step.directive === 'assemble') return this.#assemble(false, text);
    const name = lookup.name(text);
    const found = new Meanings();
    if (step.directive === 'next') closures.next(file, name, found);
    else if (form === 'angle') closures.angle(name, found);
    else closures.quote(name, {local: lookup.inDirectory(file.directory, name), file}, found);
    return this.#follow(found);
  }

  /** Where a macro's argument names the data, any string of the source that names a file may be it. */
  #guessData(source: ScannedFile | undefined): void {
    const {files, search} = this.#context;
    const literals = source === undefined ? undefined : files.inspect(source.path, stringLiteralsIn);
    const places = ['', ...search.path.assembler];
    for (const text of literals ?? [])
      for (const place of places)
        this.#addData(text.startsWith('/') ? text : prefixOf(search.path.cwd, place) + text);
  }

  #addData(path: string): boolean {
    if (this.#context.files.stat(path)?.kind !== 'file') return false;
    this.#data.add(path);
    return true;
  }

  #miss(name: IncludeName): void {
    this.#absent.add(name);
    // A name that is not UTF-8 cannot be spelled here.
    if (name.text.includes('\uFFFD')) this.#complete = false;
  }
}

function absolute(cwd: string, path: string): string {
  if (path.startsWith('/')) return path;
  return cwd.endsWith('/') ? cwd + path : `${cwd}/${path}`;
}
