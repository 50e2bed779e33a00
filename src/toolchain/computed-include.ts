/**
 * All names that `#include TOKENS` may mean: macro expansion in which a name with several definitions stands for each
 * of them. It knows no files; who asks for a definition and where those come from is the caller's business.
 */
import type {MacroDefinition} from './macro-definitions.ts';

export interface ComputedName {
  readonly form: 'quote' | 'angle';
  readonly text: string;
}

export interface ComputedNames {
  readonly names: readonly ComputedName[];
  /** Some macro on the way has a definition; where none has, the directive cannot be in a branch that is taken. */
  readonly defined: boolean;
  /** Too many combinations: `names` is not all. */
  readonly overflow: boolean;
}

export type LookUpMacro = (name: string) => readonly MacroDefinition[];

/** Expansions tried for one directive before giving up. */
const STEP_LIMIT = 4000;
const NAME_LIMIT = 256;

export function computedNames(text: string, lookUp: LookUpMacro): ComputedNames {
  const expander = new Expander(lookUp);
  const names = new Map<string, ComputedName>();
  for (const tokens of expander.all(lex(text), true)) {
    const name = nameOf(tokens);
    if (name !== undefined) names.set(`${name.form} ${name.text}`, name);
    if (names.size > NAME_LIMIT) expander.overflow = true;
  }
  return {names: [...names.values()], defined: expander.defined, overflow: expander.overflow};
}

interface Token {
  readonly kind: 'name' | 'string' | 'other';
  readonly text: string;
  /** Whether a blank stood before it. */
  readonly spaced: boolean;
  /** Macros that may not be expanded in it again. */
  readonly hidden: readonly string[];
}

const LEXEME =
  /([ \t]*)(?:([\p{L}_$][\p{L}\p{N}_$]*)|("(?:[^"\\]|\\.)*")|(\.?\p{N}(?:[eEpP][+-]|[\p{L}\p{N}_.])*|##|.))/gsu;

function lex(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [, blank = '', name, string, other = ''] of text.matchAll(LEXEME)) {
    const spaced = blank !== '' && tokens.length > 0;
    if (name !== undefined) tokens.push({kind: 'name', text: name, spaced, hidden: []});
    else if (string !== undefined) tokens.push({kind: 'string', text: string, spaced, hidden: []});
    else tokens.push({kind: 'other', text: other, spaced, hidden: []});
  }
  return tokens;
}

function nameOf(tokens: readonly Token[]): ComputedName | undefined {
  const first = tokens[0];
  if (first?.kind === 'string') return {form: 'quote', text: first.text.slice(1, -1)};
  if (first?.text !== '<') return undefined;
  const end = tokens.findIndex(token => token.text === '>');
  if (end < 2) return undefined;
  return {form: 'angle', text: spelling(tokens.slice(1, end))};
}

function spelling(tokens: readonly Token[]): string {
  return tokens.map(({text, spaced}, i) => (spaced && i > 0 ? ` ${text}` : text)).join('');
}

interface Expansion {
  readonly done: readonly Token[];
  readonly rest: readonly Token[];
  readonly asName: boolean;
}

class Expander {
  defined = false;
  overflow = false;
  #steps = 0;
  readonly #lookUp: LookUpMacro;

  constructor(lookUp: LookUpMacro) {
    this.#lookUp = lookUp;
  }

  /** Every complete expansion of `tokens`; as a name to include, it has to begin with a quote or an angle. */
  all(tokens: readonly Token[], asName = false): Token[][] {
    const results: Token[][] = [];
    this.#expand({done: [], rest: tokens, asName}, results);
    return results;
  }

  #expand({done, rest, asName}: Expansion, results: Token[][]): void {
    const output = [...done];
    for (let i = 0; i < rest.length; i++) {
      const token = rest[i] as Token;
      // Nobody names a macro like the suffix of a file.
      const isSuffix = output.at(-1)?.text === '.' && !token.spaced;
      const alternatives = isSuffix ? [] : this.#alternatives(token, rest, i);
      if (alternatives.length === 0) {
        output.push(token);
        continue;
      }
      for (const {tokens, end} of alternatives) {
        if (++this.#steps > STEP_LIMIT || this.overflow) {
          this.overflow = true;
          return;
        }
        this.#expand({done: output, rest: [...tokens, ...rest.slice(end)], asName}, results);
      }
      // The definition may stand behind this directive, or in a branch not taken. To begin a name it must be in force.
      if (!asName || output.length > 0) {
        const unexpanded = {...token, hidden: [...token.hidden, token.text]};
        this.#expand({done: output, rest: [unexpanded, ...rest.slice(i + 1)], asName}, results);
      }
      return;
    }
    results.push(output);
  }

  /** What a macro's name at `i` may become, and the index behind what each replaces. */
  #alternatives(token: Token, rest: readonly Token[], i: number): {tokens: Token[]; end: number}[] {
    if (token.kind !== 'name' || token.hidden.includes(token.text)) return [];
    const alternatives: {tokens: Token[]; end: number}[] = [];
    for (const definition of this.#lookUp(token.text)) {
      this.defined = true;
      const hidden = [...token.hidden, token.text];
      if (definition.parameters === undefined) {
        alternatives.push({tokens: replaced(bodyOf(definition), token, hidden), end: i + 1});
        continue;
      }
      const call = argumentsAt(rest, i + 1, definition);
      if (call === undefined) continue;
      for (const body of this.#substitutions(definition, call.values))
        alternatives.push({tokens: replaced(body, token, hidden), end: call.end});
    }
    return alternatives;
  }

  /** The body with arguments in place, once for each way in which they expand. */
  #substitutions(definition: MacroDefinition, values: readonly (readonly Token[])[]): Token[][] {
    const parameters = definition.parameters ?? [];
    const body = lex(definition.body);
    const expanded = values.map(value => this.all(value));
    let results: Token[][] = [[]];
    for (let i = 0; i < body.length; i++) {
      const token = body[i] as Token;
      const next = body[i + 1];
      const operand = next === undefined ? -1 : parameters.indexOf(next.text);
      if (token.text === '#' && operand >= 0) {
        const text = `"${spelling(values[operand] ?? []).replace(/["\\]/g, '\\$&')}"`;
        for (const result of results) result.push({...token, kind: 'string', text});
        i++;
        continue;
      }
      if (token.text === '##' && next !== undefined) {
        const right = operand >= 0 ? (values[operand] ?? []) : [next];
        for (const result of results) paste(result, right);
        i++;
        continue;
      }
      const parameter = token.kind === 'name' ? parameters.indexOf(token.text) : -1;
      const choices =
        parameter < 0
          ? [[token]]
          : next?.text === '##'
            ? [values[parameter] ?? []]
            : (expanded[parameter] ?? [[]]);
      results = results.flatMap(result => choices.map(choice => [...result, ...spacedLike(choice, token)]));
      if (results.length > NAME_LIMIT) {
        this.overflow = true;
        return [];
      }
    }
    return results;
  }
}

/** Lower-case words in a body like `<sys/types.h>` are a path; to look each up as a macro would cost a search of all files. */
function bodyOf({body}: MacroDefinition): Token[] {
  const tokens = lex(body);
  if (!/^<[^<>]+>$/.test(body)) return tokens;
  return tokens.map(token => (/\p{Lu}/u.test(token.text) ? token : {...token, kind: 'other'}));
}

function replaced(body: readonly Token[], by: Token, hidden: readonly string[]): Token[] {
  return spacedLike(body, by).map(token => ({...token, hidden: [...token.hidden, ...hidden]}));
}

function spacedLike(tokens: readonly Token[], like: Token): Token[] {
  return tokens.map((token, i) => (i === 0 ? {...token, spaced: like.spaced} : token));
}

function paste(left: Token[], right: readonly Token[]): void {
  const last = left.pop();
  const [first, ...others] = right;
  const pasted = lex((last?.text ?? '') + (first?.text ?? ''));
  left.push(...pasted, ...others);
}

function argumentsAt(
  rest: readonly Token[],
  at: number,
  {parameters = [], variadic}: MacroDefinition,
): {values: Token[][]; end: number} | undefined {
  if (rest[at]?.text !== '(') return undefined;
  const values: Token[][] = [[]];
  let depth = 0;
  for (let i = at + 1; i < rest.length; i++) {
    const token = rest[i] as Token;
    const value = values.at(-1) as Token[];
    if (token.text === ')' && depth-- === 0) {
      const none = parameters.length === 0 && values.length === 1 && value.length === 0;
      if (!none && values.length < parameters.length - (variadic ? 1 : 0)) return undefined;
      return {values, end: i + 1};
    }
    if (token.text === '(') depth++;
    if (token.text === ',' && depth === 0 && !(variadic && values.length === parameters.length))
      values.push([]);
    else value.push(value.length === 0 ? {...token, spaced: false} : token);
  }
  return undefined;
}
