import {describe, expect, it} from 'vitest';
import {computedNames} from './computed-include.ts';
import {definesMacro, definitionsIn, definitionsOf, stringLiteralsIn} from './macro-definitions.ts';

function namesOf(operand: string, source: string) {
  const definitions = definitionsIn(Buffer.from(source));
  return computedNames(operand, name => definitions.get(name) ?? []);
}

/** `source` defines macros; the names are written with the quotes that they stand in. */
function check(operand: string, source: string, ...expected: string[]): void {
  const {names} = namesOf(operand, source);
  expect(names.map(({form, text}) => (form === 'quote' ? `"${text}"` : `<${text}>`)).sort()).toEqual(
    expected.sort(),
  );
}

describe('computedNames', () => {
  it('follows object-like macros to a name', () => {
    check('A', '#define A B\n#define B <x/y.h>', '<x/y.h>');
    check('A', '#define A "x.h" /* the default */', '"x.h"');
  });

  it('gives every value of a name that is defined in several places', () => {
    check(
      'A',
      '#if X\n#define A "x.h"\n#else\n#  define A B\n#endif\n#define B <b.h>\n#define B <c.h>',
      '"x.h"',
      '<b.h>',
      '<c.h>',
    );
  });

  it('expands arguments, makes strings and pastes', () => {
    const source =
      '#define STR_(x) #x\n#define STR(x) STR_(x)\n#define CAT(a, b) a ## b\n#define OS posix\n#define KIND OS\n';
    check('STR(file.h)', source, '"file.h"');
    check('CAT(HE, AD)', `${source}#define HEAD "x.h"`, '"x.h"');
    check('H(posix)', `${source}#define H(x) <sys/x.h>`, '<sys/posix.h>');
    check('V(a, b.h)', '#define V(...) S(__VA_ARGS__)\n#define S(a, b) <a/b>', '<a/b.h>');
    check('N(a)', '#define N(a, rest...) <a.h>', '<a.h>');
    check('E()', '#define E() <e.h>', '<e.h>');
  });

  it('takes a word inside a name as it stands too: its macro may be defined only later', () => {
    const source = '#define STR_(x) #x\n#define STR(x) STR_(x)\n#define OS posix\n#define KIND OS\n';
    check('STR(OS/file.h)', source, '"posix/file.h"', '"OS/file.h"');
    check('STR(KIND.h)', source, '"posix.h"', '"OS.h"', '"KIND.h"');
    check('H(OS)', `${source}#define H(x) <sys/x.h>`, '<sys/posix.h>', '<sys/OS.h>');
  });

  it('reads tuples by selecting macros', () => {
    const source = '#define THIRD_(a, b, c) c\n#define THIRD(t) THIRD_ t\n#define PARAMS (0, 4, "it.h")\n';
    check('THIRD(PARAMS)', source, '"it.h"');
  });

  it('stops at a macro that names itself', () => {
    check('A', '#define A B\n#define B A');
    check('A', '#define A A "x.h"');
  });

  it('tells a name without a definition from one without a value', () => {
    expect(namesOf('A', '')).toEqual({names: [], defined: false, overflow: false});
    expect(namesOf('A', '#define A unknown')).toEqual({names: [], defined: true, overflow: false});
  });

  it('gives up on too many combinations, and says so', () => {
    const lines = ['#define A B C D E <x.h>'];
    for (const name of 'BCDE')
      for (let i = 0; i < 12; i++) lines.push(`#define ${name} ${name.toLowerCase()}${i}`);
    expect(namesOf('A', lines.join('\n')).overflow).toBe(true);
  });
});

describe('macro definitions', () => {
  it('come from continued lines, digraphs and behind comments', () => {
    const source = Buffer.from(
      '#define A \\\n  "a.h"\n%: define B "b.h"\n/* x */ #define C "http://c" // d\n',
    );
    const definitions = definitionsIn(source);
    expect([...definitions].map(([name, [first]]) => [name, first?.body])).toEqual([
      ['A', '"a.h"'],
      ['B', '"b.h"'],
      ['C', '"http://c"'],
    ]);
    for (const name of 'ABC') expect(definesMacro(source, name)).toBe(true);
    expect(definesMacro(source, 'D')).toBe(false);
    expect(definesMacro(Buffer.from('#define DA 1\nD'), 'D')).toBe(false);
  });

  it('come from flags', () => {
    const definitions = definitionsOf(['A', 'B="b.h"', 'C(x)=<x.h>', 'D=']);
    expect([...definitions].map(([name, [first]]) => [name, first?.parameters, first?.body])).toEqual([
      ['A', undefined, '1'],
      ['B', undefined, '"b.h"'],
      ['C', ['x'], '<x.h>'],
      ['D', undefined, ''],
    ]);
  });

  it('can be guessed at by strings', () => {
    expect(stringLiteralsIn(Buffer.from('f("a.bin"); g("b\\n"); h("c d")'))).toEqual(
      new Set(['a.bin', 'c d']),
    );
  });
});
