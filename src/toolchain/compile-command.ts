/** What is known of one compile from its command line alone, as a value. Paths are as the command spells them. */
import type {WantedOutput} from '../protocol/invocation.ts';
import type {Assembler, Family} from './compiler-name.ts';
import type {Language} from './language.ts';
import type {ResponseFile} from './response-file.ts';

export interface CompileCommand {
  /** argv[0]: a name to be looked up in PATH, or a path. */
  readonly compiler: string;
  /** Set where that is no compiler. */
  readonly assembler?: Assembler;
  readonly family: Family;
  /** argv as the launcher would start it, `@file` words in place: what a worker runs. */
  readonly args: readonly string[];
  /** The same with response files put in; the very same array if there are none. */
  readonly words: readonly string[];
  readonly source: string;
  readonly language: Language;
  /** The source went through a preprocessor already (`.i`, `.ii`). */
  readonly preprocessed: boolean;
  readonly stage: 'object' | 'assembly';
  /** Given by `-o`, or the name that the compiler makes from the source's. */
  readonly output: string;
  /** Search flags in the order of the command. */
  readonly search: readonly SearchFlag[];
  /** Words by which the compiler's own search list or predefined macros may change, in order, for asking it again. */
  readonly builtinFlags: readonly string[];
  /** `-include` and `-imacros` in order; the compiler reads all of the latter first. */
  readonly forcedIncludes: readonly ForcedInclude[];
  /** `-D` and `-U` in order. */
  readonly macros: readonly MacroFlag[];
  readonly depfile: DependencyOutput | undefined;
  /** What is written besides `output` and the depfile. */
  readonly sideOutputs: readonly WantedOutput[];
  /** Files that flags name: response files, profiles, ignore lists, specs. No depfile lists them. */
  readonly extraInputs: readonly string[];
  readonly responseFiles: readonly ResponseFile[];
  /** `-march=native` and its like, where nothing later overrides it. */
  readonly nativeFlags: readonly string[];
}

export interface SearchFlag {
  /** The flag without its value: `-I`, `-iquote`, `-isystem`, ...; `-Wa,-I` is the assembler's own. */
  readonly flag: string;
  readonly path: string;
}

export interface ForcedInclude {
  readonly path: string;
  /** `-imacros`: only the macros are kept. */
  readonly macrosOnly: boolean;
}

export interface MacroFlag {
  readonly kind: 'define' | 'undefine';
  /** `NAME`, `NAME=VALUE` or `NAME(ARGS)=VALUE`, as after the flag. */
  readonly text: string;
}

export interface DependencyOutput {
  readonly path: string;
  /** `-MD`; with `-MMD` the compiler leaves out what it finds in system directories. */
  readonly systemHeaders: boolean;
  /** `-MT` and `-MQ` in order; without any the target is `-o`'s value, else the object's name made from the source's. */
  readonly targets: readonly {readonly text: string; readonly quoted: boolean}[];
  /** `-MP`. */
  readonly phonyTargets: boolean;
}

/** All files that the compile leaves behind: output, depfile and side outputs. */
export function wantedOutputs(compile: CompileCommand): WantedOutput[] {
  const wanted: WantedOutput[] = [{path: compile.output, required: true}];
  if (compile.depfile !== undefined) wanted.push({path: compile.depfile.path, required: true});
  wanted.push(...compile.sideOutputs);
  return wanted;
}

/**
 * Files which, if one of them exists, the compiler uses in place of a forced include. Also the first header that a
 * source includes may have such a twin; that is for whoever reads sources.
 */
export function precompiledHeaderCandidates(compile: CompileCommand): string[] {
  return compile.forcedIncludes
    .filter(include => !include.macrosOnly)
    .flatMap(include => [`${include.path}.gch`, `${include.path}.pch`, `${include.path}.pth`]);
}
