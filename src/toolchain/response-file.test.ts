import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import {expandResponseFiles, splitResponseFile} from './response-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'llama-rsp-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));

/** The words that gcc's driver hands to its preprocessor for a response file of `-D` words. */
function wordsOfGcc(content: string): string[] {
  writeFileSync(join(folder, 'a.rsp'), content);
  const run = spawnSync('gcc', ['-###', '-E', '-x', 'c', '/dev/null', '@a.rsp'], {
    cwd: folder,
    env: {...process.env, LC_ALL: 'C'},
  });
  const text = run.stderr.toString();
  const option = /'((?:[^']|'\\'')*)'( |\n)/y;
  option.lastIndex = text.indexOf('COLLECT_GCC_OPTIONS=') + 'COLLECT_GCC_OPTIONS='.length;
  const words: string[] = [];
  for (let match = option.exec(text); match !== null; match = option.exec(text)) {
    // gcc prints each of its options in single quotes, a quote inside as '\'', and macros apart from their -D.
    const word = match[1]!.replaceAll("'\\''", "'");
    if (words.at(-1) === '-D') words[words.length - 1] = `-D${word}`;
    else words.push(word);
    if (match[2] === '\n') break;
  }
  return words.filter(word => word.startsWith('-D'));
}

describe('splitResponseFile', () => {
  function check(content: string, words: string[] | undefined): void {
    expect(splitResponseFile(content)).toEqual(words);
  }

  it('groups by both quotes and escapes by a backslash everywhere', () => {
    check(`-DA="x y" '-DB=\\'q' -D\\ C\n\t-DD\\\\e\r\n`, ['-DA=x y', "-DB='q", '-D C', '-DD\\e']);
    check(`"-DV=\\"1\\""`, ['-DV="1"']);
  });

  it('gives up where compilers differ', () => {
    check(`-DA ''`, undefined);
    check(`-DA 'x`, undefined);
    check('-DA \\', undefined);
  });

  it('equals gcc on generated content', () => {
    const inner = fc.constantFrom('a', 'b', '=', ' ', '\t', '\n', '"', "'", '\\', '#', '$', '/', 'é');
    const contents = fc
      .sample(fc.array(fc.array(inner, {maxLength: 6}), {minLength: 1, maxLength: 3}), {
        numRuns: 150,
        seed: 5,
      })
      .map(words => words.map(letters => `-DX${letters.join('')}`).join(' '));
    let compared = 0;
    for (const content of contents) {
      const ours = splitResponseFile(content);
      // Words that are no macro definitions would be files to gcc and stop it.
      if (!ours?.every(word => word.startsWith('-DX'))) continue;
      expect({content, words: wordsOfGcc(content)}).toEqual({content, words: ours});
      compared++;
    }
    expect(compared).toBeGreaterThan(40);
  });
});

describe('expandResponseFiles', () => {
  const files: Record<string, string> = {a: '-c @b -O2', b: 'x.c', loop: '@loop'};
  const read = (path: string) => {
    const content = files[path];
    return content === undefined ? undefined : {content, onDisk: path === 'b'};
  };

  it('puts words in place, also nested, and names the files', () => {
    expect(expandResponseFiles(['gcc', '@a', '-g'], read)).toEqual({
      ok: true,
      words: ['gcc', '-c', 'x.c', '-O2', '-g'],
      files: [
        {path: 'a', content: '-c @b -O2', onDisk: false},
        {path: 'b', content: 'x.c', onDisk: true},
      ],
    });
  });

  it('refuses what is absent and what never ends', () => {
    expect(expandResponseFiles(['gcc', '@none'], read)).toEqual({ok: false, word: '@none'});
    expect(expandResponseFiles(['gcc', '@loop'], read)).toEqual({ok: false, word: '@loop'});
  });
});
