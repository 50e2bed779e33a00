/**
 * Splits a command into the words that `sh -c` would give its program. It knows plain words, quotes and backslashes;
 * whatever else a shell understands is named and refused, so that nobody has to guess. Where shells differ (brace
 * expansion, `time`), the command is refused as well: /bin/sh may be dash or bash.
 */

/** The part of shell syntax, first met from the left, that keeps a command from being a list of plain words. */
export type ShellConstruct =
  | 'expansion'
  | 'command-substitution'
  | 'glob'
  | 'brace'
  | 'tilde'
  | 'comment'
  | 'operator'
  | 'redirection'
  | 'newline'
  | 'assignment'
  | 'reserved-word'
  | 'unterminated-quote'
  | 'trailing-backslash';

export type SplitWords =
  | {readonly ok: true; readonly words: string[]}
  | {readonly ok: false; readonly construct: ShellConstruct};

/**
 * The argv that `/bin/sh -c COMMAND` starts its program with, or the construct that makes COMMAND more than one simple
 * command of literal words. An empty command has no words.
 */
export function splitWords(command: string): SplitWords {
  const words = NEEDS_CARE.test(command) ? splitCarefully(command) : splitBlanks(command);
  if (typeof words === 'string') return {ok: false, construct: words};
  return {ok: true, words};
}

/** Characters without which a command is its words joined by blanks, reserved words and assignments apart. */
const NEEDS_CARE = /["'\\$`*?[{~#;&|<>()\n]/;

const RESERVED = new Set(
  '! { } [[ ]] case coproc do done elif else esac fi for function if in select then time until while'.split(
    ' ',
  ),
);

const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*\+?=/;

const PLAIN_RUN = /[^ \t"'\\$`*?[{~#;&|<>()\n]+/y;
const DOUBLE_RUN = /[^"\\$`]+/y;

const CONSTRUCT_OF: Readonly<Record<string, ShellConstruct>> = {
  $: 'expansion',
  '`': 'command-substitution',
  '*': 'glob',
  '?': 'glob',
  '[': 'glob',
  '{': 'brace',
  ';': 'operator',
  '&': 'operator',
  '|': 'operator',
  '(': 'operator',
  ')': 'operator',
  '<': 'redirection',
  '>': 'redirection',
  '\n': 'newline',
};

function splitBlanks(command: string): string[] | ShellConstruct {
  const words: string[] = [];
  const end = command.length;
  let start = 0;
  for (let at = 0; at <= end; at++) {
    // Blanks are space and tab alone; at the end charCodeAt gives NaN, which closes the last word.
    const code = at < end ? command.charCodeAt(at) : 32;
    if (code !== 32 && code !== 9) continue;
    if (at > start) words.push(command.substring(start, at));
    start = at + 1;
  }
  return firstWordConstruct(words[0]) ?? words;
}

/** What an unquoted first word means to a shell beyond being a program's name. */
function firstWordConstruct(word: string | undefined): ShellConstruct | undefined {
  if (word === undefined) return undefined;
  if (RESERVED.has(word)) return 'reserved-word';
  return ASSIGNMENT.test(word) ? 'assignment' : undefined;
}

function splitCarefully(command: string): string[] | ShellConstruct {
  const words: string[] = [];
  const end = command.length;
  let at = 0;
  let word = '';
  let inWord = false;
  // Text of the word so far if all of it is unquoted: reserved words and assignments are only that without quotes.
  let bare: string | undefined = '';

  const finish = (): ShellConstruct | undefined => {
    if (!inWord) return undefined;
    if (words.length === 0 && bare !== undefined) {
      const construct = firstWordConstruct(bare);
      if (construct !== undefined) return construct;
    }
    words.push(word);
    word = '';
    bare = '';
    inWord = false;
    return undefined;
  };

  const quote = (): ShellConstruct | undefined => {
    // `A=` unquoted in front of a quoted value is an assignment all the same.
    if (words.length === 0 && bare !== undefined && ASSIGNMENT.test(bare)) return 'assignment';
    bare = undefined;
    inWord = true;
    return undefined;
  };

  while (at < end) {
    PLAIN_RUN.lastIndex = at;
    const run = PLAIN_RUN.exec(command);
    if (run !== null) {
      word += run[0];
      if (bare !== undefined) bare += run[0];
      inWord = true;
      at = PLAIN_RUN.lastIndex;
      continue;
    }
    const char = command[at]!;
    switch (char) {
      case ' ':
      case '\t': {
        const construct = finish();
        if (construct !== undefined) return construct;
        at++;
        break;
      }
      case '\\': {
        if (at + 1 >= end) return 'trailing-backslash';
        const next = command[at + 1]!;
        at += 2;
        // A continued line vanishes altogether, even in the midst of a word.
        if (next === '\n') break;
        const construct = quote();
        if (construct !== undefined) return construct;
        word += next;
        break;
      }
      case "'": {
        const construct = quote();
        if (construct !== undefined) return construct;
        const close = command.indexOf("'", at + 1);
        if (close === -1) return 'unterminated-quote';
        word += command.substring(at + 1, close);
        at = close + 1;
        break;
      }
      case '"': {
        const construct = quote();
        if (construct !== undefined) return construct;
        const closed = readDoubleQuoted(command, at + 1);
        if (typeof closed === 'string') return closed;
        word += closed.text;
        at = closed.end;
        break;
      }
      case '#':
        if (!inWord) return 'comment';
        word += char;
        if (bare !== undefined) bare += char;
        at++;
        break;
      case '~':
        if (!inWord || (bare !== undefined && /[=:]$/.test(bare))) return 'tilde';
        word += char;
        if (bare !== undefined) bare += char;
        at++;
        break;
      default:
        return CONSTRUCT_OF[char] ?? 'operator';
    }
  }
  return finish() ?? words;
}

/** Text inside double quotes from `at` on, and the place after the closing quote. */
function readDoubleQuoted(command: string, at: number): {text: string; end: number} | ShellConstruct {
  let text = '';
  for (let place = at; place < command.length; ) {
    DOUBLE_RUN.lastIndex = place;
    const run = DOUBLE_RUN.exec(command);
    if (run !== null) {
      text += run[0];
      place = DOUBLE_RUN.lastIndex;
      continue;
    }
    const char = command[place];
    if (char === '"') return {text, end: place + 1};
    if (char === '$') return 'expansion';
    if (char === '`') return 'command-substitution';
    const next = command[place + 1];
    if (next === undefined) return 'unterminated-quote';
    place += 2;
    if (next === '\n') continue;
    // Inside double quotes a backslash is itself unless it stands before one of these.
    text += next === '"' || next === '$' || next === '`' || next === '\\' ? next : `\\${next}`;
  }
  return 'unterminated-quote';
}
