import {describe, expect, it} from 'vitest';
import {type ClassifyRequest, classify, classifyWords} from './classify.ts';

function check(command: string, expected: object, more: Partial<ClassifyRequest> = {}): void {
  expect(classify({command, env: {}, ...more})).toMatchObject(expected);
}

function local(command: string, reason: string, detail: string, more: Partial<ClassifyRequest> = {}): void {
  check(command, {kind: 'local-compile', local: {reason, detail}}, more);
}

describe('classify', () => {
  it('sends compiles away', () => {
    check('/usr/bin/c++ -O2 -MD -MT a.o -MF a.o.d -o a.o -c /x/a.cc', {
      kind: 'remote',
      compile: {output: 'a.o'},
    });
    check('aarch64-linux-gnu-gcc-12 -c a.c', {kind: 'remote', compile: {family: 'gcc', output: 'a.o'}});
    check('/x/my-own-g++ -c a.c', {kind: 'remote', compile: {family: 'gcc', language: 'c++'}});
    check('avr.x-clang-14 -c a.c', {kind: 'remote', compile: {family: 'clang', language: 'c'}});
    check('env LANG=C ccache clang++-14 -c a.cc', {
      kind: 'remote',
      compile: {compiler: 'clang++-14', args: ['clang++-14', '-c', 'a.cc']},
      envChanges: [{name: 'LANG', value: 'C'}],
    });
  });

  it('keeps apart what is no compile', () => {
    for (const command of [
      '',
      'ar qc lib.a a.o',
      'cmake -E touch x',
      'cd x && python3 gen.py -c a',
      ': && /usr/bin/c++ -O2 a.o -o prog && :',
      'clang-tidy-14 -c a.c',
      'gcc-ar -c a',
      'echo -c',
      'env PATH=/x sh -c true',
      'mpicxx a.o b.o -o prog',
      'mpicxx -c a.cc',
      'mpicxx -c a.o -o b.o',
      'moc -c a.h -o moc_a.cpp',
      'bison -c a.y -o a.c',
      'ld -r -c a.c.o -o x.o',
      "python3 -c 'import x' a.c -o a.o",
      "bash -c 'mpicc -c a.c -o a.o' a.c -o a.o",
      'cmake -E echo -c a.c -o a.o',
      'libtool --mode=link mpicc -c a.c -o a.o',
      'cd x && python3 gen.py -c a.c -o a.o',
      'echo mpicc -c a.c -o a.o > a.txt',
      'cd x; ar -c a.c; ranlib -o a.o',
    ]) {
      expect(classify({command, env: {}})).toEqual({kind: 'other'});
    }
    check('g++ a.o -o prog', {kind: 'other', why: 'link'});
    check('g++ a.cc -o prog', {kind: 'other', why: 'link'});
    check('g++ -E a.cc', {kind: 'other', why: 'preprocess-only'});
    check('gcc -M a.c', {kind: 'other', why: 'no-output-wanted'});
    check('gcc -c a.c b.c', {kind: 'other', why: 'several-sources'});
    check('gcc -x c -c -', {kind: 'other', why: 'stdin-source'});
    check('gcc -c a.o', {kind: 'other', why: 'no-source'});
    check('gcc --version', {kind: 'other', why: 'no-output-wanted'});
  });

  it('names why a compile stays', () => {
    local('cd dir && gcc -c a.c -o a.o', 'shell-construct', 'operator');
    local('gcc -c f.c -o /dev/null && touch stamp', 'shell-construct', 'operator');
    local('gcc $FLAGS -c a.c', 'shell-construct', 'expansion');
    local('"gcc" -DG=*.c -c a.c', 'shell-construct', 'glob');
    local('A=b gcc -c a.c', 'shell-construct', 'assignment');
    local('nice gcc -c a.c', 'unknown-launcher', 'nice');
    local('buildcache /usr/bin/g++ -O2 -c a.cc', 'unknown-launcher', 'buildcache');
    local('ccache base_dir=/x gcc -c a.c', 'launcher-settings', 'base_dir=/x');
    local('/usr/lib/ccache/g++ -c a.cc', 'compiler-wrapper', '/usr/lib/ccache/g++');
    local('gcc -c a.c', 'environment-output', 'DEPENDENCIES_OUTPUT', {env: {DEPENDENCIES_OUTPUT: 'x'}});
    local('env SUNPRO_DEPENDENCIES=x gcc -c a.c', 'environment-output', 'SUNPRO_DEPENDENCIES');
    local('gcc -fplugin=x.so -c a.c', 'plugin', '-fplugin=x.so');
    local('/x/mpicxx -O2 -MD -MF a.o.d -o a.o -c a.cc', 'unknown-compiler', '/x/mpicxx');
    local('ccache hipcc -x hip -c a.cpp -oa.obj', 'unknown-compiler', 'hipcc');
    local('nice mpicc -c a.c -o a.o', 'unknown-compiler', 'nice');
    local('ccache base_dir=/x mpicc -c a.c -o a.o', 'launcher-settings', 'base_dir=/x');
    local('cd x && A=b mpicc -c "a.c" -o a.o', 'shell-construct', 'operator');
  });

  it("keeps what ccache's configuration would change", () => {
    const fault = {reason: 'launcher-settings', detail: 'base_dir'} as const;
    local('ccache gcc -c a.c', 'launcher-settings', 'base_dir', {ccacheFault: fault});
    check('gcc -c a.c', {kind: 'remote'}, {ccacheFault: fault});
  });

  it('gives the description of a compile that stays', () => {
    check('gcc -fplugin=x.so -c a.c', {compile: {source: 'a.c', output: 'a.o'}});
  });

  it('takes the content of response files from its caller', () => {
    const texts: Record<string, string> = {'a.rsp': '-c a.c -DX="y z"', b: '-c b.c'};
    const readResponseFile = (path: string) => {
      const content = texts[path];
      return content === undefined ? undefined : {content, onDisk: path === 'b'};
    };
    check(
      'ccache gcc @a.rsp -O2',
      {
        kind: 'remote',
        compile: {
          source: 'a.c',
          args: ['gcc', '@a.rsp', '-O2'],
          words: ['gcc', '-c', 'a.c', '-DX=y z', '-O2'],
          extraInputs: ['a.rsp'],
        },
      },
      {readResponseFile},
    );
    check('gcc @b', {kind: 'remote', compile: {source: 'b.c', extraInputs: ['b']}}, {readResponseFile});
    local('gcc -c @none a.c', 'response-file', '@none', {readResponseFile});
  });

  it('takes words as they are in compile_commands.json', () => {
    const words = ['gcc', '-DA=$x *', '-c', 'a b.c'];
    expect(classifyWords(words, {env: {}})).toMatchObject({
      kind: 'remote',
      compile: {source: 'a b.c', output: 'a b.o'},
    });
  });

  it('asks for the family that the name does not tell', () => {
    const familyOf = (compiler: string) => (compiler === 'cc' ? ('clang' as const) : undefined);
    check('cc -c a.c -ftime-trace', {kind: 'remote', compile: {family: 'clang'}}, {familyOf});
    check('gcc -c a.c', {kind: 'remote', compile: {family: 'gcc'}}, {familyOf});
  });
});
