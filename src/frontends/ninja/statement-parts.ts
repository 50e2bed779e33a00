/** What the statements of a manifest are made of: bindings and lists of paths. Knows nothing of what they mean. */
import type {EvalString} from './eval.ts';
import type {Lexer} from './lexer.ts';

/** `name = value` up to the line's end. */
export function binding(lexer: Lexer): [string, EvalString] {
  const name = lexer.readIdent();
  if (name === undefined) throw lexer.error('expected variable name');
  lexer.expect('equals');
  return [name, lexer.readValue()];
}

/** Paths up to the next punctuation. */
export function paths(lexer: Lexer): EvalString[] {
  const list: EvalString[] = [];
  for (let path = lexer.readPath(); path.length > 0; path = lexer.readPath()) list.push(path);
  return list;
}
