/**
 * Reads the Makefile syntax that compilers write into depfiles, by the rules of ninja 1.13 (1.11 differs only in that
 * it cuts names at `?`, `&` and quotes and refuses a file of blanks). It knows no file system and cleans no path.
 */
import {textOfPath} from '../protocol/path-text.ts';

export type ParsedDepfile =
  | {
      readonly ok: true;
      /** Names left of a colon that are not inputs too (`-MP` writes an empty rule for each input). */
      readonly targets: string[];
      /** Names right of a colon, each once, in order. */
      readonly inputs: string[];
    }
  | {readonly ok: false /** ninja's own words. */; readonly text: string};

/** Ninja before 1.13 takes quotes, `?` and `&` for the end of a name. */
export type DepfileDialect = 'ninja-1.12' | 'ninja-1.13';

/** Targets and inputs of a depfile, as text by `protocol/path-text.ts`. */
export function parseDepfile(
  content: Uint8Array | string,
  dialect: DepfileDialect = 'ninja-1.13',
): ParsedDepfile {
  const text =
    typeof content === 'string'
      ? content
      : textOfPath(Buffer.from(content.buffer, content.byteOffset, content.byteLength));
  const plain = readPlain(text, dialect);
  if (plain) return plain;
  const targets = new Set<string>();
  const inputs = new Set<string>();
  const name: Name = {text: '', end: 0, newline: false, run: PLAIN_RUNS[dialect]};
  let inTargets = true;
  let sawColon = false;
  let isEmpty = true;
  // Set once an input stands left of a colon: it may then have no inputs of its own.
  let poisoned = false;

  while (name.end < text.length) {
    readName(text, name);
    let path = name.text;
    const isInput = !inTargets;
    if (path.endsWith(':')) {
      path = path.slice(0, -1);
      inTargets = false;
      sawColon = true;
    }
    if (path !== '') {
      isEmpty = false;
      if (isInput && !poisoned) inputs.add(path);
      else if (inputs.has(path)) poisoned ||= !isInput;
      else if (!isInput) targets.add(path);
      else return {ok: false, text: 'inputs may not also have inputs'};
    }
    if (name.newline) {
      inTargets = true;
      poisoned = false;
    }
  }
  if (!sawColon && !isEmpty) return {ok: false, text: "expected ':' in depfile"};
  return {ok: true, targets: [...targets], inputs: [...inputs]};
}

/**
 * What compilers write in nearly all cases: one rule, names that stand for themselves, continued lines. A third of the
 * work of reading name by name; undefined for all else.
 */
function readPlain(text: string, dialect: DepfileDialect): ParsedDepfile | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0 || text.charCodeAt(colon + 1) !== SPACE) return undefined;
  if (NEVER_PLAIN[dialect].test(text)) return undefined;
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', at + 1)) {
    if (text.charCodeAt(at - 1) !== SPACE || text.charCodeAt(at + 1) !== NEWLINE) return undefined;
  }
  const last = text.length - 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < last; at = text.indexOf('\n', at + 1)) {
    if (text.charCodeAt(at - 1) !== BACKSLASH) return undefined;
  }
  const target = text.substring(0, colon);
  if (/[ \n]/.test(target)) return undefined;
  const inputs = new Set<string>();
  const end = text.charCodeAt(last) === NEWLINE ? last : last + 1;
  for (let at = skipSeparators(text, colon + 1); at < end; ) {
    const space = text.indexOf(' ', at);
    const after = space < 0 ? end : space;
    if (text.charCodeAt(after - 1) === COLON) return undefined;
    inputs.add(text.substring(at, after));
    at = skipSeparators(text, after);
  }
  return {ok: true, targets: [target], inputs: [...inputs]};
}

/** One name, where reading goes on after it, and whether a newline ended it. Reused, since depfiles are many. */
interface Name {
  text: string;
  end: number;
  newline: boolean;
  /** Characters that stand for themselves. */
  readonly run: RegExp;
}

const PLAIN_RUNS: Readonly<Record<DepfileDialect, RegExp>> = {
  'ninja-1.12': /[a-zA-Z0-9+,/_:.~()}{%=@[\]!\x80-\uffff-]+/y,
  'ninja-1.13': /[a-zA-Z0-9+?"'&,/_:.~()}{%=@[\]!\x80-\uffff-]+/y,
};

/** Characters that are neither of a name nor between two. */
const NEVER_PLAIN: Readonly<Record<DepfileDialect, RegExp>> = {
  'ninja-1.12': /[^a-zA-Z0-9+,/_:.~()}{%=@[\]!\x80-\uffff\- \\\n]/,
  'ninja-1.13': /[^a-zA-Z0-9+?"'&,/_:.~()}{%=@[\]!\x80-\uffff\- \\\n]/,
};

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const TAB = 9;
const HASH = 35;
const DOLLAR = 36;
const COLON = 58;
const BACKSLASH = 92;

function readName(text: string, name: Name): void {
  let path = '';
  let at = skipSeparators(text, name.end);
  name.newline = false;
  for (;;) {
    name.run.lastIndex = at;
    if (name.run.test(text)) {
      const end = name.run.lastIndex;
      path = path === '' ? text.substring(at, end) : path + text.substring(at, end);
      at = end;
    }
    const code = text.charCodeAt(at);
    if (code === DOLLAR && text.charCodeAt(at + 1) === DOLLAR) {
      path += '$';
      at += 2;
      continue;
    }
    if (code === BACKSLASH) {
      let after = at + 1;
      while (text.charCodeAt(after) === BACKSLASH) after++;
      const count = after - at;
      const next = text.charCodeAt(after);
      if (next === SPACE) {
        at = after + 1;
        if (count % 2 === 1) {
          path += `${'\\'.repeat((count - 1) / 2)} `;
          continue;
        }
        path += '\\'.repeat(count);
        break;
      }
      if (next === HASH) {
        path += `${'\\'.repeat(count - 1)}#`;
        at = after + 1;
        continue;
      }
      if (next === COLON) {
        const beyond = text.charCodeAt(after + 1);
        if (!endsTarget(beyond)) {
          path += `${'\\'.repeat(count - 1)}:`;
          at = after + 1;
          continue;
        }
        // The colon ends a target whose name ends with backslashes; what follows the colon is swallowed too.
        path += `${'\\'.repeat(count)}:`;
        at = after + 2;
        name.newline = beyond === NEWLINE;
        break;
      }
      const isBreak = next === NEWLINE || next === RETURN || next === 0 || Number.isNaN(next);
      if (!isBreak) {
        path += text.substring(at, after + 1);
        at = after + 1;
        continue;
      }
      if (count > 1) {
        path += '\\'.repeat(count);
        at = after;
        continue;
      }
      // A continued line ends a name, but not the rule.
      at = after;
      if (next === NEWLINE) at += 1;
      else if (next === RETURN && text.charCodeAt(after + 1) === NEWLINE) at += 2;
      break;
    }
    if (code === RETURN && text.charCodeAt(at + 1) === NEWLINE) {
      at += 2;
      name.newline = true;
      break;
    }
    name.newline = code === NEWLINE;
    at++;
    break;
  }
  name.text = path;
  name.end = at;
}

/** Blanks and continued lines in front of a name are empty names that nobody looks at: most of a depfile's calls. */
function skipSeparators(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === SPACE) at++;
    else if (code === BACKSLASH && text.charCodeAt(at + 1) === NEWLINE) at += 2;
    else return at;
  }
}

function endsTarget(code: number): boolean {
  return (
    code === SPACE || code === NEWLINE || code === RETURN || code === TAB || code === 0 || Number.isNaN(code)
  );
}
