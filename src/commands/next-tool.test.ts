import {expect, it} from 'vitest';
import {ninjaFolder} from '../test/ninja-folder.ts';
import {nextTool} from './next-tool.ts';

const CMAKE = 'CMAKE_COMMAND:INTERNAL=/opt/my cmake/bin/cmake\nCMAKE_GENERATOR:INTERNAL=';

it.each<[string, Record<string, string>, {command: string; isCmake: boolean} | undefined]>([
  ['nothing', {}, undefined],
  ['a Makefile', {Makefile: ''}, {command: 'make', isCmake: false}],
  ['a GNUmakefile', {GNUmakefile: ''}, {command: 'make', isCmake: false}],
  ['a makefile', {makefile: ''}, {command: 'make', isCmake: false}],
  [
    "CMake's makefiles",
    {Makefile: '', 'CMakeCache.txt': `${CMAKE}Unix Makefiles\n`},
    {command: "'/opt/my cmake/bin/cmake' --build . --parallel 3", isCmake: true},
  ],
  ["CMake's makefiles that are gone", {'CMakeCache.txt': `${CMAKE}Unix Makefiles\n`}, undefined],
  ['a Makefile beside a build by ninja', {Makefile: '', 'CMakeCache.txt': `${CMAKE}Ninja\n`}, undefined],
  ['a makefile for nmake', {Makefile: '', 'CMakeCache.txt': `${CMAKE}NMake Makefiles\n`}, undefined],
])('beside %s', (_, files, expected) => {
  expect(nextTool(ninjaFolder(files).path, 3)).toEqual(expected);
});
