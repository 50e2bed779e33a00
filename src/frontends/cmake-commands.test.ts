import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {ninjaFolder} from '../test/ninja-folder.ts';
import {SYSTEM_PATH} from '../test/tools.ts';
import {splitWords} from '../toolchain/words.ts';
import {commandsOfCmake} from './cmake-commands.ts';
import {readCompileCommands} from './compile-commands.ts';

const PROJECT = {
  'CMakeLists.txt':
    'cmake_minimum_required(VERSION 3.20)\nproject(x C)\nadd_library(l STATIC a.c)\nadd_subdirectory("s ub" sub)\n',
  'a.c': 'int a;\n',
  's ub/CMakeLists.txt': 'add_library(m STATIC "b $c#.c" plain.c)\n',
  's ub/b $c#.c': 'int b;\n',
  's ub/plain.c': 'int plain;\n',
};

it.each([
  ['build', 'Debug'],
  ['b d', 'Release'],
])('lists for makefiles what make runs, dependency files and dollars included: %s, %s', (build, type) => {
  const {path} = ninjaFolder(PROJECT);
  const directory = join(path, build);
  const env = {...process.env, PATH: SYSTEM_PATH};
  const flags = [`-DCMAKE_BUILD_TYPE=${type}`, '-DCMAKE_EXPORT_COMPILE_COMMANDS=ON'];
  const cmake = ['-G', 'Unix Makefiles', '-S', path, '-B', directory, ...flags];
  expect(spawnSync('cmake', cmake, {env}).status).toBe(0);
  const made = spawnSync('make', ['VERBOSE=1'], {cwd: directory, env, encoding: 'utf8'});
  const ran = made.stdout.split('\n').flatMap(line => {
    const split = splitWords(line.replace(/^cd .* && /, ''));
    return split.ok && split.words.includes('-c') ? [split.words] : [];
  });
  expect(ran).toHaveLength(3);
  const listed = readCompileCommands(join(directory, 'compile_commands.json')).map(({command}) => {
    const split = splitWords(command);
    return split.ok ? split.words : command;
  });
  expect(listed).toEqual(expect.arrayContaining(ran));
  expect(listed).toHaveLength(3);
});

it('leaves commands that have such flags, and lists of others, as they are', () => {
  const {path} = ninjaFolder({
    'CMakeCache.txt': 'CMAKE_GENERATOR:INTERNAL=Unix Makefiles\n',
    'CMakeFiles/l.dir/build.make': '\tcc -MD -MT a.o -MF a.o.d -o CMakeFiles/l.dir/a.o -c a.c\n',
    'other/CMakeFiles/l.dir/build.make': '\tcc -MD -MT a.o -MF a.o.d -o CMakeFiles/l.dir/a.o -c a.c\n',
  });
  const whole = 'cc -MD -MT a.o -MF a.o.d -o CMakeFiles/l.dir/a.o -c a.c';
  const bare = 'cc -o CMakeFiles/l.dir/a.o -c a.c';
  const command = (directory: string, text: string) => commandsOfCmake(directory)({command: text, directory});
  expect(command(path, bare)).toBe(whole);
  expect(command(path, whole)).toBe(whole);
  expect(command(path, 'cc -o x.o -c $$x.c')).toBe('cc -o x.o -c $x.c');
  expect(command(join(path, 'other'), 'cc -c $$x.c -o x.o')).toBe('cc -c $$x.c -o x.o');
});
