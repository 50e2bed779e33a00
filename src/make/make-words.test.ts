import {describe, expect, it} from 'vitest';
import {makeFlags, readMakeWords, takesNamedPipe} from './make-words.ts';

describe('the command line of make', () => {
  it.each([
    ['all', ['all'], undefined],
    ['-j4 all', ['all'], 4],
    ['-j 4 all', ['all'], 4],
    ['-j all', ['all'], 'unlimited'],
    ['all -j', ['all'], 'unlimited'],
    ['--jobs=3 --jobs all', ['all'], 'unlimited'],
    ['--jobs 3 all', ['all'], 3],
    ['-j2 -j5', [], 5],
    ['-kj8 x', ['-k', 'x'], 8],
    ['-skj 8 x', ['-sk', 'x'], 8],
    ['-jx', ['-jx'], undefined],
    ['--jobs=x', ['--jobs=x'], undefined],
    ['-f -j4 x', ['-f', '-j4', 'x'], undefined],
    ['-f- -Olines -l 2 -l2', ['-f-', '-Olines', '-l', '2', '-l2'], undefined],
    ['-Ij4', ['-Ij4'], undefined],
    ['--eval -j4', ['--eval', '-j4'], undefined],
    ['-- -j4', ['--', '-j4'], undefined],
    ['V=1 -B - x', ['V=1', '-B', '-', 'x'], undefined],
  ])('%s', (line, words, jobs) => {
    expect(readMakeWords(line.split(' '))).toMatchObject({words, jobs});
  });

  it('tells where make will be', () => {
    const line = '-C a -kCb --directory=c --directory d -f x e';
    expect(readMakeWords(line.split(' ')).directories).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('MAKEFLAGS', () => {
  const place = {jobs: 2, path: '/p/jobs'};

  it('names the pipe as that make knows it', () => {
    expect(makeFlags(undefined, {...place, version: '4.4.1'})).toBe('-j2 --jobserver-auth=fifo:/p/jobs');
    expect(makeFlags('', {...place, version: '4.3'})).toBe('-j2 --jobserver-auth=7,8');
    expect(makeFlags('', {...place, version: '4.1'})).toBe('-j --jobserver-fds=7,8');
    expect(makeFlags('', {...place, version: '10.0'})).toContain('fifo:');
    expect([takesNamedPipe('4.4'), takesNamedPipe('4.3'), takesNamedPipe('3.82')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('keeps what the user has in there, but for other jobs', () => {
    const inherited = 'ks -j8 --jobserver-auth=5,6 -I x\\ y --jobs=3 -- CC=a\\ b -j=1';
    expect(makeFlags(inherited, {...place, version: '4.3'})).toBe(
      'ks -I x\\ y -j2 --jobserver-auth=7,8 -- CC=a\\ b -j=1',
    );
  });
});
