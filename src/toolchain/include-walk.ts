/**
 * One walk of the include scanner over the files of one compile. It marks files and names with its number, so that
 * nothing has to be cleared between walks.
 */
import type {FileState} from '../graph/file-state.ts';
import {computedNames} from './computed-include.ts';
import type {Found, IncludeLookup, IncludeName} from './include-lookup.ts';
import type {ScanRequest, ScanResult} from './include-scan.ts';
import type {MacroDefinition} from './macro-definitions.ts';
import {definitionsOf, stringLiteralsIn} from './macro-definitions.ts';
import type {IncludeStep, ScannedFile} from './scanned-file.ts';
import type {SearchMemo} from './search-memo.ts';
import {prefixOf} from './search-path.ts';

export interface WalkContext {
  /** Unlike that of any walk before. */
  readonly number: number;
  readonly files: FileState;
  readonly lookup: IncludeLookup<ScannedFile>;
  readonly search: SearchMemo;
  readonly open: (path: string) => ScannedFile | undefined;
  readonly verify: (file: ScannedFile) => void;
}

export class IncludeWalk {
  readonly #context: WalkContext;
  /** All paths that may be opened. */
  readonly #paths: string[] = [];
  /** Files whose includes are followed, and how many of them have been. */
  readonly #followed: ScannedFile[] = [];
  #next = 0;
  /** Files whose bytes go into the object without being read as source. */
  readonly #data = new Set<string>();
  readonly #absent: string[] = [];
  readonly #precompiled = new Set<string>();
  readonly #clockFiles: string[] = [];
  readonly #computed: {readonly file: ScannedFile; readonly step: IncludeStep}[] = [];
  #preprocesses = true;
  #complete = true;
  /** A file vanished since it was remembered: what was found so far may be wrong. */
  #stale = false;

  constructor(context: WalkContext) {
    this.#context = context;
  }

  /** Undefined if what was remembered turned out wrong, and has now been corrected: walk again. */
  run(request: ScanRequest): ScanResult | undefined {
    const {lookup, search, open} = this.#context;
    const {cwd, family} = search.path;
    this.#preprocesses = request.language !== 'assembler' && !request.language.endsWith('cpp-output');
    const source = open(absolute(cwd, request.source));
    if (source?.content === undefined) {
      this.#complete = false;
      this.#absent.push(request.source);
    } else this.#visit(source, false);
    if (this.#preprocesses) {
      if (family === 'gcc') this.#visitFound(search.bracketed(lookup.name('stdc-predef.h')));
      const here = lookup.directory(prefixOf(cwd, '.').slice(0, -2));
      for (const text of request.forcedIncludes) {
        const name = lookup.name(text);
        this.#include('quote', name, lookup.inDirectory(here, name));
      }
    }
    this.#drain();
    if (this.#computed.length > 0) this.#compute(request, source);
    if (this.#stale) return undefined;
    for (const path of request.extraFiles) this.#addData(absolute(cwd, path));
    return {
      files: this.#data.size === 0 ? this.#paths : [...new Set([...this.#paths, ...this.#data])],
      directories: search.directories,
      absentIncludes: this.#absent,
      precompiled: [...this.#precompiled],
      clockFiles: this.#clockFiles,
      complete: this.#complete,
    };
  }

  #drain(): void {
    while (this.#next < this.#followed.length) {
      const file = this.#followed[this.#next++] as ScannedFile;
      for (const step of file.steps) this.#follow(file, step);
    }
  }

  #follow(file: ScannedFile, step: IncludeStep): void {
    const {directive, form} = step;
    const ofAssembler = directive === 'incbin' || directive === 'assemble';
    if (!this.#preprocesses && !ofAssembler) return;
    if (directive === 'clock') this.#clockFiles.push(file.path);
    else if (form === 'macro') this.#computed.push({file, step});
    else if (directive === 'include') {
      if (form === 'angle') this.#include('angle', step.name);
      else this.#include('quote', step.name, this.#localOf(file, step), file);
    } else if (directive === 'next') this.#includeNext(file, step.name);
    else if (directive === 'embed') this.#embed(file, form, step.text);
    else this.#assemble(directive === 'incbin', step.text);
  }

  #localOf(file: ScannedFile, step: IncludeStep): Found<ScannedFile> {
    const {lookup} = this.#context;
    if (step.local === undefined) step.local = lookup.inDirectory(file.directory, step.name);
    else if (step.local.version !== step.name.version) lookup.resolve(step.local, file.directory, step.name);
    return step.local;
  }

  /** True if the name means a file. */
  #include(
    form: 'quote' | 'angle',
    name: IncludeName,
    local?: Found<ScannedFile>,
    from?: ScannedFile,
  ): boolean {
    const {search} = this.#context;
    if (local !== undefined) {
      if (local.precompiled) this.#precompiled.add(name.text);
      if (local.file !== undefined) {
        this.#visit(local.file, from?.isSystem === true);
        return true;
      }
      if (from?.isSystem === true) this.#besideTarget(from, name);
    }
    const found = form === 'quote' ? search.quoted(name) : search.bracketed(name);
    if (found.precompiled) this.#precompiled.add(name.text);
    if (this.#visitFound(found)) return true;
    this.#miss(name);
    return false;
  }

  /** GCC opens a system header that is a symlink by its target's path if that is shorter, and looks beside that. */
  #besideTarget(from: ScannedFile, name: IncludeName): void {
    const {files, lookup, search} = this.#context;
    if (search.path.family !== 'gcc' || files.lstat(from.path)?.kind !== 'link') return;
    const target = files.physical(from.path);
    if (target === undefined) return;
    this.#visitFound(
      lookup.inDirectory(lookup.directory(target.slice(0, target.lastIndexOf('/') + 1)), name),
    );
  }

  #includeNext(file: ScannedFile, name: IncludeName): boolean {
    const {lookup, search} = this.#context;
    // Where it stands in the source itself it means the same as #include.
    const isLocal = this.#visitFound(lookup.inDirectory(file.directory, name));
    const others = search.every(name);
    for (const other of others) this.#visit(other, false);
    if (isLocal || others.length > 0) return true;
    this.#miss(name);
    return false;
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
        if (file !== undefined) this.#visit(file, false);
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
    for (let before = -1; before < this.#followed.length; ) {
      before = this.#followed.length;
      const known = new Map<string, MacroDefinition[]>();
      const lookUp = (name: string) => {
        let definitions = known.get(name);
        if (definitions === undefined) {
          definitions = [...(flags.get(name) ?? [])];
          for (const file of this.#followed)
            definitions.push(...file.definitionsOf(name, this.#context.files));
          known.set(name, definitions);
        }
        return definitions;
      };
      for (let i = 0; i < this.#computed.length; i++) {
        const {file, step} = this.#computed[i] as {file: ScannedFile; step: IncludeStep};
        const {names, defined, overflow} = computedNames(step.text, lookUp);
        let isExplained = !defined;
        for (const {form, text} of names)
          if (this.#followComputed(file, step, form, text)) isExplained = true;
        if (step.directive === 'incbin' && (names.length === 0 || !isExplained)) this.#guessData(source);
        else if (isExplained) unexplained.delete(step);
        else unexplained.add(step);
        if (overflow) this.#complete = false;
      }
      this.#drain();
    }
    if (unexplained.size > 0) this.#complete = false;
  }

  #followComputed(file: ScannedFile, step: IncludeStep, form: 'quote' | 'angle', text: string): boolean {
    if (step.directive === 'embed') return this.#embed(file, form, text);
    if (step.directive === 'incbin') return this.#assemble(true, text);
    if (step.directive === 'assemble') return this.#assemble(false, text);
    const name = this.#context.lookup.name(text);
    if (step.directive === 'next') return this.#includeNext(file, name);
    if (form === 'angle') return this.#include('angle', name);
    return this.#include('quote', name, this.#context.lookup.inDirectory(file.directory, name), file);
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

  #visitFound(found: Found<ScannedFile>): boolean {
    if (found.file === undefined) return false;
    this.#visit(found.file, found.isSystem);
    return true;
  }

  #visit(file: ScannedFile, isSystem: boolean): void {
    if (isSystem) file.isSystem = true;
    const {number, files, lookup, verify} = this.#context;
    if (file.walk === number) return;
    file.walk = number;
    if (file.epoch !== files.epoch) {
      verify(file);
      if (!file.exists) {
        lookup.forgetFile(file.path);
        this.#stale = true;
        return;
      }
    }
    if (file.content === undefined) return;
    this.#paths.push(file.path);
    if (file.physical.walk === number) return;
    file.physical.walk = number;
    this.#followed.push(file);
  }

  #miss(name: IncludeName): void {
    const {number} = this.#context;
    if (name.missedIn === number) return;
    name.missedIn = number;
    this.#absent.push(name.text);
    // A name that is not UTF-8 cannot be spelled here.
    if (name.text.includes('\uFFFD')) this.#complete = false;
  }
}

function absolute(cwd: string, path: string): string {
  if (path.startsWith('/')) return path;
  return cwd.endsWith('/') ? cwd + path : `${cwd}/${path}`;
}
