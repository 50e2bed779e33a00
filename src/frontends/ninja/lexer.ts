/**
 * Tokens of ninja's manifest language, of versions 1.11 to 1.13 (`lexer.in.cc` is the definition). Knows nothing of
 * statements. Errors carry ninja's own wording and place.
 */
import {FailureError, type ManifestInvalid} from '../../failure.ts';
import type {EvalPart, EvalString} from './eval.ts';

export type Token =
  | 'build'
  | 'colon'
  | 'default'
  | 'equals'
  | 'eof'
  | 'error'
  | 'ident'
  | 'include'
  | 'indent'
  | 'newline'
  | 'pipe'
  | 'pipe2'
  | 'pipe@'
  | 'pool'
  | 'rule'
  | 'subninja';

const TOKEN_NAMES: Readonly<Record<Token, string>> = {
  build: "'build'",
  colon: "':'",
  default: "'default'",
  equals: "'='",
  eof: 'eof',
  error: 'lexing error',
  ident: 'identifier',
  include: "'include'",
  indent: 'indent',
  newline: 'newline',
  pipe: "'|'",
  pipe2: "'||'",
  'pipe@': "'|@'",
  pool: "'pool'",
  rule: "'rule'",
  subninja: "'subninja'",
};

const KEYWORDS = new Map<string, Token>([
  ['build', 'build'],
  ['pool', 'pool'],
  ['rule', 'rule'],
  ['default', 'default'],
  ['include', 'include'],
  ['subninja', 'subninja'],
]);

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const HASH = 35;
const DOLLAR = 36;
const COLON = 58;
const EQUALS = 61;
const AT = 64;
const BRACE = 123;
const PIPE = 124;

/** Letters, digits, `_`, `-` (value 2: allowed in `$name`) and `.` (value 1: in `${name}` and identifiers only). */
const NAME_CHARACTER = new Uint8Array(128);
for (const c of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-')
  NAME_CHARACTER[c.charCodeAt(0)] = 2;
NAME_CHARACTER['.'.charCodeAt(0)] = 1;

/** Characters that end a run of literal text. */
const ENDS_LITERAL = new Uint8Array(128);
for (const c of '$ :\r\n|\0') ENDS_LITERAL[c.charCodeAt(0)] = 1;

export class Lexer {
  readonly file: string;
  readonly #text: string;
  #at = 0;
  #last = 0;

  /** `text` need not end in a newline. */
  constructor(file: string, text: string) {
    this.file = file;
    this.#text = text;
  }

  readToken(): Token {
    const text = this.#text;
    let at = this.#at;
    let token: Token;
    for (;;) {
      this.#last = at;
      let p = at;
      while (text.charCodeAt(p) === SPACE) p++;
      const c = text.charCodeAt(p);
      if (c === HASH) {
        const end = text.indexOf('\n', p);
        // A comment that the file's end cuts off is no comment to ninja; "indent" or an error follows from it.
        if (end >= 0) {
          at = end + 1;
          continue;
        }
      }
      if (c === NEWLINE) {
        token = 'newline';
        at = p + 1;
      } else if (c === RETURN && text.charCodeAt(p + 1) === NEWLINE) {
        token = 'newline';
        at = p + 2;
      } else if (p > at) {
        token = 'indent';
        at = p;
      } else {
        [token, at] = this.#word(p, c);
      }
      break;
    }
    this.#at = at;
    if (token !== 'newline' && token !== 'eof') this.#skipSpace();
    return token;
  }

  #word(at: number, c: number): [Token, number] {
    if (Number.isNaN(c) || c === 0) return ['eof', at];
    if (c === EQUALS) return ['equals', at + 1];
    if (c === COLON) return ['colon', at + 1];
    if (c === PIPE) {
      const next = this.#text.charCodeAt(at + 1);
      if (next === AT) return ['pipe@', at + 2];
      return next === PIPE ? ['pipe2', at + 2] : ['pipe', at + 1];
    }
    const end = this.#nameEnd(at, 1);
    if (end === at) return ['error', at + 1];
    return [KEYWORDS.get(this.#text.slice(at, end)) ?? 'ident', end];
  }

  unreadToken(): void {
    this.#at = this.#last;
  }

  /** Consumes the next token if it is this one. */
  peek(token: Token): boolean {
    if (this.readToken() === token) return true;
    this.unreadToken();
    return false;
  }

  expect(token: Token): void {
    const found = this.readToken();
    if (found === token) return;
    const hint = token === 'colon' ? " ($ also escapes ':')" : '';
    throw this.error(`expected ${TOKEN_NAMES[token]}, got ${TOKEN_NAMES[found]}${hint}`);
  }

  static nameOf(token: Token): string {
    return TOKEN_NAMES[token];
  }

  /** An identifier, or undefined if none is next. */
  readIdent(): string | undefined {
    const end = this.#nameEnd(this.#at, 1);
    this.#last = this.#at;
    if (end === this.#at) return undefined;
    const name = this.#text.slice(this.#at, end);
    this.#at = end;
    this.#skipSpace();
    return name;
  }

  /** A path, '' if none is next. */
  readPath(): EvalString {
    const path = this.#readEval(true);
    this.#skipSpace();
    return path;
  }

  /** The rest of a line as a value. */
  readValue(): EvalString {
    return this.#readEval(false);
  }

  #readEval(isPath: boolean): EvalString {
    const text = this.#text;
    let p = this.#at;
    let literal = '';
    let parts: EvalPart[] | undefined;
    // Where the token that ends the text begins: there ninja sees a fault of what comes next.
    let end: number;
    for (;;) {
      const start = p;
      let c = text.charCodeAt(p);
      while (c > 127 || ENDS_LITERAL[c] === 0) c = text.charCodeAt(++p);
      if (p > start) literal += text.slice(start, p);
      if (c === DOLLAR) {
        const next = text.charCodeAt(p + 1);
        if (next === DOLLAR || next === SPACE || next === COLON) {
          literal += String.fromCharCode(next);
          p += 2;
        } else if (next === NEWLINE || (next === RETURN && text.charCodeAt(p + 2) === NEWLINE)) {
          p += next === NEWLINE ? 2 : 3;
          while (text.charCodeAt(p) === SPACE) p++;
        } else {
          const braced = next === BRACE;
          const from = braced ? p + 2 : p + 1;
          const nameEnd = this.#nameEnd(from, braced ? 1 : 2);
          this.#last = p;
          if (nameEnd === from || (braced && text[nameEnd] !== '}')) {
            throw this.error('bad $-escape (literal $ must be written as $$)');
          }
          parts ??= [];
          if (literal !== '') parts.push(literal);
          literal = '';
          parts.push({variable: text.slice(from, nameEnd)});
          p = braced ? nameEnd + 1 : nameEnd;
        }
      } else if (c === NEWLINE || (c === RETURN && text.charCodeAt(p + 1) === NEWLINE)) {
        end = p;
        if (!isPath) p += c === NEWLINE ? 1 : 2;
        break;
      } else if (c === SPACE || c === COLON || c === PIPE) {
        end = p;
        if (isPath) break;
        literal += String.fromCharCode(c);
        p++;
      } else {
        this.#last = p;
        throw this.error(Number.isNaN(c) || c === 0 ? 'unexpected EOF' : 'lexing error');
      }
    }
    this.#last = end;
    this.#at = p;
    if (!parts) return literal;
    if (literal !== '') parts.push(literal);
    return parts;
  }

  /** Spaces and escaped line ends between the words of a line. */
  #skipSpace(): void {
    const text = this.#text;
    let p = this.#at;
    for (;;) {
      const c = text.charCodeAt(p);
      if (c === SPACE) p++;
      else if (c === DOLLAR && text.charCodeAt(p + 1) === NEWLINE) p += 2;
      else if (c === DOLLAR && text.charCodeAt(p + 1) === RETURN && text.charCodeAt(p + 2) === NEWLINE)
        p += 3;
      else break;
    }
    this.#at = p;
  }

  #nameEnd(from: number, least: number): number {
    const text = this.#text;
    let p = from;
    let c = text.charCodeAt(p);
    while (c < 128 && NAME_CHARACTER[c]! >= least) c = text.charCodeAt(++p);
    return p;
  }

  /** What ninja would say of the text at the last token. */
  describeError(): string {
    return this.#text[this.#last] === '\t' ? 'tabs are not allowed, use spaces' : 'lexing error';
  }

  /** A failure at the last token, worded as ninja does. */
  error(message: string): FailureError {
    const before = this.#text.slice(0, this.#last);
    const line = before.split('\n').length;
    const lineStart = before.lastIndexOf('\n') + 1;
    const column = this.#last - lineStart;
    const failure: ManifestInvalid = {
      reason: 'manifest-invalid',
      file: this.file,
      line,
      column: column + 1,
      text: message,
    };
    const widest = 72;
    if (column === 0 || column >= widest) return new FailureError(failure);
    const end = this.#text.indexOf('\n', lineStart);
    const whole = this.#text.slice(lineStart, end < 0 ? undefined : end);
    const shown = whole.length >= widest ? `${whole.slice(0, widest)}...` : whole;
    return new FailureError({...failure, excerpt: `${shown}\n${' '.repeat(column)}^ near here`});
  }
}
