/**
 * Reads the argv of nasm or yasm into a {@link CompileCommand}, as `command-line.ts` does for compilers: it starts
 * nothing, and whatever it does not understand gives a named reason to stay here.
 */
import type {ParsedCompile} from './command-line.ts';
import type {CompileCommand, MacroFlag, SearchFlag} from './compile-command.ts';
import type {Assembler} from './compiler-name.ts';
import type {Environment} from './launcher.ts';
import type {Local, LocalReason} from './local-reason.ts';

/** What a flag does; its value is joined to it or the next word, but for flags of {@link JOINED}. */
type Role =
  | 'output'
  | 'format'
  | 'search'
  | 'pre-include'
  | 'macro'
  | 'list'
  /** Has a value, which changes no file's name. */
  | 'value'
  /** Nothing behind it belongs to it. */
  | 'bare'
  /** No object is made. */
  | 'other'
  | LocalReason;

const COMMON: Readonly<Record<string, Role>> = {
  o: 'output',
  f: 'format',
  I: 'search',
  i: 'search',
  P: 'pre-include',
  D: 'macro',
  d: 'macro',
  U: 'macro',
  u: 'macro',
  l: 'list',
  X: 'value',
  s: 'bare',
  e: 'other',
  h: 'other',
};

const SHORT: Readonly<Record<Assembler, Readonly<Record<string, Role>>>> = {
  nasm: {
    ...COMMON,
    p: 'pre-include',
    F: 'value',
    t: 'bare',
    a: 'bare',
    E: 'other',
    v: 'other',
    Z: 'side-output',
    '@': 'response-file',
  },
  yasm: {...COMMON, a: 'value', m: 'value', g: 'value', L: 'value', E: 'side-output'},
};

/** Flags whose value, if there is one, is joined to them: nothing of it names a file. */
const JOINED: Readonly<Record<Assembler, RegExp>> = {nasm: /^-[OgwWL]/, yasm: /^-[wW]/};

/** Long flags whose value is the next word, or stands behind `=`. */
const LONG_VALUE =
  /^--(?:prefix|postfix|suffix|gprefix|gpostfix|gsuffix|lprefix|lpostfix|lsuffix|limit-[a-z-]+)$/;
const LONG_BARE = /^--(?:no-line|reproducible|keep-all|force-strict)$/;
/** What yasm's `-p` and `-r` may be: others read another language, or start a preprocessor. */
const OF_YASM: Readonly<Record<string, RegExp>> = {p: /^nasm$/, r: /^(?:nasm|raw)$/};

/** Describes the assembly that `argv` (launchers taken off) asks for. */
export function parseAssembly(argv: readonly string[], assembler: Assembler): ParsedCompile {
  const reading = new Reading(assembler);
  reading.read(argv);
  return reading.finish(argv);
}

/** Why an assembly stays here whatever its words say. */
export function judgeAssembler(assembler: Assembler, env: Environment): Local | undefined {
  if (assembler !== 'nasm' || (env.NASMENV ?? '') === '') return undefined;
  return {reason: 'assembler-environment', detail: 'NASMENV'};
}

class Reading {
  readonly #assembler: Assembler;
  readonly #sources: string[] = [];
  readonly #search: SearchFlag[] = [];
  readonly #preIncludes: string[] = [];
  readonly #macros: MacroFlag[] = [];
  readonly #targets: {text: string; quoted: boolean}[] = [];
  #output: string | undefined;
  #list: string | undefined;
  #format: string | undefined;
  #depfile: string | undefined;
  #writesDepfile = false;
  #isOther = false;
  #local: Local | undefined;

  constructor(assembler: Assembler) {
    this.#assembler = assembler;
  }

  read(argv: readonly string[]): void {
    for (let at = 1; at < argv.length; at++) {
      const word = argv[at]!;
      if (!word.startsWith('-') || word === '-') this.#sources.push(word);
      else if (word === '--') {
        this.#sources.push(...argv.slice(at + 1));
        return;
      } else if (word.startsWith('--')) at += this.#long(word);
      else if (word.startsWith('-M')) at += this.#dependencies(word, argv[at + 1]);
      else if (!JOINED[this.#assembler].test(word)) at += this.#short(word, argv[at + 1]);
    }
  }

  #stay(reason: LocalReason, detail: string): void {
    this.#local ??= {reason, detail};
  }

  /** Answers how many words after this one are its value. */
  #short(word: string, next: string | undefined): 0 | 1 {
    const letter = word[1]!;
    const isJoined = word.length > 2;
    const value = isJoined ? word.slice(2) : next;
    const ofYasm = this.#assembler === 'yasm' ? OF_YASM[letter] : undefined;
    const role = ofYasm ? 'value' : SHORT[this.#assembler][letter];
    switch (role) {
      case undefined:
        this.#stay('unknown-flag', word);
        return 0;
      case 'bare':
        if (isJoined) this.#stay('unknown-flag', word);
        return 0;
      case 'other':
        this.#isOther = true;
        return 0;
      default:
        break;
    }
    if (value === undefined) {
      this.#stay('unknown-flag', word);
      return 0;
    }
    if (ofYasm && !ofYasm.test(value)) this.#stay('language', `-${letter} ${value}`);
    this.#value(role, value, letter);
    return isJoined ? 0 : 1;
  }

  #value(role: Role, value: string, letter: string): void {
    switch (role) {
      case 'output':
        this.#output = value;
        break;
      case 'format':
        this.#format = value;
        break;
      case 'search':
        this.#search.push({flag: '-I', path: value});
        break;
      case 'pre-include':
        this.#preIncludes.push(value);
        break;
      case 'macro':
        this.#macros.push({kind: /[uU]/.test(letter) ? 'undefine' : 'define', text: value});
        break;
      case 'list':
        this.#list = value;
        break;
      case 'value':
        break;
      default:
        this.#stay(role as LocalReason, `-${letter} ${value}`);
    }
  }

  #long(word: string): 0 | 1 {
    if (LONG_BARE.test(word)) return 0;
    const equals = word.indexOf('=');
    if (LONG_VALUE.test(equals === -1 ? word : word.slice(0, equals))) return equals === -1 ? 1 : 0;
    if (/^--(?:v|version|help|license|preproc-only)$/.test(word)) this.#isOther = true;
    else this.#stay('unknown-flag', word);
    return 0;
  }

  /** `-M` alone makes no object; of yasm it is the only one. */
  #dependencies(word: string, next: string | undefined): 0 | 1 {
    const what = word.slice(2);
    if (what === '' || what === 'G') {
      this.#isOther = true;
      return 0;
    }
    if (this.#assembler === 'yasm') {
      this.#stay('unknown-flag', word);
      return 0;
    }
    if (what === 'P') return 0;
    const hasValue = next !== undefined && (!next.startsWith('-') || next === '-');
    if (what === 'D') {
      this.#writesDepfile = true;
      if (hasValue) this.#depfile = next;
      return hasValue ? 1 : 0;
    }
    if (next === undefined || !/^[FTQ]$/.test(what)) {
      this.#stay('unknown-flag', word);
      return 0;
    }
    if (what === 'F') this.#depfile = next;
    else this.#targets.push({text: next, quoted: what === 'Q'});
    return 1;
  }

  finish(args: readonly string[]): ParsedCompile {
    if (this.#isOther || this.#output === undefined) return {kind: 'not-a-compile', why: 'no-output-wanted'};
    const [source] = this.#sources;
    if (source === undefined) return {kind: 'not-a-compile', why: 'no-source'};
    if (source === '-') return {kind: 'not-a-compile', why: 'stdin-source'};
    if (this.#sources.length > 1 && this.#local === undefined)
      return {kind: 'not-a-compile', why: 'several-sources'};
    // Other formats hold the time of day.
    if (!/^elf(?:32|64|x32)?$/.test(this.#format ?? '')) this.#stay('assembler-format', this.#format ?? '');
    const depfile = this.#writesDepfile ? this.#depfile : undefined;
    const files = [this.#output, this.#list, depfile].filter(path => path !== undefined);
    for (const path of files) if (path === '-' || path.startsWith('/dev/')) this.#stay('output-device', path);
    const compile: CompileCommand = {
      compiler: args[0]!,
      assembler: this.#assembler,
      family: 'unknown',
      args,
      words: args,
      source,
      language: 'asm',
      preprocessed: false,
      stage: 'object',
      output: this.#output,
      search: this.#search,
      builtinFlags: ['-f', this.#format ?? ''],
      forcedIncludes: this.#preIncludes.map(path => ({path, macrosOnly: false})),
      macros: this.#macros,
      depfile:
        depfile === undefined
          ? undefined
          : {path: depfile, systemHeaders: true, targets: this.#targets, phonyTargets: false},
      sideOutputs: this.#list === undefined ? [] : [{path: this.#list, required: true}],
      extraInputs: [],
      responseFiles: [],
      nativeFlags: [],
    };
    return {kind: 'compile', compile, local: this.#local};
  }
}
