/**
 * The `#define`s of a file and of a command line, as far as they can give a name to include. Conditions are not
 * looked at: a name may have several definitions, and all of them count.
 */

export interface MacroDefinition {
  /** Undefined for an object-like macro. */
  readonly parameters: readonly string[] | undefined;
  /** The last parameter takes the rest of the arguments. */
  readonly variadic: boolean;
  readonly body: string;
}

export type MacroDefinitions = ReadonlyMap<string, readonly MacroDefinition[]>;

const DEFINE =
  /(?:^|\*\/)[ \t\v\f]*(?:#|%:)[ \t]*define[ \t]+([\p{L}_$][\p{L}\p{N}_$]*)(\([^()]*\))?[ \t]*(.*)$/gmu;

/** Every definition in a file's bytes, those in comments and in branches not taken included. */
export function definitionsIn(bytes: Buffer): MacroDefinitions {
  const text = bytes.toString('utf8').replace(/\\[ \t\r]*\n/g, '');
  const definitions = new Map<string, MacroDefinition[]>();
  for (const [, name = '', parameters, body = ''] of text.matchAll(DEFINE))
    add(definitions, name, definitionOf(parameters, body));
  return definitions;
}

/** Whether {@link definitionsIn} could have an entry for `macro`; errs to yes. A no is saved, see `TOKENS_VERSION`. */
export function definesMacro(bytes: Buffer, macro: string): boolean {
  if (!bytes.includes(macro)) return false;
  const name = Buffer.from(macro).toString('latin1').replaceAll('$', '\\$');
  const blanks = '(?:[ \\t\\v\\f]|\\\\[ \\t\\r]*\\n|\\*/)';
  return new RegExp(`define${blanks}+${name}(?![A-Za-z0-9_$])`).test(bytes.toString('latin1'));
}

/** Definitions given as `-D` takes them: `NAME`, `NAME=BODY`, `NAME(PARAMETERS)=BODY`. */
export function definitionsOf(flags: readonly string[]): MacroDefinitions {
  const definitions = new Map<string, MacroDefinition[]>();
  for (const flag of flags) {
    const [, name, parameters, , body = '1'] = /^([\p{L}\p{N}_$]+)(\([^()]*\))?(=(.*))?$/su.exec(flag) ?? [];
    if (name !== undefined) add(definitions, name, definitionOf(parameters, body));
  }
  return definitions;
}

/** Every string literal of a file that could be a file's name. */
export function stringLiteralsIn(bytes: Buffer): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [, text = ''] of bytes.toString('utf8').matchAll(/"((?:[^"\\\n]|\\.)+)"/g))
    if (!text.includes('\\')) names.add(text);
  return names;
}

function definitionOf(parameters: string | undefined, body: string): MacroDefinition {
  const bare = withoutComments(body);
  if (parameters === undefined) return {parameters: undefined, variadic: false, body: bare};
  const names = parameters
    .slice(1, -1)
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '');
  const last = names.at(-1);
  const variadic = last?.endsWith('...') ?? false;
  if (variadic) names[names.length - 1] = last === '...' ? '__VA_ARGS__' : (last ?? '').slice(0, -3).trim();
  return {parameters: names, variadic, body: bare};
}

function withoutComments(body: string): string {
  if (!body.includes('/')) return body.trim();
  return body
    .replace(/"(?:[^"\\]|\\.)*"|\/\*.*?(?:\*\/|$)|\/\/.*/gs, match => (match.startsWith('"') ? match : ' '))
    .trim();
}

function add(definitions: Map<string, MacroDefinition[]>, name: string, definition: MacroDefinition): void {
  const known = definitions.get(name);
  if (known === undefined) definitions.set(name, [definition]);
  else if (!known.some(other => sameDefinition(other, definition))) known.push(definition);
}

function sameDefinition(a: MacroDefinition, b: MacroDefinition): boolean {
  return a.body === b.body && a.parameters?.join() === b.parameters?.join();
}
