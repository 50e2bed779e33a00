/**
 * Words that a driver hands on to the programs behind it (`-Wp, -Wa, -Xclang` and their like): what they mean for a
 * compile that runs elsewhere. Pure; anything not understood is a named reason to stay local.
 */
import type {MacroFlag, SearchFlag} from './compile-command.ts';
import type {Family} from './compiler-name.ts';
import type {Local, LocalReason} from './local-reason.ts';

export interface PreprocessorWords {
  readonly search: SearchFlag[];
  readonly macros: MacroFlag[];
  readonly targets: {readonly text: string; readonly quoted: boolean}[];
  phonyTargets: boolean;
  depfile: {readonly path: string; readonly systemHeaders: boolean} | undefined;
  local: Local | undefined;
}

/** All of `-Wp,` and `-Xpreprocessor` together: Kbuild's and autotools' dependency output, macros, search flags. */
export function readPreprocessorWords(words: readonly string[], family: Family): PreprocessorWords {
  const read: PreprocessorWords = {
    search: [],
    macros: [],
    targets: [],
    phonyTargets: false,
    depfile: undefined,
    local: undefined,
  };
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const next = words[at + 1];
    if ((word === '-MD' || word === '-MMD') && next !== undefined && read.depfile === undefined) {
      read.depfile = {path: next, systemHeaders: word === '-MD'};
      at++;
    } else if (family === 'gcc' && (word === '-MT' || word === '-MQ') && next !== undefined) {
      read.targets.push({text: next, quoted: word === '-MQ'});
      at++;
    } else if (family === 'gcc' && word === '-MP') {
      read.phonyTargets = true;
    } else if (/^-[DU]./.test(word)) {
      read.macros.push({kind: word[1] === 'D' ? 'define' : 'undefine', text: word.slice(2)});
    } else if (/^-I./.test(word)) {
      read.search.push({flag: '-I', path: word.slice(2)});
    } else {
      read.local ??= {reason: 'preprocessor-option', detail: word};
    }
  }
  return read;
}

export interface AssemblerWords {
  readonly search: SearchFlag[];
  /** Files that listings are written to. */
  readonly listings: string[];
  local: LocalReason | undefined;
}

/** The words of one `-Wa,` list or one `-Xassembler`. */
export function readAssemblerWords(words: readonly string[]): AssemblerWords {
  const read: AssemblerWords = {search: [], listings: [], local: undefined};
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const listing = /^-a[a-z]*=(.+)$/.exec(word)?.[1];
    if (listing !== undefined) {
      read.listings.push(listing);
    } else if (word === '-I' && words[at + 1] !== undefined) {
      read.search.push({flag: '-Wa,-I', path: words[++at]!});
    } else if (/^-I./.test(word)) {
      read.search.push({flag: '-Wa,-I', path: word.slice(2)});
    } else if (/^--?defsym$/.test(word)) {
      at++;
    } else if (!word.startsWith('--debug-prefix-map=')) {
      const isOption = word.startsWith('-') && !/^-(o|I$|-?MD|-listing-file)/.test(word);
      if (!isOption) read.local ??= 'assembler-option';
      else if (word.includes('/')) read.local ??= 'unknown-flag-file';
    }
  }
  return read;
}

/** Words after `-Xclang`: a reason to stay local, if they hold one. */
export function judgeFrontEndWords(words: readonly string[]): Local | undefined {
  for (const detail of words) {
    const reason = judgeFrontEndWord(detail);
    if (reason !== undefined) return {reason, detail};
  }
  return undefined;
}

function judgeFrontEndWord(word: string): LocalReason | undefined {
  if (/^-(include-pch|include-pth|emit-pch|emit-pth|building-pch|pch-through)/.test(word)) return 'pch';
  if (/^-(load|plugin|add-plugin|fpass-plugin)/.test(word)) return 'plugin';
  if (/^-(emit-module|f(modules?|prebuilt|implicit-module|builtin-module))/.test(word)) return 'modules';
  if (NAMES_FILE.test(word)) return 'cc1-option';
  return word.includes('/') && !IS_TEXT.test(word) ? 'unknown-flag-file' : undefined;
}

/** Front-end options whose value, in the same word or the next, is a file even without a slash in sight. */
const NAMES_FILE = new RegExp(
  `^-(o$|include$|dependency-|header-include-|split-dwarf-(file|output)|coverage-(notes|data)-file|
  |serialize-diagnostic-file|diagnostic-log-file|stats-file|opt-record-file|ivfsoverlay|vfsoverlay|ast-|code-completion|
  |fopenmp-host-ir|fprofile-instrument-use-path|mlink-|dump-|token-cache|fixit|verify)`.replace(
    /\n\s*\|/g,
    '',
  ),
);

/** Front-end options whose value is text for the object. */
const IS_TEXT = /^-f(debug-compilation-dir|coverage-compilation-dir|(debug|macro|file|coverage)-prefix-map)/;
