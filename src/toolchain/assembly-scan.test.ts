import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {FileState} from '../graph/file-state.ts';
import {askAssemblerInputs} from './ask-compiler.ts';
import {AssemblyScanner, readAssembly} from './assembly-scan.ts';
import {classify} from './classify.ts';
import {InputFiles} from './input-files.ts';

let cwd: string;

beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'llama-assembly-')));
});

afterEach(() => rmSync(cwd, {recursive: true}));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), {recursive: true});
    writeFileSync(join(cwd, name), text);
  }
}

function compileOf(command: string) {
  const found = classify({command, env: {}});
  if (found.kind !== 'remote') throw new Error(JSON.stringify(found));
  return found.compile;
}

function scan(command: string, more: readonly string[] = []) {
  const inputs = new InputFiles();
  const found = new AssemblyScanner(new FileState(), inputs).scan(compileOf(command), cwd, more);
  const names = (ids: readonly number[]) => ids.map(id => inputs.at(id).path.replace(`${cwd}/`, '')).sort();
  return {...found, files: names(found.files.members()), data: names(found.data)};
}

/** Includes by the working directory, by search directories with and without a slash, by a pre-include, and by a branch not taken. */
const PROJECT = {
  'src/main.asm':
    '%include "config.asm"\n  %INCLUDE \'x86/more.asm\' ; %include "no"\n%ifdef NEVER\n%include "never.asm"\n%endif\ndata: incbin "data.bin"\n; incbin "comment.bin"\n db "incbin", 1\n',
  'config.asm': '%define A 1\n',
  'inc/x86/more.asm': '%include "deep.asm"\nlbl: INCBIN "inc/raw.bin",1,2\n',
  'inc2/deep.asm': 'x equ 1\n',
  'inc2/first.asm': 'y equ 1\n',
  'never.asm': '%include "nowhere.asm"\n',
  'data.bin': 'bytes',
  'inc/raw.bin': 'bytes too',
};
const ASSEMBLE = 'nasm -f elf64 -Iinc/ -I inc2 -P first.asm -o out.o src/main.asm';

describe('what an assembler reads', () => {
  it('is found by its directives, in every branch', () => {
    write(PROJECT);
    expect(scan(ASSEMBLE)).toMatchObject({
      files: [
        'config.asm',
        'inc/x86/more.asm',
        'inc2/deep.asm',
        'inc2/first.asm',
        'never.asm',
        'src/main.asm',
      ],
      data: ['data.bin', 'inc/raw.bin'],
      directories: [join(cwd, 'inc/'), join(cwd, 'inc2')],
      absentIncludes: ['nowhere.asm'],
      complete: true,
      asksSurroundings: false,
    });
  });

  it('lies beside the file that includes for yasm alone', () => {
    write({'src/a.asm': '%include "b.asm"\n', 'src/b.asm': '\n'});
    expect(scan('yasm -f elf64 -o a.o src/a.asm').files).toEqual(['src/a.asm', 'src/b.asm']);
    expect(scan('nasm -f elf64 -o a.o src/a.asm')).toMatchObject({
      files: ['src/a.asm'],
      absentIncludes: ['b.asm'],
    });
  });

  it('includes what somebody else has named, with what that includes', () => {
    write({'a.asm': '%include NAME\n', 'named.asm': '%include "b.asm"\n', 'b.asm': '\n'});
    const {files, complete} = scan('nasm -f elf64 -o a.o a.asm', [join(cwd, 'named.asm')]);
    expect(files).toEqual(['a.asm', 'b.asm', 'named.asm']);
    expect(complete).toBe(false);
  });

  it.each([
    '%include NAME',
    '%include "%1.asm"',
    '%include `back\\x2equotes`',
    '%include "ä.asm"',
    '%macro m 1\n  incbin %1\n%endmacro',
    'a: incbin \\\n "x"',
  ])('is not all to be seen in: %s', text => {
    expect(readAssembly(text).isComplete).toBe(false);
  });

  it.each([
    'db __DATE__',
    'db __?TIME_NUM?__',
    'dd __?POSIX_TIME?__',
    'db __UTC_DATE__',
    "db %!'HOME'",
    '%ifdef %!X',
  ])('may be the machine itself: %s', text => {
    expect(readAssembly(text).asksSurroundings).toBe(true);
  });

  it('is nothing in a program', () => {
    expect(readAssembly('\x7fELF %include X\n%!HOME')).toMatchObject({
      isComplete: true,
      asksSurroundings: false,
    });
  });
});

const hasNasm = spawnSync('nasm', ['-v']).status === 0;
const hasYasm = spawnSync('yasm', ['--version']).status === 0;

describe('the assembler itself', () => {
  it.skipIf(!hasNasm)('names nothing that the scanner has not found (needs nasm)', async () => {
    write(PROJECT);
    const asked = await askAssemblerInputs({
      compile: compileOf(ASSEMBLE.replace('-o', '-l list -MD x.d -o')),
      program: 'nasm',
      cwd,
      env: process.env,
    });
    const named = asked!.map(path => path.replace(`${cwd}/`, ''));
    const {files, data} = scan(ASSEMBLE);
    expect(named).toContain('inc/raw.bin');
    expect(named.filter(name => !files.includes(name) && !data.includes(name))).toEqual([]);
  });

  it.skipIf(!hasNasm)('names files that macros name, there or not (needs nasm)', async () => {
    write({
      'a.asm':
        '%define F "b.asm"\n%include F\n%macro m 1\nincbin %1\n%endmacro\nm "c.bin"\n%include "gone.asm"\n',
      'b.asm': '',
      'c.bin': 'c',
    });
    const compile = compileOf('nasm -f elf64 -o a.o a.asm');
    const asked = await askAssemblerInputs({compile, program: 'nasm', cwd, env: process.env});
    expect(asked).toEqual(['a.asm', 'b.asm', 'c.bin', 'gone.asm'].map(name => join(cwd, name)));
  });

  it.skipIf(!hasYasm)('is asked in the same way where it is yasm (needs yasm)', async () => {
    write({'s/a.asm': '%include "b.asm"\n', 's/b.asm': ''});
    const compile = compileOf('yasm -f elf64 -l list -o a.o s/a.asm');
    const asked = await askAssemblerInputs({compile, program: 'yasm', cwd, env: process.env});
    expect(asked).toEqual(['s/a.asm', 's/b.asm'].map(name => join(cwd, name)));
  });
});
