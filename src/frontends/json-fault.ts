/**
 * Finds the place where a text stops being JSON. `JSON.parse` knows it and tells it for some faults only, in words that
 * differ between releases of node.
 */

const SPACE = /[ \t\n\r]*/y;
const TOKEN =
  /[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/** What may come next. */
type Expected = 'value' | 'value or end' | 'key' | 'key or end' | ':' | ', or end' | 'nothing';

/** Offset of the first token that cannot stand where it stands; the text's length where it only ends too early. */
export function jsonFault(text: string): number {
  const open: ('[' | '{')[] = [];
  let expected: Expected = 'value';
  const afterValue = (): Expected => (open.length > 0 ? ', or end' : 'nothing');
  for (let at = 0; ; ) {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) return at;
    const inside = open.at(-1);
    const isEnd = token === (inside === '[' ? ']' : '}');
    if (isEnd && inside && expected.endsWith(' or end')) {
      open.pop();
      expected = afterValue();
    } else if (expected === ', or end' && token === ',') {
      expected = inside === '[' ? 'value' : 'key';
    } else if (expected === ':' && token === ':') {
      expected = 'value';
    } else if (expected.startsWith('key') && token.startsWith('"')) {
      expected = ':';
    } else if (expected.startsWith('value') && (token === '[' || token === '{')) {
      open.push(token);
      expected = token === '[' ? 'value or end' : 'key or end';
    } else if (expected.startsWith('value') && !/^[}\],:]/.test(token)) {
      expected = afterValue();
    } else {
      return at;
    }
    at = TOKEN.lastIndex;
  }
}

/** Of an offset in a text, both from 1. */
export function placeOf(text: string, offset: number): {line: number; column: number} {
  const before = text.slice(0, offset).split('\n');
  return {line: before.length, column: (before.at(-1)?.length ?? 0) + 1};
}
