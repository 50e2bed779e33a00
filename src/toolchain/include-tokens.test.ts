import {describe, expect, it} from 'vitest';
import {decodeTokens, encodedIncludes, scanIncludes} from './include-tokens.ts';

/** Tokens as `directive form text`. */
function check(source: string | Buffer, ...expected: string[]): void {
  const tokens = scanIncludes(Buffer.from(source));
  expect(tokens.map(({directive, form, text}) => `${directive} ${form} ${text}`.trim())).toEqual(expected);
}

describe('scanIncludes', () => {
  it('reads plain directives, each once', () => {
    check('#include <a/b.h>\n#include "c.h"\n#include <a/b.h>\n', 'include angle a/b.h', 'include quote c.h');
    check('#include_next <a.h>\n#import "b.h"', 'next angle a.h', 'include quote b.h');
    check('#embed "x.bin" limit(4)\n#embed <y.bin>', 'embed quote x.bin', 'embed angle y.bin');
  });

  it('takes every branch', () => {
    check(
      '#if 0\n# include "a.h"\n#else\n#\tinclude "b.h"\n#endif',
      'include quote a.h',
      'include quote b.h',
    );
  });

  it('reads what is spread by blanks, comments and continued lines', () => {
    check('  # /* a */ include /* b\n c */ <x.h> // d', 'include angle x.h');
    check('/* long\n comment */ #include "a.h"', 'include quote a.h');
    check('#/**/ /*\n*/\\\n/* * */include<x.h>\n#/* x */define y', 'include angle x.h');
    check('#inc\\\nlude "a\\\n.h"', 'include quote a.h');
    check('#i\\\r\nnclude "a.h"\r\n#include "b.h"\r\n', 'include quote a.h', 'include quote b.h');
    check('# \\  \n include "a.h"', 'include quote a.h');
  });

  it('knows the other spelling of a hash, and a byte order mark', () => {
    check('%:include "a.h"', 'include quote a.h');
    check(
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('#include "a.h"')]),
      'include quote a.h',
    );
  });

  it('is not fooled by prose', () => {
    check('// #include "a.h"\n * #include <b.h>\nthe #include of "c.h"\n#includes "d.h"\n#ifdef include\n');
    check('int a = b %c; x.includes("y"); a.include("z");');
  });

  it('lets no string hide a directive', () => {
    check(
      'char *a = "/*";\n#include "a.h"\nR"(\n#include "b.h"\n)"',
      'include quote a.h',
      'include quote b.h',
    );
  });

  it('keeps computed names for later', () => {
    check('#include NAME // c\n#include CAT(a, /* */ b) \n', 'include macro NAME', 'include macro CAT(a, b)');
    check('#include_next NAME', 'next macro NAME');
    check('#include A(x, \\\n y)', 'include macro A(x, y)');
  });

  it('reads tests for headers wherever they are', () => {
    check(
      '#if defined(A) && __has_include(<a.h>) || __has_include ("b.h")',
      'include angle a.h',
      'include quote b.h',
    );
    check('#if __has_include_next(<a.h>)', 'next angle a.h');
    check('#elif __has_embed("x.bin" limit(1))', 'embed quote x.bin');
    check('#if __has_include(NAME(1)) && B', 'include macro NAME(1)');
    check('#define HAS_B __has_include(<b.h>)', 'include angle b.h');
    check('#ifndef __has_include\n# define __has_include(x) 0\n#endif');
  });

  it('reads the pragma that names a file', () => {
    check('#pragma GCC dependency "parse.y"\n#pragma once\n#pragma GCC poison x', 'include quote parse.y');
  });

  it('reads what the assembler includes', () => {
    check('.include "a.inc"\n\t.incbin "b.bin", 4', 'assemble quote a.inc', 'incbin quote b.bin');
    check(
      'asm(".incbin \\"b.bin\\"\\n\\t.include \\"a.inc\\"");',
      'incbin quote b.bin',
      'assemble quote a.inc',
    );
    check('asm("x:\\n"\n ".incbin \\"" FILE "\\"\\n");', 'incbin macro FILE');
    check('asm(".incbin " QUOTED(FILE) "\\n");', 'incbin macro QUOTED(FILE)');
    check('.incbinary "x"');
  });

  it('marks files that ask for the time', () => {
    check('const char *built = __DATE__ " " __TIME__;', 'clock macro');
    check('x(__TIMESTAMP__)', 'clock macro');
    check('int __TIMER__, __DATED;');
  });

  it('reads names in UTF-8', () => {
    check('#include "häder.h"', 'include quote häder.h');
  });

  it('gives back what it encoded', () => {
    const source = Buffer.from(
      '#include "a b.h"\n#include X\n#embed <e>\nx __TIME__\n.incbin "c"\n.include "d"\n',
    );
    expect(decodeTokens(encodedIncludes(source))).toEqual(scanIncludes(source));
    expect(decodeTokens('')).toEqual([]);
    expect(scanIncludes(source)).toHaveLength(6);
  });
});
