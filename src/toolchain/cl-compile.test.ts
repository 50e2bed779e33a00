import {describe, expect, it} from 'vitest';
import {clCompile} from './cl-compile.ts';
import {classify} from './classify.ts';

/** `output < source`. */
function check(command: string, expected: string | undefined): void {
  const compile = clCompile(command.split(' '));
  expect(compile && `${compile.output} < ${compile.source}`).toBe(expected);
}

describe('a command with the flags of cl', () => {
  it.each([
    ['cl.exe /nologo /c /Fofoo.obj foo.cpp', 'foo.obj < foo.cpp'],
    ['cl /c foo.c', 'foo.obj < foo.c'],
    ['C:\\VC\\bin\\CL.EXE /c /Fo:out\\ sub\\foo.cpp', 'out\\foo.obj < sub\\foo.cpp'],
    [
      '/usr/bin/clang-cl-14 -TP /c /FoCMakeFiles/a.dir/foo.obj -- /src/foo.cpp',
      'CMakeFiles/a.dir/foo.obj < /src/foo.cpp',
    ],
    ['clang-cl -c -o x.obj /src/foo.cc /EHsc', 'x.obj < /src/foo.cc'],
    ['clang-cl /c /Fo out/x.obj foo.cc', 'out/x.obj < foo.cc'],
  ])('%s', check);

  it.each([
    ['cl.exe foo.cpp /link /out:foo.exe'],
    ['clang -c foo.c'],
    ['cl /c'],
    ['tool-cl /c foo.c'],
    ['oracl.exe /c foo.c'],
    ['link.exe /c foo.c'],
  ])('is not %s', command => check(command, undefined));

  it('stays local by a name of its own', () => {
    const local = {reason: 'cl-driver', detail: 'clang-cl'};
    expect(classify({command: 'clang-cl /c /Foa.obj a.cc', env: {}})).toEqual({kind: 'local-compile', local});
  });
});
