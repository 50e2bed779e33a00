import {describe, expect, it} from 'vitest';
import {Lexer, type Token} from './lexer.ts';

function tokens(text: string): Token[] {
  const lexer = new Lexer('build.ninja', text);
  const found: Token[] = [];
  do found.push(lexer.readToken());
  while (!['eof', 'error'].includes(found.at(-1)!));
  return found;
}

describe('tokens', () => {
  it.each<[string, Token[]]>([
    ['', ['eof']],
    [
      'build pool rule default include subninja',
      ['build', 'pool', 'rule', 'default', 'include', 'subninja', 'eof'],
    ],
    ['builder rules pool.x build-1', ['ident', 'ident', 'ident', 'ident', 'eof']],
    ['a=b:|||@|', ['ident', 'equals', 'ident', 'colon', 'pipe2', 'pipe@', 'pipe', 'eof']],
    ['a\n  b\n', ['ident', 'newline', 'indent', 'ident', 'newline', 'eof']],
    ['a\r\nb', ['ident', 'newline', 'ident', 'eof']],
    ['a $\n  b', ['ident', 'ident', 'eof']],
    ['a $\r\n  b', ['ident', 'ident', 'eof']],
    ['# all of it\n  # and this\na', ['ident', 'eof']],
    ['   \n   \r\n', ['newline', 'newline', 'eof']],
    ['# without an end', ['error']],
    ['  # without an end', ['indent', 'error']],
    ['\ta', ['error']],
    ['a\0b', ['ident', 'eof']],
    ['ä', ['error']],
  ])('of %j', (text, expected) => {
    expect(tokens(text)).toEqual(expected);
  });

  it('are given back', () => {
    const lexer = new Lexer('build.ninja', 'one : two');
    expect(lexer.readToken()).toBe('ident');
    lexer.unreadToken();
    expect(lexer.readIdent()).toBe('one');
    expect(lexer.peek('equals')).toBe(false);
    expect(lexer.peek('colon')).toBe(true);
    expect(lexer.readIdent()).toBe('two');
    expect(lexer.readIdent()).toBeUndefined();
  });
});

describe('texts', () => {
  const variable = (name: string) => ({variable: name});
  it.each([
    ['plain text # no comment | : \n', 'plain text # no comment | : '],
    ['$$ $: $ x\n', '$ :  x'],
    ['a $\n     b\n', 'a b'],
    ['a $\r\n b\r\n', 'a b'],
    [`$a.b$\{a.b}$a-b_c\n`, [variable('a'), '.b', variable('a.b'), variable('a-b_c')]],
    ['\n', ''],
    ['größe $x€\n', ['größe ', variable('x'), '€']],
  ])('value of %j', (text, expected) => {
    expect(new Lexer('build.ninja', text).readValue()).toEqual(expected);
  });

  it('reads paths up to a space, a colon, a bar or the end of the line', () => {
    const lexer = new Lexer('build.ninja', `a$ b  c$:d: e|f $\n  $\{g}h\n`);
    expect(lexer.readPath()).toBe('a b');
    expect(lexer.readPath()).toBe('c:d');
    expect(lexer.readPath()).toBe('');
    expect(lexer.readToken()).toBe('colon');
    expect(lexer.readPath()).toBe('e');
    expect(lexer.readToken()).toBe('pipe');
    expect(lexer.readPath()).toBe('f');
    expect(lexer.readPath()).toEqual([variable('g'), 'h']);
    expect(lexer.readPath()).toBe('');
    expect(lexer.readToken()).toBe('newline');
  });
});
