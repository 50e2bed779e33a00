/**
 * The outward shape of a compile, whatever program it names: one that is not known takes a source with `-c` and writes
 * an object all the same. It knows nothing of what any other flag means.
 */
import {baseName} from './compiler-name.ts';
import {languageBySuffix} from './language.ts';

export interface CompileShape {
  readonly source: string;
  readonly output: string;
  /** What `-MF` names. */
  readonly depfile: string | undefined;
}

/** Programs to which `-c` means something else, or that run what the words behind it say. */
const NO_COMPILER =
  /^(?:(?:ba|da|k|z)?sh|python[\d.]*|perl[\d.]*|ruby[\d.]*|node|cmake3?|libtool|echo|printf|install)$/;

/** Undefined where `words` do not ask for an object of one C or C++ source, as far as anybody can tell. */
export function compileShape(words: readonly string[]): CompileShape | undefined {
  const stage = words.indexOf('-c');
  if (stage < 1 || NO_COMPILER.test(baseName(words[0]!))) return undefined;
  const output = lastValue(words, '-o');
  if (output === undefined || !/\.(?:o|obj)$/.test(output)) return undefined;
  const source = isSource(words[stage + 1]) ? words[stage + 1] : words.slice(1).findLast(isSource);
  return source === undefined ? undefined : {source, output, depfile: lastValue(words, '-MF')};
}

/** The same of a text that only a shell can read: one of the commands in it has the shape. */
export function hasCompileShape(command: string): boolean {
  return command.split(/[;&|\n]+/).some(part => {
    const words = part
      .replace(/["'()]/g, ' ')
      .trim()
      .split(/\s+/);
    const program = words.findIndex(word => !/^[A-Za-z_][A-Za-z0-9_]*=/.test(word));
    return program >= 0 && compileShape(words.slice(program)) !== undefined;
  });
}

/** Of the flag's last use, as a word of its own or joined to the flag. */
function lastValue(words: readonly string[], flag: string): string | undefined {
  const at = words.findLastIndex(word => word.startsWith(flag));
  return at === -1 ? undefined : words[at] === flag ? words[at + 1] : words[at]!.slice(flag.length);
}

function isSource(word: string | undefined): boolean {
  if (word === undefined || word.startsWith('-')) return false;
  const {kind} = languageBySuffix(word, false);
  return kind === 'source' || kind === 'module';
}
