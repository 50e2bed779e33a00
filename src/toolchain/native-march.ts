/**
 * Turns `-march=native` and its like into this machine's values, so that a compile elsewhere gives the same object.
 *
 * gcc expands the flag inside its specs, between the words that it adds itself: the same words on the command line give
 * the same code, but another DW_AT_producer. So gcc keeps its command line and gets a specs file in which the expansion
 * stands as text. Clang gets the processor's name, and its features as front-end words. Both are proven on this machine
 * before use: gcc's front end must be started with the same words, clang must give a function the same attributes.
 */
import {execFile} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {digestOf} from '../protocol/digest.ts';
import type {CompileCommand} from './compile-command.ts';
import type {Environment} from './launcher.ts';
import type {Local} from './local-reason.ts';
import {splitWords} from './words.ts';

export type NativeReplaced =
  | {
      readonly ok: true;
      /** The argv to run elsewhere. */
      readonly args: readonly string[];
      /** Files that must exist there beside the compile's own inputs, at these absolute paths. */
      readonly files: readonly {readonly path: string; readonly content: string}[];
    }
  | {readonly ok: false; readonly local: Local};

export interface NativePlace {
  readonly cwd: string;
  readonly env: Environment;
}

/** Where the specs file lies for the compiler elsewhere. No such folder need exist here. */
const SPECS_FOLDER = '/.llama';

/** What takes the place of the flags, for any command with the same compiler and machine flags. */
type Substitute =
  | {readonly kind: 'specs'; readonly path: string; readonly content: string}
  | {
      readonly kind: 'words';
      readonly march: string;
      readonly mtune: string;
      readonly features: readonly string[];
    };

/** Asks each compiler once per distinct set of machine flags, for the life of the object. */
export class NativeFlags {
  readonly #known = new Map<string, Promise<Substitute | undefined>>();

  /** The compile with this machine's values. Prereq: `compile.nativeFlags` is not empty. */
  async replace(compile: CompileCommand, place: NativePlace): Promise<NativeReplaced> {
    const refused: NativeReplaced = {
      ok: false,
      local: {reason: 'native', detail: compile.nativeFlags.join(' ')},
    };
    const machine = machineWords(compile.words);
    // A relative or unqualified compiler is another one elsewhere, or with another PATH.
    const key = [compile.compiler, place.cwd, place.env.PATH ?? '', ...machine].join('\0');
    let substitute = this.#known.get(key);
    if (substitute === undefined) {
      substitute = findSubstitute(compile.compiler, machine, place);
      this.#known.set(key, substitute);
    }
    const found = await substitute;
    if (found === undefined) return refused;
    const [compiler = '', ...rest] = compile.args;
    if (found.kind === 'specs') {
      const file = {path: found.path, content: found.content};
      return {ok: true, args: [compiler, `-specs=${found.path}`, ...rest], files: [file]};
    }
    // Clang hands front-end words to no assembler, and may record its command line in the object.
    const isAssembler = compile.language === 'asm' || compile.language === 'asm-cpp';
    if (isAssembler || compile.words.some(word => /^-[fg]record-(command-line|gcc-switches)$/.test(word))) {
      return refused;
    }
    const words = compile.words.slice(1).map(word => inPlace(word, found));
    return {ok: true, args: [compiler, ...found.features.flatMap(frontEndFeature), ...words], files: []};
  }
}

/** The flags on which the choice of processor and features depends, in order. */
function machineWords(words: readonly string[]): string[] {
  const machine: string[] = [];
  for (let at = 1; at < words.length; at++) {
    const word = words[at]!;
    if (/^-(mllvm|mmlir|mthread-model|meabi|Xclang|Xlinker|Xassembler|Xpreprocessor)$/.test(word)) at++;
    else if (word === '-target') machine.push(word, words[++at] ?? '');
    else if (/^(-m[^=/]+(=[^/]*)?|--target=.*)$/.test(word)) machine.push(word);
  }
  return machine;
}

async function findSubstitute(
  compiler: string,
  machine: readonly string[],
  place: NativePlace,
): Promise<Substitute | undefined> {
  const asked = await askDriver(compiler, machine, place);
  if (asked === undefined) return undefined;
  return asked[1] === '-cc1'
    ? clangSubstitute(compiler, machine, asked, place)
    : gccSubstitute(compiler, machine, asked, place);
}

/** The words with which the driver would start its front end. */
async function askDriver(
  compiler: string,
  flags: readonly string[],
  place: NativePlace,
): Promise<string[] | undefined> {
  const args = ['-###', ...flags, '-S', '-x', 'c', '/dev/null', '-o', '/dev/null'];
  const ran = await run(compiler, args, place);
  if (ran === undefined) return undefined;
  for (const line of ran.stderr.split('\n')) {
    const split = line.startsWith(' ') ? splitWords(line) : undefined;
    if (!split?.ok) continue;
    const {words} = split;
    if (words[1] === '-cc1' || /(^|\/)cc1$/.test(words[0] ?? '')) return words;
  }
  return undefined;
}

async function gccSubstitute(
  compiler: string,
  machine: readonly string[],
  asked: readonly string[],
  place: NativePlace,
): Promise<Substitute | undefined> {
  const from = asked.indexOf('/dev/null') + 1;
  const to = asked.indexOf('-quiet', from);
  const expansion = asked.slice(from, to);
  if (from === 0 || to === -1 || expansion.length === 0) return undefined;
  // Anything else might mean something to the language of specs.
  if (!expansion.every(word => /^[-+=.,\w]+$/.test(word))) return undefined;
  const content = `*cc1_cpu:\n%>march=native %>mtune=native ${expansion.join(' ')}\n`;
  const folder = await mkdtemp(join(tmpdir(), 'llama-specs-'));
  try {
    const trial = join(folder, 'native.specs');
    await writeFile(trial, content);
    const again = await askDriver(compiler, [`-specs=${trial}`, ...machine], place);
    if (again?.join('\0') !== asked.join('\0')) return undefined;
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
  return {kind: 'specs', path: `${SPECS_FOLDER}/native-${digestOf(content).slice(0, 16)}.specs`, content};
}

async function clangSubstitute(
  compiler: string,
  machine: readonly string[],
  asked: readonly string[],
  place: NativePlace,
): Promise<Substitute | undefined> {
  const substitute: Substitute = {
    kind: 'words',
    march: valuesOf('-target-cpu', asked)[0] ?? '',
    mtune: valuesOf('-tune-cpu', asked)[0] ?? '',
    features: machine.includes('-march=native') ? valuesOf('-target-feature', asked) : [],
  };
  const replaced = [
    ...substitute.features.flatMap(frontEndFeature),
    ...machine.map(word => inPlace(word, substitute)),
  ];
  const probe = ['-O2', '-S', '-emit-llvm', '-x', 'c', '-', '-o', '-'];
  const [original, trial] = await Promise.all([
    run(compiler, [...machine, ...probe], place, PROBE_SOURCE),
    run(compiler, [...replaced, ...probe], place, PROBE_SOURCE),
  ]);
  if (original === undefined || original.stdout === '') return undefined;
  // Of some processors it says that their features do not go together, in the words that it was given.
  const isAlike = trial?.stdout === original.stdout && trial.stderr === original.stderr;
  return isAlike ? substitute : undefined;
}

/** Its attributes in clang's own language name processor, tuning and every feature. */
const PROBE_SOURCE = 'int probe(int x) { return x * 3; }\n';

function inPlace(word: string, by: {readonly march: string; readonly mtune: string}): string {
  if (word === '-march=native') return `-march=${by.march}`;
  return word === '-mtune=native' ? `-mtune=${by.mtune}` : word;
}

function frontEndFeature(feature: string): string[] {
  return ['-Xclang', '-target-feature', '-Xclang', feature];
}

function valuesOf(option: string, words: readonly string[]): string[] {
  const values: string[] = [];
  words.forEach((word, at) => {
    const value = words[at + 1];
    if (word === option && value !== undefined) values.push(value);
  });
  return values;
}

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/** Output of a run that succeeded; any failure is the same to us: the compile itself will show it. */
function run(
  program: string,
  args: readonly string[],
  place: NativePlace,
  input = '',
): Promise<Ran | undefined> {
  return new Promise(resolve => {
    const options = {cwd: place.cwd, env: {...place.env, LC_ALL: 'C'}, maxBuffer: 1 << 24};
    const child = execFile(program, [...args], options, (error, stdout, stderr) =>
      resolve(error === null ? {stdout, stderr} : undefined),
    );
    // A driver that stops early closes its input; what it says is judged by its exit status.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
