/**
 * Compiles by drivers that take Microsoft's flags (cl, clang-cl): what they read and write, so that they can be named
 * and run here. Nothing else of such a command line is understood, and none of it travels.
 */
import type {CompileShape} from './compile-shape.ts';
import {languageBySuffix} from './language.ts';

const DRIVER = /(?:^|[\\/])(?:cl|icl|clang-cl(?:-\d+)?)$|(?:^|[^a-z])(?:clang-)?cl\.exe$/i;

/** Undefined where the program is no such driver, or links as well. */
export function clCompile(words: readonly string[]): CompileShape | undefined {
  const [program = '', ...args] = words;
  if (!DRIVER.test(program) || !args.some(word => /^[/-]c$/.test(word))) return undefined;
  const end = args.indexOf('--');
  const source = end === -1 ? args.findLast(isSource) : args[end + 1];
  if (source === undefined) return undefined;
  return {source, output: objectOf(source, args), depfile: undefined};
}

/** `/Fo` names the object, or with a separator at its end the directory of one that is named after the source. */
function objectOf(source: string, args: readonly string[]): string {
  const own = `${source.replace(/^.*[\\/]/, '').replace(/\.[^.]*$/, '')}.obj`;
  const at = args.findLastIndex(word => /^[/-](?:Fo|o$)/.test(word));
  if (at === -1) return own;
  const named = args[at]!.replace(/^[/-](?:Fo:?|o)/, '') || args[at + 1] || own;
  return /[\\/]$/.test(named) ? `${named}${own}` : named;
}

function isSource(word: string): boolean {
  // On this side of the system a path may begin as a flag does: a source has a suffix.
  return !word.startsWith('-') && languageBySuffix(word, false).kind === 'source';
}
