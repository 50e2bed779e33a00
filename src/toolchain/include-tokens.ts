/**
 * What a file's bytes say about other files that a compiler may open for it, in one pass that knows neither paths nor
 * macro values nor which branch of an `#if` is taken. It looks for directives where a directive may begin and keeps no
 * comment or string state, so a directive inside a string costs an extra file and none is ever hidden.
 */

/**
 * `include`: found by the ordinary rules (`#include`, `#import`, `__has_include`, `#pragma GCC dependency`); `next`:
 * `#include_next` and its test; `embed`: found by the rules of `#embed`; `assemble` and `incbin`: the assembler's
 * `.include` and `.incbin`, also inside inline assembly; `clock`: the file names a macro whose value is the time.
 */
export type Directive = 'include' | 'next' | 'embed' | 'assemble' | 'incbin' | 'clock';

export interface IncludeToken {
  readonly directive: Directive;
  /** `macro`: `text` is what stands where a name is expected, to be expanded. */
  readonly form: 'quote' | 'angle' | 'macro';
  readonly text: string;
}

/** Changes whenever equal bytes may give other tokens, or other answers of `definesMacro`: both are saved. */
export const TOKENS_VERSION = 'tokens-2';

/** In the order of first appearance, without repetitions. */
export function scanIncludes(bytes: Buffer): IncludeToken[] {
  return decodeTokens(encodedIncludes(bytes));
}

/**
 * Everything worth a closer look. One regular expression over a one-byte string: it is native code from the first
 * file on, four times as quick as a loop over the bytes that has yet to be compiled.
 */
const INTERESTING =
  /(?:#|%:)(?:[ \t\v\f]|\\[ \t\r]*\n)*(?:i[nm]|em|pr|[iep]\\|\/\*)|__(?:has_(?:include|embed)|DATE__|TIME(?:STAMP)?__)|\.inc(?:bin|lude)(?![A-Za-z0-9_])/g;

/** The same as text that {@link decodeTokens} reads: a line each. */
export function encodedIncludes(bytes: Buffer): string {
  const source = bytes.toString('latin1');
  const tokens = new Set<string>();
  INTERESTING.lastIndex = 0;
  for (let match = INTERESTING.exec(source); match !== null; match = INTERESTING.exec(source)) {
    const text = match[0];
    const end = INTERESTING.lastIndex;
    if (text.startsWith('__has_')) testAt(source, match.index, tokens);
    else if (text.startsWith('__')) tokens.add('cm');
    else if (text.startsWith('.')) assemblerAt(source, match.index, end, tokens);
    else if (mayStartDirective(source, match.index))
      directiveAt(source, afterComments(source, end - 2), tokens);
  }
  return tokens.size === 0 ? '' : [...tokens].join('\n');
}

export function decodeTokens(encoded: string): IncludeToken[] {
  if (encoded === '') return [];
  const lines = encoded.split('\n').filter(line => !line.startsWith(LACKS));
  return lines.map(line => ({
    directive: DIRECTIVES[line[0] ?? ''] ?? 'include',
    form: FORMS[line[1] ?? ''] ?? 'macro',
    text: line.slice(2),
  }));
}

/** Notes of a macro that the bytes do not define. */
export function withoutMacro(encoded: string, macro: string): string {
  return `${encoded === '' ? '' : `${encoded}\n`}${LACKS}${macro}`;
}

/** The macros of {@link withoutMacro}. */
export function macrosLackedBy(encoded: string): string[] {
  if (!encoded.includes(LACKS)) return [];
  const lines = encoded.split('\n').filter(line => line.startsWith(LACKS));
  return lines.map(line => line.slice(LACKS.length));
}

/** Begins a line that is no token's. */
const LACKS = '-';

/** A line is a letter for the directive, one for the form, and the text, which holds no newline. */
const DIRECTIVES: Readonly<Record<string, Directive>> = {
  i: 'include',
  n: 'next',
  e: 'embed',
  a: 'assemble',
  b: 'incbin',
  c: 'clock',
};
const FORMS: Readonly<Record<string, IncludeToken['form']>> = {q: 'quote', a: 'angle', m: 'macro'};

const WORDS: Readonly<Record<string, string>> = {include: 'i', import: 'i', include_next: 'n', embed: 'e'};
const WORD = /^(include_next|include|import|embed|pragma)(?![A-Za-z0-9_])/;
const DEPENDENCY = /^(?:[ \t\v\f]|\/\*.*?\*\/)+GCC(?:[ \t\v\f]|\/\*.*?\*\/)+dependency(?![A-Za-z0-9_])/s;

function directiveAt(source: string, at: number, tokens: Set<string>): void {
  const line = logicalLine(source, at);
  const word = WORD.exec(line)?.[1];
  if (word === undefined) return;
  const rest = line.slice(word.length);
  if (word !== 'pragma') addOperand(rest, WORDS[word] ?? 'i', tokens);
  else {
    const dependency = DEPENDENCY.exec(rest);
    if (dependency !== null) addOperand(rest.slice(dependency[0].length), 'i', tokens);
  }
}

/** `__has_include(...)`, `__has_include_next(...)` and `__has_embed(...)` wherever they stand, in macro bodies too. */
function testAt(source: string, at: number, tokens: Set<string>): void {
  const [, name = '', operand] =
    /^__has_(include|include_next|embed)(?:__)?(?![A-Za-z0-9_])\s*\((.*)/s.exec(logicalLine(source, at)) ??
    [];
  if (operand === undefined) return;
  // `#define __has_include(x) 0` is a fallback for old compilers, not a test.
  if (/define[ \t]+$/.test(source.slice(Math.max(0, at - 16), at))) return;
  const letter = WORDS[name] ?? 'i';
  const bare = operand.trimStart();
  addOperand(/^["<]/.test(bare) ? bare : upToClosing(bare), letter, tokens);
}

/** The name after a directive; what follows it on the line does not matter. */
function addOperand(rest: string, letter: string, tokens: Set<string>): void {
  const operand = rest.replace(/^(?:\s|\/\*.*?\*\/)+/s, '');
  const literal = /^(?:"([^"\n]+)"|<([^>\n]+)>)/.exec(operand);
  if (literal?.[1] !== undefined) tokens.add(`${letter}q${asUtf8(literal[1])}`);
  else if (literal?.[2] !== undefined) tokens.add(`${letter}a${asUtf8(literal[2])}`);
  else {
    const text = withoutComments(asUtf8(operand));
    if (text.length <= OPERAND_LIMIT && /^[\p{L}_$]/u.test(text)) tokens.add(`${letter}m${text}`);
  }
}

/**
 * `.incbin "file"` in assembler and `".incbin \"file\""` in a string of C; where the string ends before the name is
 * complete, as in `".incbin \"" FILE "\""`, what follows is to be expanded.
 */
function assemblerAt(source: string, at: number, end: number, tokens: Set<string>): void {
  // `a.include` is a member of something; the letter of an escape such as `\n` in a string is nothing of the kind.
  if (/[A-Za-z0-9_)\]]/.test(source[at - 1] ?? ' ') && source[at - 2] !== '\\') return;
  const letter = source[at + 4] === 'b' ? 'b' : 'a';
  const rest = asUtf8(logicalLine(source, end));
  const literal = /^(?:[ \t]|\\t)*\\?"([^"\\\s][^"\\]*)\\?"/.exec(rest);
  if (literal?.[1] !== undefined) {
    tokens.add(`${letter}q${literal[1]}`);
    return;
  }
  const computed = /^(?:[ \t]|\\t)*(?:\\"[ \t]*)?"?[ \t]*([\p{L}_][^"\n;]*)/u.exec(rest);
  if (computed?.[1] !== undefined) tokens.add(`${letter}m${withoutComments(computed[1])}`);
}

/** Whether only blanks, a byte order mark or the end of a comment stand before `at` on its line. */
function mayStartDirective(source: string, at: number): boolean {
  let i = at - 1;
  while (i >= 0 && BLANKS.includes(source[i] as string)) i--;
  if (i < 0) return true;
  const last = source[i];
  return (
    last === '\n' ||
    last === '\r' ||
    (last === '/' && source[i - 1] === '*') ||
    (i === 2 && source.startsWith('\u00ef\u00bb\u00bf'))
  );
}

/** Directives, in characters, and comments before them are shorter; no file may make this pass a slow one. */
const LINE_LIMIT = 8192;
const COMMENT_LIMIT = 65536;
const OPERAND_LIMIT = 1024;

const BLANKS = ' \t\v\f';

/** From `at` to the end of its line, continued lines and a comment begun on it included. */
function logicalLine(source: string, at: number): string {
  const limit = Math.min(source.length, at + LINE_LIMIT);
  let end = at;
  for (;;) {
    const newline = source.slice(end, limit).indexOf('\n');
    if (newline < 0) {
      end = limit;
      break;
    }
    end += newline;
    if (!isSpliced(source, end)) {
      // `<a/*.h>` opens no comment; looking a few lines too far does no harm.
      const line = source.slice(at, end);
      const comment = line.lastIndexOf('/*');
      if (comment < 0 || line.indexOf('*/', comment + 2) >= 0) break;
      const closing = source.slice(end, limit).indexOf('*/');
      if (closing < 0) break;
      end += closing;
    } else end++;
  }
  const line = source.slice(at, end);
  return line.includes('\\') ? line.replace(/\\[ \t\r]*\n/g, '') : line;
}

/** Whether the newline at `end` is taken back by a backslash. */
function isSpliced(source: string, end: number): boolean {
  let i = end - 1;
  while (source[i] === ' ' || source[i] === '\t' || source[i] === '\r') i--;
  return source[i] === '\\';
}

/** Index behind blanks, continued lines and comments. */
function afterComments(source: string, at: number): number {
  const blanks = /(?:[ \t\v\f]|\\[ \t\r]*\n)*/y;
  for (let i = at; ; ) {
    blanks.lastIndex = i;
    blanks.exec(source);
    i = blanks.lastIndex;
    if (!source.startsWith('/*', i)) return i;
    const closing = source.slice(i + 2, i + COMMENT_LIMIT).indexOf('*/');
    if (closing < 0) return source.length;
    i += closing + 4;
  }
}

function asUtf8(text: string): string {
  return /[^\0-\x7f]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}

function withoutComments(text: string): string {
  return text
    .replace(/\/\*.*?(?:\*\/|$)/gs, ' ')
    .replace(/\/\/.*/s, '')
    .replace(/\s+/g, ' ')
    .trim();
}

function upToClosing(text: string): string {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && depth-- === 0) return text.slice(0, i);
  }
  return text;
}
