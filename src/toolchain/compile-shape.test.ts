import {expect, it} from 'vitest';
import {compileShape, hasCompileShape} from './compile-shape.ts';

it.each<[string, object | undefined]>([
  ['icpx -c a.cc -o x/a.o', {source: 'a.cc', output: 'x/a.o', depfile: undefined}],
  ['icpx -MD -MF a.d -oa.obj a.c -c', {source: 'a.c', output: 'a.obj', depfile: 'a.d'}],
  ['icpx -include pre.c -o a.o -c a.cppm', {source: 'a.cppm', output: 'a.o', depfile: undefined}],
  ['icpx -c a.h -o a.o', undefined],
  ['icpx -c a -o a.o', undefined],
  ['icpx -c a.cc', undefined],
  ['icpx -c a.cc -o', undefined],
  ['icpx a.cc -o a.o', undefined],
  ['icpx -S -c a.cc -o a.s', undefined],
  ['-c a.cc -o a.o', undefined],
  ['/usr/bin/python3.11 -c a.cc -o a.o', undefined],
  ['', undefined],
])('%s', (command, expected) => {
  expect(compileShape(command.split(' '))).toEqual(expected);
});

it.each<[string, boolean]>([
  ['cd x && (icpx -c "a.c" -o a.o)', true],
  ['A=b C= icpx -c a.c -o a.o || true', true],
  ['cd x && sh -c a.c -o a.o', false],
  ['icpx -c a.c; touch -o a.o', false],
  ['A=b', false],
  ['&&', false],
])('in a shell: %s', (command, expected) => {
  expect(hasCompileShape(command)).toBe(expected);
});
