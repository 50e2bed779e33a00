import {describe, expect, it} from 'vitest';
import {type Classification, classify} from './classify.ts';
import {wantedOutputs} from './compile-command.ts';

function of(command: string, env: Readonly<Record<string, string>> = {}): Classification {
  return classify({command, env});
}

function compileOf(command: string) {
  const found = of(command);
  if (found.kind !== 'remote') throw new Error(JSON.stringify(found));
  return found.compile;
}

function reasonOf(command: string, env: Readonly<Record<string, string>> = {}): string {
  const found = of(command, env);
  return found.kind === 'local-compile' ? `${found.local.reason} ${found.local.detail}` : found.kind;
}

describe('an assembly by nasm', () => {
  it('is read as Meson writes it', () => {
    const compile = compileOf(
      '/usr/bin/nasm -f elf64 -I /s/src/ -I /s/build/ -MQ a.obj -MF a.obj.ndep ../src/a.asm -o a.obj',
    );
    expect(compile).toMatchObject({
      compiler: '/usr/bin/nasm',
      assembler: 'nasm',
      language: 'asm',
      source: '../src/a.asm',
      output: 'a.obj',
      search: [
        {flag: '-I', path: '/s/src/'},
        {flag: '-I', path: '/s/build/'},
      ],
      // Nothing asks for it to be written.
      depfile: undefined,
    });
  });

  it('is read as CMake writes it', () => {
    const compile = compileOf(
      'nasm -DX=1 -uY -I/s/inc -f elf64 -O2 -g -Fdwarf -w-all -Wno-other -Pfirst.inc -pnext.inc -MD a.o.d -MT a.o -l a.lst -o a.o a.asm',
    );
    expect(wantedOutputs(compile).map(({path}) => path)).toEqual(['a.o', 'a.o.d', 'a.lst']);
    expect(compile.forcedIncludes.map(({path}) => path)).toEqual(['first.inc', 'next.inc']);
    expect(compile.macros).toEqual([
      {kind: 'define', text: 'X=1'},
      {kind: 'undefine', text: 'Y'},
    ]);
    expect(compile.args).toEqual(compile.words);
  });

  it.each([
    ['-f elf64 -MD -MF a.d -oa.o -- a.asm', ['a.o', 'a.d']],
    ['-felf32 -MD -MP -o a.o a.asm', ['a.o']],
    ['-f elfx32 --prefix _ --limit-passes 9 --suffix=x --no-line --reproducible -o a.o a.asm', ['a.o']],
    ['-f elf64 -Ox -X gnu -s -t -Lb -o a.o a.asm', ['a.o']],
  ])('writes what %s says', (words, outputs) => {
    expect(wantedOutputs(compileOf(`nasm ${words}`)).map(({path}) => path)).toEqual(outputs);
  });

  it.each([
    ['-f bin -o a.bin a.asm', 'assembler-format bin'],
    ['-o a.o a.asm', 'assembler-format '],
    ['-f win64 -o a.o a.asm', 'assembler-format win64'],
    ['-f elf64 -@ args -o a.o a.asm', 'response-file -@ args'],
    ['-f elf64 -Zerrors -o a.o a.asm', 'side-output -Z errors'],
    ['-f elf64 --before "%include x" -o a.o a.asm', 'unknown-flag --before'],
    ['-f elf64 -Q -o a.o a.asm', 'unknown-flag -Q'],
    ['-f elf64 -MW -o a.o a.asm', 'unknown-flag -MW'],
    ['-f elf64 -sx -o a.o a.asm', 'unknown-flag -sx'],
    ['-f elf64 -o a.o a.asm -I', 'unknown-flag -I'],
    ['-f elf64 -o /dev/null a.asm', 'output-device /dev/null'],
    ['-f elf64 -MD - -o a.o a.asm', 'output-device -'],
    ['-f elf64 -o a.o a.asm > log', 'other'],
  ])('stays here with %s', (words, reason) => {
    expect(reasonOf(`nasm ${words}`)).toBe(reason);
  });

  it.each([
    '-M a.asm',
    '-MG -f elf64 -o a.o a.asm',
    '-E a.asm -o a.i',
    '-v',
    '-f elf64 a.asm',
    '-f elf64 -o a.o',
  ])('is none with %s', words => {
    expect(of(`nasm ${words}`).kind).toBe('other');
  });

  it('stays here where a variable adds to its flags', () => {
    const command = 'nasm -f elf64 -o a.o a.asm';
    expect(reasonOf(command, {NASMENV: '-Dx'})).toBe('assembler-environment NASMENV');
    expect(reasonOf(`env NASMENV=-Dx ${command}`)).toBe('assembler-environment NASMENV');
    expect(reasonOf(`env -u NASMENV ${command}`, {NASMENV: '-Dx'})).toBe('remote');
    expect(reasonOf(command, {NASMENV: ''})).toBe('remote');
    expect(reasonOf('yasm -f elf64 -o a.o a.asm', {NASMENV: '-Dx'})).toBe('remote');
  });
});

describe('an assembly by yasm', () => {
  it('is read with flags of its own', () => {
    const compile = compileOf(
      'yasm -f elf64 -m amd64 -g dwarf2 -p nasm -r nasm -Worphan-labels -I../inc/ -Pc.asm -DPIC -o a.o a.asm',
    );
    expect(compile).toMatchObject({assembler: 'yasm', source: 'a.asm', output: 'a.o'});
    expect(compile.search).toEqual([{flag: '-I', path: '../inc/'}]);
  });

  it.each([
    ['-p gas', 'language -p gas'],
    ['-r cpp', 'language -r cpp'],
    ['-E errors', 'side-output -E errors'],
    ['-MD', 'unknown-flag -MD'],
    ['--mapfile=x', 'unknown-flag --mapfile=x'],
  ])('stays here with %s', (words, reason) => {
    expect(reasonOf(`yasm -f elf64 ${words} -o a.o a.asm`)).toBe(reason);
  });

  it('is known by a versioned name too', () => {
    expect(compileOf('/opt/bin/yasm-1.3.0 -f elf64 -o a.o a.asm').assembler).toBe('yasm');
    expect(of('yasmine -f elf64 -o a.o a.asm').kind).toBe('other');
  });

  it('is none where it lists dependencies alone', () => {
    expect(of('yasm -f elf64 -M a.asm').kind).toBe('other');
  });
});
