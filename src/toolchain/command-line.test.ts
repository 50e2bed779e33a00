import {describe, expect, it} from 'vitest';
import {parseCompile} from './command-line.ts';
import {precompiledHeaderCandidates} from './compile-command.ts';

function parse(command: string) {
  const parsed = parseCompile(command.split(' '));
  if (parsed.kind !== 'compile') throw new Error(`${parsed.why}: ${command}`);
  return parsed;
}

function check(command: string, expected: object): void {
  const parsed = parse(command);
  expect({command, local: parsed.local}).toEqual({command, local: undefined});
  expect(parsed.compile).toMatchObject(expected);
}

function local(command: string, reason: string, detail?: string): void {
  expect({command, ...parse(command).local}).toMatchObject({
    command,
    reason,
    ...(detail === undefined ? {} : {detail}),
  });
}

describe('parseCompile', () => {
  it('reads a command of CMake', () => {
    check(
      '/usr/bin/c++ -DA -I/x/include -isystem /y -O2 -g -std=gnu++17 -MD -MT d/a.cc.o -MF d/a.cc.o.d -o d/a.cc.o -c /x/a.cc',
      {
        compiler: '/usr/bin/c++',
        family: 'unknown',
        source: '/x/a.cc',
        language: 'c++',
        preprocessed: false,
        stage: 'object',
        output: 'd/a.cc.o',
        search: [
          {flag: '-I', path: '/x/include'},
          {flag: '-isystem', path: '/y'},
        ],
        builtinFlags: ['-std=gnu++17'],
        macros: [{kind: 'define', text: 'A'}],
        depfile: {
          path: 'd/a.cc.o.d',
          systemHeaders: true,
          targets: [{text: 'd/a.cc.o', quoted: false}],
          phonyTargets: false,
        },
        sideOutputs: [],
        extraInputs: [],
      },
    );
  });

  it('names the output that is not given', () => {
    check('gcc -c dir/a.b.c', {output: 'a.b.o'});
    check('gcc -S dir/a.c', {output: 'a.s', stage: 'assembly'});
    check('gcc -c -S a.c', {output: 'a.s', stage: 'assembly'});
    check('clang -c -emit-llvm a.c', {output: 'a.bc'});
  });

  it('knows the language by -x, suffix and driver', () => {
    check('gcc -c a.c', {language: 'c'});
    check('g++ -c a.c', {language: 'c++'});
    check('clang++-14 -c a.m', {language: 'objective-c'});
    check('gcc -c a.C', {language: 'c++'});
    check('gcc -c a.S', {language: 'asm-cpp'});
    check('gcc -c a.s', {language: 'asm'});
    check('gcc -c a.ii', {language: 'c++', preprocessed: true});
    check('gcc -x c++ -c a.inc', {language: 'c++', source: 'a.inc'});
    check('gcc -xassembler-with-cpp -c a.s', {language: 'asm-cpp'});
    check('gcc -x c++ -x none -c a.c', {language: 'c'});
    local('gcc -x cuda -c a.c', 'language');
    local('gcc -c a.f90', 'language');
  });

  it('knows drivers by their names', () => {
    for (const name of [
      'gcc',
      'g++-12',
      '/x/clang',
      'clang++-14',
      'cc',
      'c++',
      'x86_64-pc-linux-gnu-g++-12.2',
    ]) {
      check(`${name} -c a.cc`, {compiler: name});
    }
    for (const name of ['gcc-ar', 'clang-cl', 'clang-tidy-14', 'cpp', 'gccgo', 'nvcc', 'ld', 'rustc']) {
      expect(parseCompile([name, '-c', 'a.c'])).toEqual({kind: 'not-a-compile', why: 'no-compiler'});
    }
  });

  it('keeps search flags in order and spelling', () => {
    check('gcc -c a.c -iquote q -I i/ -Ij -idirafter z -iprefix p/ -iwithprefix w -Wa,-I,s', {
      search: [
        {flag: '-iquote', path: 'q'},
        {flag: '-I', path: 'i/'},
        {flag: '-I', path: 'j'},
        {flag: '-idirafter', path: 'z'},
        {flag: '-iprefix', path: 'p/'},
        {flag: '-iwithprefix', path: 'w'},
        {flag: '-Wa,-I', path: 's'},
      ],
    });
    check('clang -c a.c -isysroot /s --sysroot=/t -nostdinc -target arm-linux -B/b -m32', {
      builtinFlags: ['-isysroot', '/s', '--sysroot=/t', '-nostdinc', '-target', 'arm-linux', '-B/b', '-m32'],
    });
  });

  it('reads forced includes and macros', () => {
    check('gcc -c a.c -include x.h -imacros y.h -D A=b -UC -Wp,-D_F=2', {
      forcedIncludes: [
        {path: 'x.h', macrosOnly: false},
        {path: 'y.h', macrosOnly: true},
      ],
      macros: [
        {kind: 'define', text: 'A=b'},
        {kind: 'undefine', text: 'C'},
        {kind: 'define', text: '_F=2'},
      ],
    });
    expect(precompiledHeaderCandidates(parse('gcc -c a.c -include d/x.h -imacros y.h').compile)).toEqual([
      'd/x.h.gch',
      'd/x.h.pch',
      'd/x.h.pth',
    ]);
  });

  it('finds the depfile in each of its forms', () => {
    check('gcc -c a.c', {depfile: undefined});
    check('gcc -c a.c -MF x.d', {depfile: undefined});
    check('gcc -c a.c -MD', {depfile: {path: 'a.d', systemHeaders: true}});
    check('gcc -c a.c -MMD -o d/x.o', {depfile: {path: 'd/x.d', systemHeaders: false}});
    check('gcc -c a.c -MD -MFx.d -MP -MT t -MQ u$', {
      depfile: {
        path: 'x.d',
        phonyTargets: true,
        targets: [
          {text: 't', quoted: false},
          {text: 'u$', quoted: true},
        ],
      },
    });
    check('gcc -c a.c -Wp,-MD,d/.x.d', {depfile: {path: 'd/.x.d', systemHeaders: true}});
    check('clang -c a.c -Wp,-MMD,x.d', {depfile: {path: 'x.d', systemHeaders: false}});
    check('gcc -c a.c -Wp,-MD,x.d,-MT,y -Wp,-MP', {
      depfile: {path: 'x.d', phonyTargets: true, targets: [{text: 'y'}]},
    });
    local('clang -c a.c -Wp,-MD,x.d,-MT,y', 'preprocessor-option');
    local('gcc -c a.c -MD -MMD', 'depfile-form');
    local('gcc -c a.c -MD -Wp,-MD,x.d', 'depfile-form');
    local('gcc -c a.c -MD -MG', 'depfile-form');
    local('gcc -c a.c -MD -MF -', 'depfile-form');
    local('gcc -c a.c -MD -MF /dev/null', 'output-device');
    local('gcc -c a.c -Wp,-foo', 'preprocessor-option', '-foo');
  });

  it('names the files that flags read', () => {
    check(
      'clang -c a.c -fprofile-instr-use=/p/x.profdata -fsanitize-ignorelist=i.txt -fprofile-use=y.profdata',
      {
        extraInputs: ['/p/x.profdata', 'i.txt', 'y.profdata'],
      },
    );
    check('gcc -c a.c -specs=/x/hardened.specs -specs=nano.specs', {
      extraInputs: ['/x/hardened.specs'],
      builtinFlags: ['-specs=/x/hardened.specs', '-specs=nano.specs'],
    });
    local('gcc -c a.c -fprofile-use', 'profile-directory');
    local('gcc -c a.c -fprofile-use=/some/dir', 'profile-directory');
  });

  it('takes paths that are only text for what they are', () => {
    check(
      'gcc -c a.c -ffile-prefix-map=/a=/b -fdebug-prefix-map=/a=. -fmacro-prefix-map=/a= -frandom-seed=x/y.o',
      {},
    );
    check('clang -c a.c -fdebug-compilation-dir /x -fcoverage-compilation-dir=/y -Wl,-rpath,/z -L/l -lx', {});
    check(
      'clang -c a.c -Xclang -fdebug-compilation-dir -Xclang . -mllvm -inline-threshold=5 -Qunused-arguments',
      {},
    );
  });

  it('passes what is harmless whether known or not', () => {
    check(
      'gcc -c a.c -O3 -g3 -ggdb -Wall -Wno-foo=5 -fnew-thing -fnew-thing=3 -mnew -pthread -pipe -w -ansi',
      {},
    );
    check('gcc -c a.c --param max-inline-insns-single=3 --param=x=1 -Xlinker /x -z now -u sym -T x.ld', {});
    check('clang -c a.c -Xclang -disable-O0-optnone -Xanalyzer x --target=x86_64-linux-gnu -arch x86_64', {});
    check('gcc -c a.c -Wa,--noexecstack,--defsym,X=1,-mrelax-relocations=no -Xassembler --gdwarf-5', {});
  });

  it('flags what stands for this machine', () => {
    check('gcc -c a.c -march=native -mtune=native', {nativeFlags: ['-march=native', '-mtune=native']});
    check('gcc -c a.c -march=native -march=haswell', {nativeFlags: []});
    check('gcc -c a.c -march=haswell', {nativeFlags: []});
  });

  it('stays local by name', () => {
    local('gcc -c a.c -fnew=/x/y', 'unknown-flag-file', '-fnew=/x/y');
    local('gcc -c a.c -mnew=x/y', 'unknown-flag-file');
    local('gcc -c a.c --weird', 'unknown-flag', '--weird');
    local('gcc -c a.c -Zweird value', 'unknown-flag', '-Zweird');
    local('gcc -c a.c -o', 'unknown-flag', '-o');
    local('gcc -c a.c -save-temps=obj', 'save-temps');
    local('gcc -c a.c -fdump-tree-all', 'dump-files');
    local('gcc -c a.c -da', 'dump-files');
    local('gcc -c a.c -dumpbase x', 'dump-name');
    local('clang -c a.c -ftime-trace=x', 'side-output');
    local('gcc -c a.c --coverage -fno-test-coverage', 'side-output');
    local('clang -c a.c -Xclang -load -Xclang x.so', 'plugin', '-load');
    local('clang -c a.c -Xclang -include-pch -Xclang x.pch', 'pch');
    local('clang -c a.c -include-pch x.pch', 'pch');
    local('clang -c a.c -Xclang -dependency-file -Xclang x', 'cc1-option');
    local('clang -c a.c -Xclang -foo=/x', 'unknown-flag-file');
    local('gcc -x c++-header -c x.hxx -o x.hxx.gch', 'pch', 'x.hxx');
    local('gcc -c x.h', 'pch');
    local('gcc -c a.c -fmodules-ts -fmodule-mapper=x', 'modules');
    local('clang -c a.c -fmodule-file=x.pcm', 'modules');
    local('clang -c a.cppm', 'modules');
    local('gcc -c a.c -wrapper gdb,--args', 'compiler-wrapper');
    local('clang -c a.c --config x.cfg', 'config-file');
    local('clang -c a.c -ivfsoverlay x.yaml', 'vfs-overlay');
    local('clang -c a.c -ivfsstatcache x', 'vfs-overlay');
    local('clang -c a.c -I/x/App.hmap', 'header-map');
    local('clang -c a.c -iquote App-generated.hmap', 'header-map');
    local('clang -c a.c -index-store-path /x -index-unit-output-path /a.o', 'side-output');
    local('clang -c a.c -working-directory /x', 'working-directory');
    local('gcc -c a.c -fexec-charset=latin1', 'charset');
    local('gcc -c a.c -foffload=nvptx-none', 'offload');
    local('gcc -c a.c -v', 'driver-output');
    local('gcc -c a.c -o /dev/null', 'output-device');
    local('gcc -c a.c -Wa,-o,x', 'assembler-option');
    local('gcc -c a.c -Wa,--foo=/x', 'unknown-flag-file');
  });

  it('reports the first reason from the left and reads on', () => {
    const parsed = parse('gcc -save-temps -fplugin=x -o d/a.o -c a.c');
    expect(parsed.local).toEqual({reason: 'save-temps', detail: '-save-temps'});
    expect(parsed.compile).toMatchObject({source: 'a.c', output: 'd/a.o'});
  });

  it('does not change its argv', () => {
    const argv = ['gcc', '-c', 'a.c', '-DX=a b'];
    const parsed = parseCompile(argv);
    expect(parsed).toMatchObject({compile: {args: argv, words: argv}});
    expect(argv).toEqual(['gcc', '-c', 'a.c', '-DX=a b']);
  });
});
