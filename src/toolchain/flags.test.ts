import {spawnSync} from 'node:child_process';
import {describe, expect, it} from 'vitest';
import {readFlag} from './flags.ts';

function lines(program: string, args: readonly string[]): string[] {
  return spawnSync(program, args, {env: {...process.env, LC_ALL: 'C'}})
    .stdout.toString()
    .split('\n');
}

/** A flag whose argument we would take for a source must at least keep the command here. */
function overlooked(words: readonly string[]): string[] {
  return words.filter(word => {
    const flag = readFlag(word);
    return !flag.takesNext && flag.role !== 'local';
  });
}

describe('readFlag', () => {
  it('knows every flag of this gcc that takes the next word', () => {
    const words = ['common', 'c', 'c++', 'target']
      .flatMap(group => lines('gcc', [`--help=separate,${group}`]))
      .flatMap(line => /^ {2}(-[\w-]+)/.exec(line)?.[1] ?? [])
      // gcc lists the front end's own forms of these; the driver's take nothing.
      .filter(word => word !== '-MD' && word !== '-MMD' && !word.startsWith('--'));
    expect(words.length).toBeGreaterThan(15);
    expect(overlooked(words)).toEqual([]);
  });

  for (const clang of ['clang-14', 'clang-19']) {
    const absent = spawnSync(clang, ['--version']).status !== 0;
    it.skipIf(absent)(`knows every flag of ${clang} that takes the next word (needs ${clang})`, () => {
      const words = lines(clang, ['--help-hidden']).flatMap(
        line => /^ {2}(-[\w-]+) <[^>]+>/.exec(line)?.[1] ?? [],
      );
      expect(words.length).toBeGreaterThan(40);
      expect(overlooked(words)).toEqual([]);
    });
  }

  it('reads a value from the same word or the next', () => {
    expect(readFlag('-I')).toMatchObject({role: 'search', name: '-I', value: undefined, takesNext: true});
    expect(readFlag('-Ix')).toMatchObject({role: 'search', name: '-I', value: 'x', takesNext: false});
    expect(readFlag('-include')).toMatchObject({role: 'forced-include', takesNext: true});
    expect(readFlag('-isystem')).toMatchObject({name: '-isystem', takesNext: true});
    expect(readFlag('-isystem-after')).toMatchObject({name: '-isystem-after', takesNext: true});
    expect(readFlag('--sysroot=/x')).toMatchObject({role: 'builtin', value: '/x', takesNext: false});
  });

  it('takes whole words before beginnings of words', () => {
    expect(readFlag('-emit-llvm')).toMatchObject({role: 'fact'});
    expect(readFlag('-undef')).toMatchObject({role: 'pass', takesNext: false});
    expect(readFlag('-fprofile-use')).toMatchObject({role: 'local', reason: 'profile-directory'});
    expect(readFlag('-foptimization-record-file=x')).toMatchObject({role: 'output-file', value: 'x'});
  });
});
