/** One file as the include scanner knows it: its bytes' tokens, tied to the names and places they refer to. */
import type {FileContent, FileState} from '../graph/file-state.ts';
import type {Found, IncludeLookup, IncludeName, LookupDirectory} from './include-lookup.ts';
import type {IncludeToken} from './include-tokens.ts';
import {decodeTokens, encodedIncludes, macrosLackedBy, withoutMacro} from './include-tokens.ts';
import type {InputFile} from './input-files.ts';
import type {MacroDefinition, MacroDefinitions} from './macro-definitions.ts';

import {definesMacro, definitionsIn} from './macro-definitions.ts';

/** A token whose name has been interned. */
export interface IncludeStep extends IncludeToken {
  readonly name: IncludeName;
  /** What the name means beside the including file; only for what is looked for there first. */
  local: Found<ScannedFile> | undefined;
}

/**
 * A name in a directory, however that is spelled. `x/a.h` and `x/../x/a.h` mean the same to everything that they
 * include, so only one of them is followed, in all walks; files that include each other by `..` would never end otherwise.
 */
export interface PhysicalFile {
  /** The one whose includes are followed, as long as it exists. */
  first: ScannedFile;
}

export class ScannedFile {
  readonly id: number;
  /** As the compiler opens it, made absolute. */
  readonly path: string;
  readonly name: string;
  readonly directory: LookupDirectory<ScannedFile>;
  /** What all spellings of this path share; see {@link PhysicalFile}. */
  physical: PhysicalFile;
  /** The file state's epoch in which {@link steps} were last known to be right. */
  epoch = -1;
  /** As of {@link epoch}. */
  exists = false;
  /** Undefined for a device and the like, which is found but not sent. */
  content: FileContent | undefined;
  steps: readonly IncludeStep[] = [];
  #definitions: MacroDefinitions | undefined;
  /** Macros that the bytes do not define, also as an earlier process found. */
  #lacks: Set<string> | undefined;
  #quickLooks = 0;

  constructor({id, path, name}: InputFile, directory: LookupDirectory<ScannedFile>) {
    this.id = id;
    this.path = path;
    this.name = name;
    this.directory = directory;
    this.physical = {first: this};
  }

  /** The spelling of this file whose includes stand for those of all. */
  followed(): ScannedFile {
    const {first} = this.physical;
    if (first.exists && first.physical === this.physical) return first;
    this.physical.first = this;
    return this;
  }

  /** Brings everything here up to the state's epoch. */
  verify(files: FileState, lookup: IncludeLookup<ScannedFile>): void {
    const content = files.content(this.path, encodedIncludes);
    this.epoch = files.epoch;
    if (content === undefined) {
      this.content = undefined;
      this.steps = [];
      this.exists = files.stat(this.path)?.kind === 'other';
      return;
    }
    this.exists = true;
    if (content !== this.content) {
      this.content = content;
      this.#definitions = undefined;
      this.#lacks = undefined;
      this.#quickLooks = 0;
      this.steps = decodeTokens(content.note ?? '').map(token => ({
        directive: token.directive,
        form: token.form,
        text: token.text,
        name: lookup.name(token.form === 'macro' ? '' : token.text),
        local: undefined,
      }));
    }
  }

  /** Definitions of one macro; the file is read again, since few compiles need them. */
  definitionsOf(macro: string, files: FileState): readonly MacroDefinition[] {
    if (this.#definitions !== undefined) return this.#definitions.get(macro) ?? [];
    if (this.content === undefined) return [];
    this.#lacks ??= new Set(macrosLackedBy(this.content.note ?? ''));
    if (this.#lacks.has(macro)) return [];
    // A search for one name is a tenth of the cost of reading all definitions, and most files lack it.
    if (this.#quickLooks++ < QUICK_LOOKS) {
      const defines = files.inspect(this.path, bytes => definesMacro(bytes, macro));
      if (defines !== true) this.#lacks.add(macro);
      // What could not be read now may be another time.
      if (defines === false)
        files.annotate(this.path, this.content, withoutMacro(this.content.note ?? '', macro));
      if (defines !== true) return [];
    }
    this.#definitions = files.inspect(this.path, definitionsIn) ?? new Map();
    return this.#definitions.get(macro) ?? [];
  }
}

const QUICK_LOOKS = 8;
