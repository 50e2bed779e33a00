import {mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {CC, CXX, isInstalled, plant, ScanRig, write} from '../test/scan-rig.ts';

type Files = Readonly<Record<string, string>>;

/** What the scan finds of a tree's own files, besides the source `a.cc` or `a.c`. */
async function check(
  files: Files,
  flags: string,
  expected: readonly string[],
  program = 'g++',
): Promise<void> {
  const cwd = plant(files);
  const rig = new ScanRig(cwd);
  const source = Object.keys(files)[0] as string;
  const scan = await rig.scan(`${program} ${flags} -c ${source}`.replace(/ +/g, ' '));
  expect(rig.own(scan)).toEqual([source, ...expected].sort());
  expect(scan.complete).toBe(true);
}

/** Each compiles; the scan must find all that the compiler includes. */
const SITUATIONS: Readonly<Record<string, {flags?: string; env?: NodeJS.ProcessEnv; files: Files}>> = {
  'headers of the standard library': {
    files: {
      'a.cc':
        '#include <algorithm>\n#include <regex>\n#include <map>\n#include <thread>\n#include <cmath>\n#include <cstdlib>\n',
    },
  },
  'a header beside its includer, one along the path': {
    flags: '-I i',
    files: {
      's/a.cc': '#include "x.h"\n#include "y.h"\n',
      's/x.h': '',
      'i/x.h': '',
      'i/y.h': '#include "z/z.h"\n',
      'i/z/z.h': '',
    },
  },
  'twins on the path': {
    flags: '-I one -I two',
    files: {
      'a.cc': '#include <x.h>\n#include "sub/x.h"\n',
      'one/x.h': '',
      'two/x.h': '',
      'two/sub/x.h': '#pragma once\n#include "x.h"\n#include "../x.h"\n',
    },
  },
  'quote directories and angle directories': {
    flags: '-iquote q -I i',
    files: {
      'a.cc': '#include "x.h"\n#include <x.h>\n',
      'q/x.h': '',
      'i/x.h': '#include "y.h"\n',
      'q/y.h': '',
    },
  },
  'next ones along the path': {
    flags: '-I one -I two -isystem three',
    files: {
      'a.cc': '#include <x.h>\n',
      'one/x.h': '#include_next <x.h>\n',
      'two/x.h': '#if __has_include_next(<x.h>)\n#include_next <x.h>\n#endif\n',
      'three/x.h': '',
    },
  },
  'computed names of the source': {
    files: {
      'a.cc':
        '#define NAME "x.h"\n#include NAME\n#define STR(x) #x\n#define XSTR(x) STR(x)\n#include XSTR(d/NUM.h)\n#define NUM 3\n#include XSTR(d/NUM.h)\n',
      'x.h': '',
      'd/3.h': '',
      'd/NUM.h': '',
    },
  },
  'computed names of headers and flags': {
    flags: '-DCONFIG=<cfg.h> -DKIND=fast -I i',
    files: {
      'a.cc': '#include CONFIG\n#include SECOND\n#include IMPLEMENTATION(KIND)\n',
      'i/cfg.h': '#define SECOND "second.h"\n#define STRING(x) #x\n#define IMPLEMENTATION(k) <impl/k.h>\n',
      'second.h': '',
      'i/impl/fast.h': '',
    },
  },
  'a computed name that a computed name defines': {
    files: {
      'a.cc': '#define A "one.h"\n#include A\n#include B\n',
      'one.h': '#define B "two.h"\n#define C "three.h"\n',
      'two.h': '#include C\n',
      'three.h': '',
    },
  },
  'a symlinked directory and what lies above it': {
    flags: '-I link',
    files: {
      'a.cc': '#include <x.h>\n#include "link/../y.h"\n',
      link: '-> deep/er/i',
      'deep/er/i/x.h': '#include "../y.h"\n',
      'deep/er/y.h': '',
      'y.h': '',
    },
  },
  'a symlinked header': {
    flags: '-I i',
    files: {
      'a.cc': '#include <x.h>\n',
      'i/x.h': '-> ../real/x.h',
      'i/y.h': '',
      'real/x.h': '#include "y.h"\n',
      'real/y.h': '',
    },
  },
  'forced headers': {
    flags: '-include f.h -imacros m.h -I i',
    files: {
      's/a.cc': '#include NAME\n',
      'i/f.h': '#include "g.h"\n',
      'i/g.h': '',
      'm.h': '#define NAME "n.h"\n',
      's/n.h': '',
      's/m.h': '#error',
    },
  },
  'odd spellings': {
    files: {
      'a.cc':
        '\ufeff/* c\n */ # /* d */ inc\\\nlude /* e */ "x.h" // f\n%:include "y.h"\n#import "z.h"\nconst char *r = R"(\n#include "no.h"\n)";\n',
      'x.h': '',
      'y.h': '',
      'z.h': '',
    },
  },
  'paths with a dot, two slashes and two dots': {
    flags: '-I ./i/ -I i2//',
    files: {
      's/a.cc': '#include "./x.h"\n#include <.//y.h>\n#include "../s/x2.h"\n#include <../i2/z.h>\n',
      's/x.h': '',
      's/x2.h': '',
      'i/y.h': '',
      'i2/z.h': '',
    },
  },
  'directories from the environment': {
    env: {CPATH: 'e', CPLUS_INCLUDE_PATH: 'f'},
    files: {'a.cc': '#include <x.h>\n#include <y.h>\n', 'e/x.h': '', 'f/y.h': ''},
  },
  'tests for headers': {
    flags: '-I i',
    files: {
      'a.cc':
        '#define HAS(x) __has_include(x)\n#if __has_include(<x.h>) && !__has_include("none.h")\n#include <x.h>\n#endif\n',
      'i/x.h': '',
    },
  },
  'a header named like a directory': {
    flags: '-I one -I two',
    files: {'a.cc': '#include <x.h>\n', 'one/x.h/': '', 'two/x.h': ''},
  },
  'a precompiled standard in place of built-in directories': {
    flags: '-nostdinc -nostdinc++ -I i',
    files: {'a.cc': '#include <vector>\n', 'i/vector': '#include <x.h>\n', 'i/x.h': ''},
  },
};

describe.each(CXX)('with %s, the scan finds', program => {
  it.each(Object.entries(SITUATIONS))('%s', async (_, {flags = '', env = {}, files}) => {
    const rig = new ScanRig(plant(files), env);
    const command = `${program} ${flags} -c ${Object.keys(files)[0]}`.replace(/ +/g, ' ');
    expect(await rig.missed(command)).toEqual([]);
    expect((await rig.scan(command)).complete).toBe(true);
  });
});

describe.each(CC)('with %s, the scan finds', program => {
  it('headers of C and of an assembler source', async () => {
    const cwd = plant({
      'a.c': '#include <stdio.h>\n#include <stdatomic.h>\n#include <limits.h>\n#include <pthread.h>\n',
      'b.S': '#include "b.h"\n#include <syscall.h>\n',
      'b.h': '#define B 1\n',
    });
    const rig = new ScanRig(cwd);
    expect(await rig.missed(`${program} -c a.c`)).toEqual([]);
    expect(await rig.missed(`${program} -c b.S`)).toEqual([]);
  });
});

describe('the scan', () => {
  it('takes every branch, and what only a test names', async () => {
    await check(
      {
        'a.cc':
          '#if 0\n#include "x.h"\n#elif __has_include("y.h")\n#else\n#include "z.h"\n#endif\n#ifdef N\n#include N\n#endif\n',
        'x.h': '',
        'y.h': '',
        'z.h': '',
      },
      '',
      ['x.h', 'y.h', 'z.h'],
    );
  });

  it('takes every value of a computed name', async () => {
    await check(
      {
        'a.cc': '#ifdef X\n#define N "x.h"\n#else\n#define N "y.h"\n#endif\n#include N\n',
        'x.h': '',
        'y.h': '',
        'z.h': '',
      },
      '-DN="z.h"',
      ['x.h', 'y.h', 'z.h'],
    );
  });

  it('looks for a macro once in each file that does not define it, whatever process asks', async () => {
    const root = plant({
      'a.c': '#include "names.h"\n#include NAME\n#include "more.h"\n',
      'names.h': '#define NAME "x.h"\n',
      'more.h': '#include OTHER\n',
      'x.h': '#define OTHER <y.h>\n',
      'y.h': '',
    });
    const memory = join(root, 'memory');
    const looks = async () => {
      const rig = new ScanRig(root);
      rig.files.load(memory, 'v');
      const inspect = vi.spyOn(rig.files, 'inspect');
      const scan = await rig.scan(`gcc -I${root} -c a.c`);
      rig.files.save(memory, 'v');
      return {scan, at: inspect.mock.calls.map(([path]) => path.slice(root.length + 1)).sort()};
    };
    // By this clock the files are old enough for what is known of them to be kept.
    const later = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
    onTestFinished(() => later.mockRestore());
    const first = await looks();
    const second = await looks();
    expect(second.scan).toEqual(first.scan);
    expect(first.at).toContain('y.h');
    expect(new Set(second.at)).toEqual(new Set(['names.h', 'x.h']));
    write(root, 'y.h', '#define OTHER <z.h>\n');
    write(root, 'z.h', '');
    expect((await looks()).scan.files).toContain(join(root, 'z.h'));
  });

  it('ends with files that include each other by two dots, and names both spellings', async () => {
    await check(
      {'x/a.cc': '#include "../y/b.h"\n', 'y/b.h': '#include "../x/c.h"\n', 'x/c.h': '#include "../y/b.h"\n'},
      '',
      ['x/../y/b.h', 'x/../y/../x/c.h', 'x/../y/../x/../y/b.h'],
    );
  });

  it('takes the first meaning of a name alone', async () => {
    await check({'a.cc': '#include <x.h>\n', 'one/x.h': '', 'two/x.h': ''}, '-I one -I two', ['one/x.h']);
    // GCC drops `-I two` in favour of the same directory among the system's, which is searched later.
    await check({'a.cc': '#include <x.h>\n', 'one/x.h': '', 'two/x.h': ''}, '-I two -I one -isystem two', [
      'one/x.h',
    ]);
  });

  it('finds what the assembler reads', async () => {
    const files = {
      'a.c':
        'asm(".incbin \\"data.bin\\"\\n.include \\"b.inc\\"");\n#define DATA "more.bin"\nasm(".incbin \\"" DATA "\\"");\n',
      'data.bin': '\0#include "not.h"',
      'not.h': '',
      'i/b.inc': '.include "c.inc"\n',
      'c.inc': '',
      'more.bin': '',
    };
    await check(files, '-I i', ['data.bin', 'i/b.inc', 'c.inc', 'more.bin'], 'gcc');
    await check({'a.s': '.incbin "x"\n# include "y"\n', x: '', y: ''}, '', ['x'], 'gcc');
    await check(
      {'s/a.S': '#include "b.h"\n.incbin "x"\n', 's/b.h': '.incbin "y"\n', x: '', y: '', 's/x': ''},
      '',
      ['s/b.h', 'x', 'y'],
      'gcc',
    );
  });

  it('guesses data that a macro is given by name', async () => {
    const files = {
      'a.c':
        '#define EMBED(s, f) asm(".incbin \\"" f "\\"")\nEMBED(one, "one.bin");\nEMBED(two, "none.bin");\n',
      'one.bin': '',
      'other.bin': '',
    };
    await check(files, '', ['one.bin'], 'gcc');
  });

  it('finds what is embedded', async () => {
    const files = {
      's/a.c':
        'char x[] = {\n#embed "one"\n,\n#embed <two>\n,\n#embed "three"\n};\n#if __has_embed("four")\n#endif\n',
      's/one': '',
      'e/two': '',
      three: '',
      's/four': '',
      'i/two': '',
    };
    const program = isInstalled('clang-19') ? 'clang-19' : 'clang';
    const embedding = '-nostdinc --embed-dir=e -I i';
    const rig = new ScanRig(plant(files));
    const scan = rig.ask({
      source: 's/a.c',
      language: 'c',
      search: {
        family: 'clang',
        cwd: plant(files),
        quote: [],
        angle: ['i'],
        system: [],
        embed: ['e'],
        assembler: [],
      },
      forcedIncludes: [],
      defines: [],
      extraFiles: [],
    });
    expect(scan.files.map(path => path.split('/').slice(3).join('/')).sort()).toEqual([
      'e/two',
      's/a.c',
      's/four',
      's/one',
      'three',
    ]);
    if (isInstalled('clang-19'))
      await check(files, embedding, ['e/two', 's/four', 's/one', 'three'], program);
  });

  it('finds the file of a dependency pragma', async () => {
    await check({'a.c': '#pragma GCC dependency "p.y" rebuild\n', 'p.y': ''}, '', ['p.y'], 'gcc');
  });

  it('reads preprocessed code for the assembler’s sake alone', async () => {
    await check({'a.ii': '# 1 "a.cc"\n#include "x.h"\nasm(".incbin \\"y\\"");\n', 'x.h': '', y: ''}, '', [
      'y',
    ]);
  });

  it('names directories, absent names, files that ask for the time, and precompiled twins', async () => {
    const cwd = plant({
      'a.cc': '#include "x.h"\n#include <none.h>\n#include "none.h"\n',
      'i/x.h': 'const char *t = __TIME__;\n',
      'i/x.h.gch': '',
      'empty/': '',
    });
    const rig = new ScanRig(cwd);
    const scan = await rig.scan('g++ -nostdinc -I i -I ./empty/ -I gone -c a.cc');
    expect(scan).toEqual({
      files: [join(cwd, 'a.cc'), join(cwd, 'i/x.h')],
      directories: [join(cwd, 'i'), `${cwd}/./empty`],
      absentIncludes: ['none.h'],
      precompiled: ['x.h'],
      clockFiles: [join(cwd, 'i/x.h')],
      complete: true,
    });
  });

  it('answers the same when it may remember one search path alone', async () => {
    const cwd = plant({
      'a.cc': '#include "x.h"\n',
      'one/x.h': '#include <y.h>\n',
      'one/y.h': '',
      'two/x.h': '',
    });
    const rig = new ScanRig(cwd, {}, 0);
    for (let i = 0; i < 3; i++) {
      expect(rig.own(await rig.scan('g++ -nostdinc -I one -c a.cc'))).toEqual(['a.cc', 'one/x.h', 'one/y.h']);
      expect(rig.own(await rig.scan('g++ -nostdinc -I two -c a.cc'))).toEqual(['a.cc', 'two/x.h']);
    }
  });

  it('adds files that flags name, and leaves devices alone', async () => {
    const cwd = plant({'a.c': '#include "/dev/null"\n', 'p.profdata': ''});
    const rig = new ScanRig(cwd);
    const search = await rig.search('gcc -nostdinc -c a.c');
    const scan = rig.ask({
      source: 'a.c',
      language: 'c',
      search,
      forcedIncludes: ['/dev/null'],
      defines: [],
      extraFiles: ['p.profdata', 'none', '/dev/null'],
    });
    expect(scan).toMatchObject({
      files: [join(cwd, 'a.c'), join(cwd, 'p.profdata')],
      absentIncludes: [],
      complete: true,
    });
  });

  it.each([
    ['the source is missing', {'b.c': ''}],
    ['a computed name has a value that means no file', {'a.c': '#define N(x) <x/linux.h>\n#include N(1)\n'}],
    ['a name is not in UTF-8', {'a.c': `#include "${'\ufffd'}.h"\n`}],
    [
      'a computed name has too many values',
      {
        'a.c': `#include A\n#define A B B B B <x>\n${Array.from({length: 20}, (_, i) => `#define B C${i}`).join('\n')}\n`,
      },
    ],
  ])('says that it is not complete when %s', async (_, files: Files) => {
    const rig = new ScanRig(plant(files));
    expect((await rig.scan('gcc -nostdinc -c a.c')).complete).toBe(false);
  });
});

describe('after something changed on disk, in the next epoch', () => {
  const FILES = {'s/a.cc': '#include "x.h"\n', 'one/': '', 'two/x.h': '#include <y.h>\n', 'two/y.h': ''};
  const COMMAND = 'g++ -nostdinc -I one -I two -I made -c s/a.cc';
  const BEFORE = ['s/a.cc', 'two/x.h', 'two/y.h'];

  it.each<[string, (cwd: string) => void, readonly string[]]>([
    [
      'a header that appears earlier on the path is found',
      cwd => write(cwd, 'one/x.h', ''),
      ['one/x.h', 's/a.cc'],
    ],
    ['a header beside the source comes first', cwd => write(cwd, 's/x.h', ''), ['s/a.cc', 's/x.h']],
    ['another include is followed', cwd => write(cwd, 'two/x.h', '#include <z.h>\n#include "y.h"\n'), BEFORE],
    ['a removed header is gone', cwd => unlinkSync(join(cwd, 'two/y.h')), ['s/a.cc', 'two/x.h']],
    [
      'a directory that comes into being is searched',
      cwd => {
        unlinkSync(join(cwd, 'two/y.h'));
        write(cwd, 'made/y.h', '');
      },
      ['made/y.h', 's/a.cc', 'two/x.h'],
    ],
    [
      'a directory that becomes a link leads elsewhere',
      cwd => {
        renameSync(join(cwd, 'two'), join(cwd, 'three'));
        symlinkSync('three', join(cwd, 'two'));
        write(cwd, 'three/y.h', '#include "w.h"\n');
        write(cwd, 'three/w.h', '');
      },
      [...BEFORE, 'two/w.h'],
    ],
    [
      'a header that becomes a directory is none',
      cwd => {
        rmSync(join(cwd, 'two/y.h'));
        mkdirSync(join(cwd, 'two/y.h'));
      },
      ['s/a.cc', 'two/x.h'],
    ],
    ['a source that is gone is no answer', cwd => unlinkSync(join(cwd, 's/a.cc')), []],
  ])('%s', async (_, change, expected) => {
    const cwd = plant(FILES);
    const rig = new ScanRig(cwd);
    expect(rig.own(await rig.scan(COMMAND))).toEqual(BEFORE);
    change(cwd);
    expect(rig.own(await rig.scan(COMMAND))).toEqual(BEFORE);
    rig.files.newEpoch();
    expect(rig.own(await rig.scan(COMMAND))).toEqual([...expected].sort());
  });

  it('a link whose target comes into being is a header', async () => {
    const cwd = plant({'a.cc': '#include "x.h"\n', 'one/x.h': '-> ../made/x.h', 'two/x.h': ''});
    const rig = new ScanRig(cwd);
    const command = 'g++ -nostdinc -I one -I two -c a.cc';
    expect(rig.own(await rig.scan(command))).toEqual(['a.cc', 'two/x.h']);
    write(cwd, 'made/x.h', '');
    rig.files.newEpoch();
    expect(rig.own(await rig.scan(command))).toEqual(['a.cc', 'one/x.h']);
  });

  it('absent names are absent until they are there', async () => {
    const cwd = plant({'a.cc': '#include "gen/x.h"\n', 'i/': ''});
    const rig = new ScanRig(cwd);
    const command = 'g++ -nostdinc -I i -c a.cc';
    expect((await rig.scan(command)).absentIncludes).toEqual(['gen/x.h']);
    write(cwd, 'i/gen/y.h', '');
    rig.files.newEpoch();
    expect((await rig.scan(command)).absentIncludes).toEqual(['gen/x.h']);
    write(cwd, 'i/gen/x.h', '');
    rig.files.newEpoch();
    expect(rig.own(await rig.scan(command))).toEqual(['a.cc', 'i/gen/x.h']);
  });
});
