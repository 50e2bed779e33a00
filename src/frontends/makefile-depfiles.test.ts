import {expect, it} from 'vitest';
import {ninjaFolder} from '../test/ninja-folder.ts';
import {compilesOf} from './compiles-list.ts';
import {missingDepfiles} from './makefile-depfiles.ts';

/** With a compile in the folder and one below it. */
function check(makefile: string, command: string, expected: string | undefined): void {
  const {path} = ninjaFolder({'sub/Makefile': makefile, Makefile: 'all:\n'});
  const commands = [
    {command: 'gcc -c a.c', directory: path},
    {command, directory: `${path}/sub`},
  ];
  const found = missingDepfiles(compilesOf(commands, path).compiles, path);
  expect(found && `${found.makefile} ${found.flag}`).toBe(expected);
}

it.each([
  ['x.o: x.c\n\t$(CC) -MMD -c x.c\n', 'gcc -c x.c', 'sub/Makefile -MMD'],
  ['CFLAGS=-MD\n', 'gcc -c x.c', 'sub/Makefile -MD'],
  ['CFLAGS += -O2 -Wp,-MD,.x.d\n', 'gcc -c x.c', 'sub/Makefile -Wp,-MD'],
  ['CFLAGS += -MMD\n', 'gcc -MMD -c x.c', undefined],
  ['CFLAGS += -DMD -O2\n', 'gcc -c x.c', undefined],
  ['CFLAGS += -MDX\n', 'gcc -c x.c', undefined],
])('%j, and %s', check);

it('names a Makefile elsewhere by its whole path', () => {
  const {path} = ninjaFolder({'sub/Makefile': 'CFLAGS = -MMD\n', 'build/x': ''});
  const {compiles} = compilesOf([{command: 'gcc -c a.c', directory: `${path}/sub`}], `${path}/build`);
  expect(missingDepfiles(compiles, `${path}/build`)?.makefile).toBe(`${path}/sub/Makefile`);
});
