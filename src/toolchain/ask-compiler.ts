/**
 * The slow and sure ways to a compile's inputs, for what the include scanner cannot tell: the compiler's own
 * dependency list, and the file names in its preprocessed output. Neither names what the assembler reads.
 */
import {spawn} from 'node:child_process';
import type {Result} from '../failure.ts';
import {err, ok} from '../failure.ts';
import type {CompileCommand} from './compile-command.ts';
import {parseDepfile} from './depfile.ts';

export interface CompilerQuestion {
  /** The program as it can be started. */
  readonly program: string;
  /** The command line without its first word, `@file` words allowed. */
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** The compiler does not accept the code as far as the preprocessor sees it, or did not run. */
export interface CompilerAnswerMissing {
  readonly reason: 'compiler-refused' | 'compiler-not-started';
  /** What it printed, or why it did not start. */
  readonly text: string;
}

/** The first of both ways that has an answer; undefined where the compiler refuses the code. */
export async function askCompiler({
  compile,
  ...surroundings
}: Omit<CompilerQuestion, 'args'> & {readonly compile: CompileCommand}): Promise<
  readonly string[] | undefined
> {
  const question = {...surroundings, args: compile.args.slice(1)};
  const dependencies = await askDependencies(question);
  if (dependencies.ok) return dependencies.value;
  const preprocessed = await askPreprocessor(question);
  return preprocessed.ok ? preprocessed.value : undefined;
}

/**
 * `cc -M`: all files that are included, the source too. Absolute, as the compiler opens them but for a leading `./`,
 * which it leaves out.
 */
export async function askDependencies(
  question: CompilerQuestion,
): Promise<Result<readonly string[], CompilerAnswerMissing>> {
  const answer = await run(question, ['-M']);
  if (!answer.ok) return answer;
  const depfile = parseDepfile(answer.value);
  if (!depfile.ok) return err({reason: 'compiler-refused', text: depfile.text});
  return ok(absoluteOnce(question.cwd, depfile.inputs));
}

/**
 * `nasm -M`: all files that are included, or taken as they are; the same of yasm, but for the latter. Names that mean no
 * file are among them, and no fault. Absolute.
 */
export async function askAssemblerInputs({
  compile,
  ...question
}: Omit<CompilerQuestion, 'args'> & {readonly compile: CompileCommand}): Promise<
  readonly string[] | undefined
> {
  const args = [
    ...compile.builtinFlags,
    ...compile.search.flatMap(({path}) => ['-I', path]),
    ...compile.macros.flatMap(({kind, text}) => [kind === 'define' ? '-D' : '-U', text]),
    ...compile.forcedIncludes.flatMap(({path}) => ['-P', path]),
  ];
  const answer = await run({...question, args}, ['-M', compile.source]);
  if (!answer.ok) return undefined;
  const depfile = parseDepfile(answer.value);
  return depfile.ok ? absoluteOnce(question.cwd, depfile.inputs) : undefined;
}

/** `cc -E`: all files named by its line markers, `./` and repeated slashes kept. Directives in a string cannot fool it. */
export async function askPreprocessor(
  question: CompilerQuestion,
): Promise<Result<readonly string[], CompilerAnswerMissing>> {
  const answer = await run(question, ['-E']);
  if (!answer.ok) return answer;
  return ok(absoluteOnce(question.cwd, markedFiles(answer.value)));
}

/** File names in line markers (`# 12 "name" 1 3`), in order of first appearance. */
export function markedFiles(preprocessed: Buffer): string[] {
  const names = new Set<string>();
  for (const [, escaped = ''] of preprocessed
    .toString('latin1')
    .matchAll(/^#(?:line)? \d+ "((?:[^"\\\n]|\\.)*)"/gm)) {
    const name = Buffer.from(unescaped(escaped), 'latin1').toString('utf8');
    // `<built-in>`, `<command-line>`, and the working directory, which `-g` puts there with two slashes.
    if (!/^<.*>$/.test(name) && !name.endsWith('//')) names.add(name);
  }
  return [...names];
}

/** The command line without what names outputs and without the stage it stops at. */
export function withoutOutputs(args: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i] as string;
    if (TAKES_NEXT.has(word)) i++;
    else if (!OUTPUT_WORD.test(word)) kept.push(word);
  }
  return kept;
}

const TAKES_NEXT = new Set([
  '-o',
  '-MF',
  '-MT',
  '-MQ',
  '-MJ',
  '--serialize-diagnostics',
  '-serialize-diagnostics',
]);
const OUTPUT_WORD =
  /^(?:-[cSE]|-o.+|-M(?:MD|D|M|P|G|V)?|-M[FTQJ].+|-Wp,-M.*|-save-temps.*|-ftime-trace.*|-fdump-.*|--serialize-diagnostics.*)$/;

function run(
  {program, args, cwd, env, signal}: CompilerQuestion,
  mode: readonly string[],
): Promise<Result<Buffer, CompilerAnswerMissing>> {
  // These two make GCC write a depfile without being asked.
  const {DEPENDENCIES_OUTPUT: _, SUNPRO_DEPENDENCIES: __, ...rest} = env;
  return new Promise(resolve => {
    const child = spawn(program, [...withoutOutputs(args), ...mode], {
      cwd,
      env: rest,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal === undefined ? {} : {signal}),
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.on('error', error => resolve(err({reason: 'compiler-not-started', text: error.message})));
    child.on('close', status => {
      if (status === 0) resolve(ok(Buffer.concat(output)));
      else resolve(err({reason: 'compiler-refused', text: Buffer.concat(errors).toString('utf8')}));
    });
  });
}

function absoluteOnce(cwd: string, paths: readonly string[]): string[] {
  return [...new Set(paths.map(path => (path.startsWith('/') ? path : `${cwd === '/' ? '' : cwd}/${path}`)))];
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : code,
  );
}
