import {describe, expect, it} from 'vitest';
import {CXX, plant} from '../test/scan-rig.ts';
import {askDependencies, askPreprocessor, markedFiles, withoutOutputs} from './ask-compiler.ts';

const TREE = {
  'src/a.cc': '#include "b c.h"\n#include <d.h>\n',
  'src/b c.h': '',
  'inc/d.h': '',
};
const ARGS = '-Iinc -g -MD -MT x.o -MF x.o.d -o x.o -c src/a.cc'.split(' ');

function own(cwd: string, paths: readonly string[]): string[] {
  return paths
    .filter(path => path.startsWith(cwd))
    .map(path => path.slice(cwd.length + 1))
    .sort();
}

describe.each(CXX)('asking %s', program => {
  it('names all files that are included, by either way', async () => {
    const cwd = plant(TREE);
    const question = {program, args: ARGS, cwd, env: process.env};
    const dependencies = await askDependencies(question);
    const preprocessed = await askPreprocessor(question);
    const expected = ['inc/d.h', 'src/a.cc', 'src/b c.h'];
    expect(dependencies.ok && own(cwd, dependencies.value)).toEqual(expected);
    expect(preprocessed.ok && own(cwd, preprocessed.value)).toEqual(expected);
  });

  it('passes on what the compiler has to say', async () => {
    const cwd = plant({'src/a.cc': '#include "none.h"\n'});
    const answer = await askDependencies({program, args: ARGS, cwd, env: {...process.env, LC_ALL: 'C'}});
    expect(answer).toMatchObject({ok: false, error: {reason: 'compiler-refused'}});
    expect(!answer.ok && answer.error.text).toContain('none.h');
  });
});

describe('asking', () => {
  it('tells a compiler that is not there', async () => {
    const answer = await askDependencies({program: '/nowhere/cc', args: ARGS, cwd: '/', env: {}});
    expect(answer).toMatchObject({ok: false, error: {reason: 'compiler-not-started'}});
  });

  it('leaves out all words that name outputs', () => {
    const words =
      '-c -o a.o -ob.o -MD -MMD -MP -MF d -MFd -MT t -MQt -MG -Wp,-MD,d -save-temps=obj -Imd -DM -mavx -Map x.c';
    expect(withoutOutputs(words.split(' '))).toEqual(['-Imd', '-DM', '-mavx', '-Map', 'x.c']);
  });

  it('reads names out of line markers', () => {
    const output =
      '# 1 "a\\"b.c"\n# 1 "/place//"\n# 1 "<built-in>"\n#line 3 "c.h"\nint x; # 1 "no"\n# 2 "h\\303\\244.h" 1 3\n';
    expect(markedFiles(Buffer.from(output))).toEqual(['a"b.c', 'c.h', 'hä.h']);
  });
});
