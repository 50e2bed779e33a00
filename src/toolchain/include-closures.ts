/**
 * All files that one leads to along one search path, remembered as sets, so that what a compile may open is the union
 * of what its own few includes lead to. Files that include each other in a circle share one set: the circles are found
 * as in R. Tarjan, "Depth-first search and linear graph algorithms" (1972).
 */
import type {FileState} from '../graph/file-state.ts';
import {IdSet} from './id-set.ts';
import type {Found, IncludeLookup, IncludeName} from './include-lookup.ts';
import type {InputFiles} from './input-files.ts';
import type {IncludeStep, ScannedFile} from './scanned-file.ts';
import type {SearchMemo} from './search-memo.ts';

/** What a file has to say beside the files that it includes by name. */
export interface FileNotes {
  readonly file: ScannedFile;
  /** Names that mean no file. */
  readonly missing: readonly IncludeName[];
  /** Names with a precompiled twin where they are looked for. */
  readonly precompiled: readonly string[];
  /** What each walk has to look at for itself: computed names, and all that is not found as includes are. */
  readonly late: readonly IncludeStep[];
  /** It names a macro whose value is the time. */
  readonly readsClock: boolean;
}

/** What names in `#include`s mean, as far as they were looked up. */
export class Meanings {
  /** Several for one name where it depends on what is not known here. */
  readonly files: ScannedFile[] = [];
  /** Names that mean no file. */
  readonly missing: IncludeName[] = [];
  /** Names with a precompiled twin where they are looked for. */
  readonly precompiled: string[] = [];
}

export interface ClosureContext {
  readonly files: FileState;
  readonly inputs: InputFiles;
  readonly lookup: IncludeLookup<ScannedFile>;
  readonly search: SearchMemo;
  /** Brings a file up to the state's epoch. */
  readonly verify: (file: ScannedFile) => void;
}

interface Visit {
  readonly file: ScannedFile;
  readonly targets: readonly ScannedFile[];
  readonly order: number;
  /** The earliest file of the walk that this one leads back to. */
  earliest: number;
  next: number;
  isOpen: boolean;
}

/** Invariant: what is remembered is right as long as no file of it, and nothing that names mean, has changed. */
export class IncludeClosures {
  readonly #context: ClosureContext;
  /** False where only the assembler reads the files: includes mean nothing then. */
  readonly preprocesses: boolean;
  #closures: (IdSet | undefined)[] = [];
  #notes: (FileNotes | undefined)[] = [];
  /** Files with {@link FileNotes}. */
  #noted = new IdSet();
  /** Bytes of memory that the sets take. */
  bytes = 0;

  constructor(context: ClosureContext, preprocesses: boolean) {
    this.#context = context;
    this.preprocesses = preprocesses;
  }

  get noted(): IdSet {
    return this.#noted;
  }

  /** Prereq: the file is {@link noted}. */
  notesOf(id: number): FileNotes {
    return this.#notes[id] as FileNotes;
  }

  forget(): void {
    this.#closures = [];
    this.#notes = [];
    this.#noted = new IdSet();
    this.bytes = 0;
  }

  /** The file and all that it leads to. Prereq: it exists as of this epoch. */
  of(file: ScannedFile): IdSet {
    return this.#closures[file.id] ?? this.#walk(file);
  }

  #walk(start: ScannedFile): IdSet {
    const visits = new Map<ScannedFile, Visit>();
    const open: Visit[] = [];
    const way: Visit[] = [];
    const enter = (file: ScannedFile) => {
      const order = visits.size;
      const visit = {file, targets: this.#targetsOf(file), order, earliest: order, next: 0, isOpen: true};
      visits.set(file, visit);
      open.push(visit);
      way.push(visit);
    };
    enter(start);
    for (let visit = way.at(-1); visit !== undefined; visit = way.at(-1)) {
      const target = visit.targets[visit.next++];
      if (target !== undefined) {
        const before = visits.get(target);
        if (before?.isOpen) visit.earliest = Math.min(visit.earliest, before.order);
        else if (before === undefined && this.#closures[target.id] === undefined) enter(target);
        continue;
      }
      way.pop();
      const above = way.at(-1);
      if (above !== undefined) above.earliest = Math.min(above.earliest, visit.earliest);
      if (visit.earliest === visit.order) this.#close(open.splice(open.lastIndexOf(visit)));
    }
    return this.#closures[start.id] as IdSet;
  }

  /** Files that lead to each other, and to nothing that is not closed yet. */
  #close(circle: readonly Visit[]): void {
    const closure = new IdSet(this.#context.inputs.size);
    for (const visit of circle) {
      visit.isOpen = false;
      closure.add(visit.file.id);
    }
    for (const {targets} of circle)
      for (const target of targets) {
        const known = this.#closures[target.id];
        if (known !== undefined) closure.addAll(known);
      }
    for (const {file} of circle) this.#closures[file.id] = closure;
    this.bytes += closure.bytes;
  }

  /** The files that one includes, and notes what else it says. */
  #targetsOf(file: ScannedFile): readonly ScannedFile[] {
    if (file.content === undefined) return [];
    const {lookup} = this.#context;
    const twin = file.followed();
    const targets = twin === file ? this.#followed(file) : [twin];
    return targets.filter(target => {
      // It vanished since the name was looked up: what names mean is to be looked up again.
      if (!this.#exists(target)) lookup.forgetFile(target.path);
      return target.exists;
    });
  }

  #exists(file: ScannedFile): boolean {
    const {files, verify} = this.#context;
    if (file.epoch !== files.epoch) verify(file);
    return file.exists;
  }

  #followed(file: ScannedFile): readonly ScannedFile[] {
    const meanings = new Meanings();
    const late: IncludeStep[] = [];
    let readsClock = false;
    for (const step of file.steps) {
      const {directive, form, name} = step;
      const isForAssembler = directive === 'incbin' || directive === 'assemble';
      if (!this.preprocesses && !isForAssembler) continue;
      if (directive === 'clock') readsClock = true;
      else if (isForAssembler || form === 'macro' || directive === 'embed') late.push(step);
      else if (directive === 'next') this.next(file, name, meanings);
      else if (form === 'angle') this.angle(name, meanings);
      else this.quote(name, {local: this.#localOf(file, step), file}, meanings);
    }
    const {files, missing, precompiled} = meanings;
    if (missing.length > 0 || precompiled.length > 0 || late.length > 0 || readsClock) {
      this.#notes[file.id] = {file, missing, precompiled, late, readsClock};
      this.#noted.add(file.id);
    }
    return files;
  }

  /** `#include <name>` */
  angle(name: IncludeName, into: Meanings): void {
    take(this.#context.search.bracketed(name), name, into);
  }

  /** `#include "name"`. `local`: what it means beside the including file, which is `file` unless a flag includes it. */
  quote(
    name: IncludeName,
    {local, file}: {local: Found<ScannedFile>; file?: ScannedFile},
    into: Meanings,
  ): void {
    if (local.precompiled) into.precompiled.push(name.text);
    if (local.file !== undefined) {
      into.files.push(local.file);
      return;
    }
    take(this.#context.search.quoted(name), name, into);
    const beside = file && this.#besideTarget(file, name);
    if (beside !== undefined) into.files.push(beside);
  }

  /** What `#include_next` may mean, wherever it stands; in the source itself it means the same as `#include`. */
  next(file: ScannedFile, name: IncludeName, into: Meanings): void {
    const {lookup, search} = this.#context;
    const local = lookup.inDirectory(file.directory, name).file;
    const others = search.every(name);
    if (local === undefined && others.length === 0) into.missing.push(name);
    if (local !== undefined) into.files.push(local);
    into.files.push(...others);
  }

  #localOf(file: ScannedFile, step: IncludeStep): Found<ScannedFile> {
    const {lookup} = this.#context;
    if (step.local === undefined) step.local = lookup.inDirectory(file.directory, step.name);
    else if (step.local.version !== step.name.version) lookup.resolve(step.local, file.directory, step.name);
    return step.local;
  }

  /**
   * GCC opens a system header that is a symlink by its target's path if that is shorter, and looks beside that. Which
   * headers are the system's is not told here, so it is done for all.
   */
  #besideTarget(file: ScannedFile, name: IncludeName): ScannedFile | undefined {
    const {files, lookup, search} = this.#context;
    if (search.path.family !== 'gcc' || files.lstat(file.path)?.kind !== 'link') return undefined;
    const target = files.physical(file.path);
    if (target === undefined) return undefined;
    const directory = lookup.directory(target.slice(0, target.lastIndexOf('/') + 1));
    return lookup.inDirectory(directory, name).file;
  }
}

function take(found: Found<ScannedFile>, name: IncludeName, into: Meanings): void {
  if (found.precompiled) into.precompiled.push(name.text);
  if (found.file === undefined) into.missing.push(name);
  else into.files.push(found.file);
}
