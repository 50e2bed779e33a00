import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {FailureError} from '../failure.ts';
import {ninjaFolder} from '../test/ninja-folder.ts';
import {splitWords} from '../toolchain/words.ts';
import {readCompileCommands} from './compile-commands.ts';

function read(content: unknown): ReturnType<typeof readCompileCommands> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return readCompileCommands(join(ninjaFolder({'cc.json': text}).path, 'cc.json'), '/build');
}

describe('an entry', () => {
  it('gives command, directory, source and output', () => {
    const entry = {directory: '/work', command: 'cc -c a.c', file: 'a.c', output: 'a.o'};
    expect(read([entry])).toEqual([{command: 'cc -c a.c', directory: '/work', source: 'a.c', output: 'a.o'}]);
  });

  it.each([
    [undefined, '/build'],
    ['.', '/build'],
    ['sub/dir', '/build/sub/dir'],
    ['../else', '/else'],
    ['/there', '/there'],
  ])('with directory %j runs in %s', (directory, place) => {
    expect(read([{directory, command: 'cc', file: 'a.c'}])[0]?.directory.replace(/\/$/, '')).toBe(place);
  });

  it('with arguments is those words, and they count before a command', () => {
    const words = ['/usr/bin/cc', '-DS="a b"', "-DQ='", '-D$X', '', '*', 'a#b', '~', 'größe.c', 'new\nline'];
    const [entry] = read([{directory: '/', arguments: words, command: 'never', file: 'x'}]);
    expect(splitWords(entry!.command)).toEqual({ok: true, words});
  });
});

it('may hold nothing', () => {
  expect(read('[]')).toEqual([]);
  expect(read(' [\n] \n')).toEqual([]);
});

it.each<[string, string | unknown[], {line?: number; column?: number; text: RegExp}]>([
  ['no JSON', 'rubbish', {line: 1, column: 1, text: /line 1, column 1/}],
  ['a stray word', '[\n {"command": x}\n]', {line: 2, column: 14, text: /line 2, column 14/}],
  ['a comma too many', '[\n  {"command": "a"},\n]\n', {line: 3, column: 1, text: /line 3, column 1/}],
  ['an end too early', '[\n  {"command": "a"},\n', {line: 3, column: 1, text: /line 3, column 1/}],
  ['an end inside a text', '[{"command": "a', {line: 1, column: 14, text: /line 1, column 14/}],
  ['nothing', '', {line: 1, column: 1, text: /line 1, column 1/}],
  ['no list', '{"command": "a"}', {text: /expected a list/}],
  ['an entry that is no object', [{command: 'a'}, 7], {text: /entry 2: expected an object/}],
  ['an entry that is null', [null], {text: /entry 1: expected an object/}],
  [
    'neither command nor arguments',
    [{command: 'a'}, {file: 'b.c'}],
    {text: /entry 2: needs 'command' or 'arguments'/},
  ],
  ['arguments that are no texts', [{arguments: ['cc', 5]}], {text: /entry 1: needs/}],
  ['a directory that is no text', [{command: 'a', directory: 5}], {text: /entry 1: 'directory'/}],
])('tells of %s with its place', (_name, content, {text, ...place}) => {
  const attempt = () => read(content as string);
  expect(attempt).toThrow(FailureError);
  const failure = expect.objectContaining({
    reason: 'manifest-invalid',
    text: expect.stringMatching(text),
    ...place,
  });
  expect(attempt).toThrow(expect.objectContaining({failure}));
});
