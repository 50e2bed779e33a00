/** A parsed command line -> the questions that discovery asks about it. It runs nothing and looks at no file. */
import type {Digest} from '../protocol/digest.ts';
import type {CompileCommand} from './compile-command.ts';
import type {ScanRequest} from './include-scan.ts';
import type {Language} from './language.ts';
import type {SearchPath, SearchRequest} from './search-path.ts';

export interface CompileSurroundings {
  /** The program that `compile.compiler` means. */
  readonly program: string;
  /** What that program is, whatever it is called. */
  readonly family: 'gcc' | 'clang';
  /** Of that program's toolchain. */
  readonly toolchain: Digest;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Flags whose directories are joined with the built-in ones here; any other way of giving them is left to the compiler. */
const LISTS = {'-iquote': 'quote', '-I': 'angle', '-isystem': 'system', '-idirafter': 'after'} as const;
const EMBED = '--embed-dir';
const OF_ASSEMBLER = '-Wa,-I';

export function searchRequestOf(
  compile: CompileCommand,
  {program, family, toolchain, cwd, env}: CompileSurroundings,
): SearchRequest {
  const lists = {quote: [] as string[], angle: [] as string[], system: [] as string[], after: [] as string[]};
  const embed: string[] = [];
  const assembler: string[] = [];
  let isPlain = true;
  for (const {flag, path} of compile.search) {
    const list = LISTS[flag as keyof typeof LISTS];
    // `=DIR` and `$SYSROOT/DIR` are below the system root, which only the compiler knows for sure.
    if (path.startsWith('=') || path.startsWith('$SYSROOT')) isPlain = false;
    else if (list !== undefined) lists[list].push(path);
    else if (flag === EMBED) embed.push(path);
    else if (flag === OF_ASSEMBLER) assembler.push(path);
    else isPlain = false;
  }
  const common = {
    compiler: program,
    family,
    toolchain,
    language: LANGUAGE_NAMES[compile.language],
    cwd,
    env,
    embed,
    assembler,
  };
  if (isPlain) return {...common, ...lists, baseFlags: compile.builtinFlags};
  const flags = compile.search
    .filter(({flag}) => flag !== EMBED && flag !== OF_ASSEMBLER)
    .flatMap(({flag, path}) => (flag.startsWith('--') ? [`${flag}=${path}`] : [flag, path]));
  return {
    ...common,
    quote: [],
    angle: [],
    system: [],
    after: [],
    baseFlags: [...compile.builtinFlags, ...flags],
  };
}

export function scanRequestOf(compile: CompileCommand, search: SearchPath): ScanRequest {
  return {
    source: compile.source,
    language: compile.preprocessed ? 'cpp-output' : LANGUAGE_NAMES[compile.language],
    search,
    forcedIncludes: compile.forcedIncludes.map(({path}) => path),
    defines: compile.macros.filter(({kind}) => kind === 'define').map(({text}) => text),
    extraFiles: compile.extraInputs,
  };
}

const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  c: 'c',
  'c++': 'c++',
  'objective-c': 'objective-c',
  'objective-c++': 'objective-c++',
  asm: 'assembler',
  'asm-cpp': 'assembler-with-cpp',
};
