/**
 * Puts the content of `@file` words in their place, by the quoting rules that gcc (libiberty) and clang (GNU style)
 * share. It reads no disk: content comes from the caller.
 */

export interface ResponseFile {
  /** As the command line spells it, without the `@`. */
  readonly path: string;
  readonly content: string;
  /** It was read, and may change; else its content is part of the build description. */
  readonly onDisk: boolean;
}

export type Expanded =
  | {readonly ok: true; readonly words: readonly string[]; readonly files: readonly ResponseFile[]}
  | {readonly ok: false /** The word that could not be expanded. */; readonly word: string};

/** Content of a response file by its path as spelt, or undefined when there is none. */
export type ReadResponseFile = (path: string) => Omit<ResponseFile, 'path'> | undefined;

/** gcc gives up at 2000 expansions; nobody nests that far on purpose. */
const MOST_EXPANSIONS = 100;

/** `words` with every `@file` word replaced, also inside the files themselves. */
export function expandResponseFiles(words: readonly string[], read: ReadResponseFile): Expanded {
  const expanded: string[] = [];
  const files: ResponseFile[] = [];
  const pending = [...words].reverse();
  for (let word = pending.pop(); word !== undefined; word = pending.pop()) {
    if (!word.startsWith('@') || word.length === 1) {
      expanded.push(word);
      continue;
    }
    const path = word.slice(1);
    const found = files.length < MOST_EXPANSIONS ? read(path) : undefined;
    // The drivers take the word literally when there is no such file: a source named `@x`, which nobody means.
    const inner = found && splitResponseFile(found.content);
    if (found === undefined || inner === undefined) return {ok: false, word};
    files.push({path, ...found});
    for (let at = inner.length - 1; at >= 0; at--) pending.push(inner[at]!);
  }
  return {ok: true, words: expanded, files};
}

/**
 * Words of a response file: blanks of any kind separate, both quotes group, a backslash makes the next character
 * plain everywhere. Undefined where the compilers differ: an empty word, a quote or backslash that the end cuts off.
 */
export function splitResponseFile(content: string): string[] | undefined {
  const words: string[] = [];
  let word = '';
  let inWord = false;
  let quote = '';
  for (let at = 0; at < content.length; at++) {
    const char = content[at]!;
    if (char === '\\') {
      at++;
      if (at === content.length) return undefined;
      word += content[at];
      inWord = true;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      inWord = true;
    } else if (isBlank(char)) {
      if (inWord && word === '') return undefined;
      if (inWord) words.push(word);
      word = '';
      inWord = false;
    } else {
      word += char;
      inWord = true;
    }
  }
  if (quote !== '' || (inWord && word === '')) return undefined;
  if (inWord) words.push(word);
  return words;
}

function isBlank(char: string): boolean {
  return char === ' ' || (char >= '\t' && char <= '\r');
}
