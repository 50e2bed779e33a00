/**
 * Reads the argv of a gcc or clang driver into a {@link CompileCommand}. It starts nothing, reads no disk and cleans no
 * path; whatever it does not understand gives a named reason to compile here, never a guess.
 */
import type {
  CompileCommand,
  DependencyOutput,
  ForcedInclude,
  MacroFlag,
  SearchFlag,
} from './compile-command.ts';
import {baseName, type CompilerName, compilerName, type Family} from './compiler-name.ts';
import {type Flag, readFlag} from './flags.ts';
import {languageByName, languageBySuffix, type SourceKind} from './language.ts';
import type {Local, LocalReason} from './local-reason.ts';
import {
  judgeFrontEndWords,
  type PreprocessorWords,
  readAssemblerWords,
  readPreprocessorWords,
} from './pass-through.ts';
import {expandResponseFiles, type ReadResponseFile, type ResponseFile} from './response-file.ts';
import {noSideFacts, noteDebugLevel, type SideFacts, setSideFact} from './side-facts.ts';
import {sideOutputs, stemOf} from './side-outputs.ts';

/** Why a command of a known compiler is not one compile of one source. */
export type NotACompile =
  | 'no-compiler'
  | 'no-output-wanted'
  | 'preprocess-only'
  | 'link'
  | 'no-source'
  | 'several-sources'
  | 'stdin-source';

export type ParsedCompile =
  /** With `local` it must not leave this machine; the first reason from the left. */
  | {readonly kind: 'compile'; readonly compile: CompileCommand; readonly local: Local | undefined}
  | {readonly kind: 'not-a-compile'; readonly why: NotACompile};

export interface ParseOptions {
  /** Content of `@file` words; without it every response file counts as absent. */
  readonly readResponseFile?: ReadResponseFile;
  /** What the compiler turned out to be, where its name does not tell. */
  readonly family?: Family;
}

/** Describes the compile that `argv` (launchers taken off) asks for. */
export function parseCompile(argv: readonly string[], options: ParseOptions = {}): ParsedCompile {
  const name = argv[0] === undefined ? undefined : compilerName(argv[0]);
  if (name === undefined) return {kind: 'not-a-compile', why: 'no-compiler'};
  const reading = new Reading(name);
  let words = argv;
  if (argv.some(word => word.startsWith('@'))) {
    const expanded = expandResponseFiles(argv, options.readResponseFile ?? (() => undefined));
    if (expanded.ok) {
      words = expanded.words;
      reading.responseFiles = expanded.files;
    } else reading.stayLocal('response-file', expanded.word);
  }
  reading.read(words);
  return reading.finish(argv, words, options.family ?? name.family);
}

interface Input {
  readonly path: string;
  readonly kind: SourceKind;
}

type Stage = 'link' | '-c' | '-S' | '-E';

const STAGE_ORDER: readonly Stage[] = ['link', '-c', '-S', '-E'];

/** Everything gathered on the way through one command line. */
class Reading {
  responseFiles: readonly ResponseFile[] = [];
  readonly #name: CompilerName;
  readonly #inputs: Input[] = [];
  readonly #search: SearchFlag[] = [];
  readonly #builtin: string[] = [];
  readonly #includes: ForcedInclude[] = [];
  readonly #macros: MacroFlag[] = [];
  readonly #extraInputs: string[] = [];
  readonly #preprocessorWords: string[] = [];
  readonly #cc1Words: string[] = [];
  readonly #targets: {text: string; quoted: boolean}[] = [];
  readonly #facts: SideFacts = noSideFacts();
  readonly #machine = new Map<string, string>();
  #local: Local | undefined;
  #stage: Stage = 'link';
  #isQuery = false;
  #output: string | undefined;
  /** Set by `-x` for the inputs that follow. */
  #language: string | undefined;
  /** A `-Wp,-MD,FILE` with more behind it, which clang hands to a front end that knows no -MD. */
  #longDepfileList: string | undefined;
  #depAll = false;
  #depUser = false;
  #depName: string | undefined;
  #depPhony = false;

  constructor(name: CompilerName) {
    this.#name = name;
  }

  stayLocal(reason: LocalReason, detail: string): void {
    this.#local ??= {reason, detail};
  }

  read(words: readonly string[]): void {
    for (let at = 1; at < words.length; at++) {
      const word = words[at]!;
      if (word.charCodeAt(0) !== 45 /* - */ || word.length === 1) {
        this.#input(word);
        continue;
      }
      if (word === '--') {
        for (const path of words.slice(at + 1)) this.#input(path);
        break;
      }
      const flag = readFlag(word);
      if (!flag.takesNext) {
        this.#flag(flag, flag.value ?? '', word);
        continue;
      }
      const value = words[++at];
      if (value === undefined) this.stayLocal('unknown-flag', word);
      else this.#flag(flag, value, word);
    }
  }

  #input(path: string): void {
    const kind =
      this.#language === undefined ? languageBySuffix(path, this.#name.cxx) : languageByName(this.#language);
    this.#inputs.push({path, kind});
  }

  #flag(flag: Flag, value: string, word: string): void {
    switch (flag.role) {
      case 'pass':
        noteDebugLevel(this.#facts, word);
        break;
      case 'local':
        this.stayLocal(flag.reason ?? 'unknown-flag', word);
        break;
      case 'output':
        this.#output = value;
        break;
      case 'stage':
        if (STAGE_ORDER.indexOf(flag.name as Stage) > STAGE_ORDER.indexOf(this.#stage)) {
          this.#stage = flag.name as Stage;
        }
        break;
      case 'query':
        this.#isQuery = true;
        break;
      case 'language':
        if (flag.name === '-ObjC') this.#language = 'objective-c';
        else if (flag.name === '-ObjC++') this.#language = 'objective-c++';
        else this.#language = value === 'none' ? undefined : value;
        break;
      case 'search':
        // Where a directory is expected, clang takes such a file for a map from header names to files.
        if (value.endsWith('.hmap')) this.stayLocal('header-map', word);
        this.#search.push({flag: flag.name.replace(/=$/, ''), path: value});
        break;
      case 'forced-include':
        this.#includes.push({path: value, macrosOnly: flag.name === '-imacros'});
        break;
      case 'define':
        this.#macros.push({kind: 'define', text: value});
        break;
      case 'undefine':
        this.#macros.push({kind: 'undefine', text: value});
        break;
      case 'builtin':
        this.#builtin.push(word);
        if (flag.takesNext) this.#builtin.push(value);
        // A bare name is one of the compiler's own specs files.
        if (/^--?specs=?$/.test(flag.name) && value.includes('/')) this.#extraInputs.push(value);
        break;
      case 'depfile-all':
        this.#depAll = true;
        break;
      case 'depfile-user':
        this.#depUser = true;
        break;
      case 'depfile-name':
        this.#depName = value;
        break;
      case 'depfile-target':
        this.#targets.push({text: value, quoted: false});
        break;
      case 'depfile-quoted-target':
        this.#targets.push({text: value, quoted: true});
        break;
      case 'depfile-phony':
        this.#depPhony = true;
        break;
      case 'preprocessor-list':
        this.#preprocessorWords.push(...value.split(','));
        if (/^-MM?D,.*,/.test(value)) this.#longDepfileList = word;
        break;
      case 'preprocessor-word':
        this.#preprocessorWords.push(value);
        break;
      case 'assembler-list':
        this.#assembler(value.split(','), word);
        break;
      case 'assembler-word':
        this.#assembler([value], value);
        break;
      case 'cc1-word':
        this.#cc1Words.push(value);
        break;
      case 'input':
        this.#extraInputs.push(value);
        break;
      case 'output-file':
        this.#facts.named.push({flag: flag.name, path: value});
        break;
      case 'native':
        this.#native(word);
        break;
      case 'fact':
        this.#fact(flag.name, value, word);
        break;
    }
  }

  #native(word: string): void {
    this.#machine.set(word.slice(0, word.indexOf('=')), word);
    this.#builtin.push(word);
  }

  #fact(name: string, value: string, word: string): void {
    switch (name) {
      case '-fprofile-use=':
        // Any other value may be a directory, in which the compiler looks for a name that it makes up.
        if (/\.(gcda|profdata|prof|afdo|proftext)$/.test(value)) this.#extraInputs.push(value);
        else this.stayLocal('profile-directory', word);
        break;
      case '-finput-charset=':
      case '-fexec-charset=':
      case '-fwide-exec-charset=':
        if (!/^utf-?8$/i.test(value)) this.stayLocal('charset', word);
        break;
      case '-foffload=':
        if (value !== 'disable') this.stayLocal('offload', word);
        break;
      case '-fno-test-coverage':
        // After --coverage the compilers differ in which of the two wins.
        if (this.#facts.coverageNotes) this.stayLocal('side-output', word);
        break;
      default:
        setSideFact(this.#facts, name, value);
    }
  }

  #assembler(words: readonly string[], detail: string): void {
    const read = readAssemblerWords(words);
    this.#search.push(...read.search);
    for (const path of read.listings) this.#facts.named.push({flag: '-Wa,-a', path});
    if (read.local !== undefined) this.stayLocal(read.local, detail);
  }

  #preprocessor(family: Family): PreprocessorWords['depfile'] {
    const words = this.#preprocessorWords;
    if (words.length === 0) return undefined;
    const read = readPreprocessorWords(words, family);
    if (family !== 'gcc' && this.#longDepfileList !== undefined) {
      this.stayLocal('preprocessor-option', this.#longDepfileList);
    }
    this.#search.push(...read.search);
    this.#macros.push(...read.macros);
    this.#targets.push(...read.targets);
    this.#depPhony ||= read.phonyTargets;
    if (read.local !== undefined) this.stayLocal(read.local.reason, read.local.detail);
    return read.depfile;
  }

  /** Where dependencies go, or undefined when none are asked for. */
  #depfile(output: string, extra: PreprocessorWords['depfile']): DependencyOutput | undefined {
    const asked = this.#depAll || this.#depUser;
    if (!asked && extra === undefined) return undefined;
    if (extra !== undefined && (asked || this.#depName !== undefined)) {
      this.stayLocal('depfile-form', extra.path);
    }
    if (this.#depAll && this.#depUser) this.stayLocal('depfile-form', '-MD -MMD');
    const path = extra?.path ?? this.#depName ?? defaultDepfile(output);
    if (path === '-') this.stayLocal('depfile-form', '-MF -');
    else if (path.startsWith('/dev/')) this.stayLocal('output-device', path);
    return {
      path,
      systemHeaders: extra?.systemHeaders ?? !this.#depUser,
      targets: this.#targets,
      phonyTargets: this.#depPhony,
    };
  }

  /** The one source, or why there is none. */
  #source(): Input | NotACompile {
    if (this.#isQuery) return 'no-output-wanted';
    if (this.#stage === '-E') return 'preprocess-only';
    if (this.#inputs.some(input => input.path === '-')) return 'stdin-source';
    const compiled = this.#inputs.filter(input => input.kind.kind !== 'linker-input');
    // After an unknown flag a stray word may be that flag's value, so it does not count against the source.
    const unclear = this.#local?.reason === 'unknown-flag' || this.#local?.reason === 'response-file';
    const [source] = compiled;
    if (this.#stage === 'link') return 'link';
    if (source === undefined) return 'no-source';
    if (!unclear && this.#inputs.length > 1) return 'several-sources';
    return source;
  }

  finish(args: readonly string[], words: readonly string[], family: Family): ParsedCompile {
    const source = this.#source();
    if (typeof source === 'string') return {kind: 'not-a-compile', why: source};
    const preprocessorDepfile = this.#preprocessor(family);
    const frontEnd = judgeFrontEndWords(this.#cc1Words);
    if (frontEnd !== undefined) this.stayLocal(frontEnd.reason, frontEnd.detail);
    const {kind} = source;
    if (kind.kind === 'header') this.stayLocal('pch', source.path);
    if (kind.kind === 'module') this.stayLocal('modules', source.path);
    if (kind.kind === 'other') this.stayLocal('language', source.path);
    const language = kind.kind === 'source' ? kind.language : this.#name.cxx ? 'c++' : 'c';

    const stage = this.#stage === '-S' ? 'assembly' : 'object';
    const output = this.#output ?? impliedOutput(source.path, stage, this.#facts.emitLlvm);
    if (output === '-' || output.startsWith('/dev/')) this.stayLocal('output-device', output);
    const depfile = this.#depfile(output, preprocessorDepfile);
    const side = sideOutputs(this.#facts, {
      family,
      stage,
      source: source.path,
      output,
      assembler: language === 'asm' || language === 'asm-cpp',
    });
    const device = side.find(file => file.path === '-' || file.path.startsWith('/dev/'));
    if (device !== undefined) this.stayLocal('output-device', device.path);

    const compile: CompileCommand = {
      compiler: args[0]!,
      family,
      args,
      words,
      source: source.path,
      language,
      preprocessed: kind.kind === 'source' && kind.preprocessed,
      stage,
      output,
      search: this.#search,
      builtinFlags: this.#builtin,
      forcedIncludes: this.#includes,
      macros: this.#macros,
      depfile,
      sideOutputs: side,
      extraInputs: [...this.responseFiles.map(file => file.path), ...this.#extraInputs],
      responseFiles: this.responseFiles,
      nativeFlags: [...this.#machine.values()].filter(word => word.endsWith('=native')),
    };
    return {kind: 'compile', compile, local: this.#local};
  }
}

function impliedOutput(source: string, stage: 'object' | 'assembly', emitLlvm: boolean): string {
  const suffix = stage === 'object' ? (emitLlvm ? 'bc' : 'o') : emitLlvm ? 'll' : 's';
  return `${stemOf(baseName(source))}.${suffix}`;
}

/** Beside the output, its suffix replaced; unlike elsewhere a name like `.x` loses all of itself. */
function defaultDepfile(output: string): string {
  const name = baseName(output);
  const dot = name.lastIndexOf('.');
  return `${output.slice(0, output.length - name.length)}${dot === -1 ? name : name.slice(0, dot)}.d`;
}
