import {spawnSync} from 'node:child_process';
import {symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {FailureError} from '../failure.ts';
import {ninjaFolder} from '../test/ninja-folder.ts';
import {splitWords} from '../toolchain/words.ts';
import {parseCompileCommands, readCompileCommands} from './compile-commands.ts';

function read(content: unknown): ReturnType<typeof parseCompileCommands> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return parseCompileCommands(text, {file: 'cc.json', directory: '/build'});
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
    ['/there//', '/there'],
    ['/a/link/../there', '/a/link/../there'],
    ['/', '/'],
  ])('with directory %j runs in %s', (directory, place) => {
    expect(read([{directory, command: 'cc', file: 'a.c'}])[0]?.directory).toBe(place);
  });

  it('with no arguments is an empty command', () => {
    expect(read([{directory: '/', arguments: [], file: 'x'}])[0]?.command).toBe('');
  });

  it('with arguments is those words, and they count before a command', () => {
    const words = ['/usr/bin/cc', '-DS="a b"', "-DQ='", '-D$X', '', '*', 'a#b', '~', 'größe.c', 'new\nline'];
    const [entry] = read([{directory: '/', arguments: words, command: 'never', file: 'x'}]);
    expect(splitWords(entry!.command)).toEqual({ok: true, words});
  });
});

describe('a file', () => {
  it('may begin with a byte order mark', () => {
    expect(read('\uFEFF[{"command": "cc -c a.c"}]')).toHaveLength(1);
  });

  it('may hold large entries, and many', () => {
    const flags = Array.from({length: 20_000}, (_, at) => `-DNAME_${at}='a "value"'`).join(' ');
    const entries = Array.from({length: 50}, () => ({command: `cc ${flags} -c a.c`, file: 'a.c'}));
    expect(read(entries).every(({command}) => command.length > 400_000)).toBe(true);
  });

  it('that is a link to one in another directory counts from there', () => {
    const folder = ninjaFolder({
      'build/cc.json': '[{"command": "cc -c a.c"}, {"directory": "x", "command": "cc"}]',
    });
    symlinkSync('build/cc.json', join(folder.path, 'cc.json'));
    expect(readCompileCommands(join(folder.path, 'cc.json')).map(({directory}) => directory)).toEqual([
      join(folder.path, 'build'),
      join(folder.path, 'build/x'),
    ]);
  });

  it.each([
    ['is not there', 'none.json', /cannot read '.*none.json': ENOENT/],
    ['is a directory', '.', /cannot read '.*': EISDIR/],
  ])('that %s is named', (_, name, text) => {
    const file = join(ninjaFolder().path, name);
    const failure = expect.objectContaining({reason: 'option-invalid', text: expect.stringMatching(text)});
    expect(() => readCompileCommands(file)).toThrow(expect.objectContaining({failure}));
  });

  it('with backslashes before its slashes, as Xcode writes, is read', () => {
    expect(read('[{"directory": "\\/b", "command": "\\/usr\\/bin\\/cc"}]')).toEqual([
      {directory: '/b', command: '/usr/bin/cc'},
    ]);
  });

  it.each([
    [
      'entries with commas behind them',
      '{"file": "a.c", "command": "cc"},\n{"file": "b.c", "command": "cc"},\n',
    ],
    ['one entry', '{"file": "a.c", "command": "cc"}'],
  ])('of %s is answered with how a list is made of such', (_, text) => {
    const failure = expect.objectContaining({text: expect.stringMatching(/sed .* FRAGMENT\.\.\./)});
    expect(() => read(text)).toThrow(expect.objectContaining({failure}));
  });

  it('of fragments is a list after that command', () => {
    const folder = ninjaFolder({'a.json': '{"command": "cc a"},\n', 'b.json': '{"command": "cc b"},\n'});
    const sed = ['-e', '1s/^/[/', '-e', '$s/,$/]/', 'a.json', 'b.json'];
    const joined = spawnSync('sed', sed, {cwd: folder.path, encoding: 'utf8'}).stdout;
    expect(read(joined).map(({command}) => command)).toEqual(['cc a', 'cc b']);
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
  [
    'arguments that are no texts',
    [{arguments: ['cc', 5]}],
    {text: /entry 1: 'arguments' is no list of texts/},
  ],
  ['arguments that are a text', [{arguments: 'cc'}], {text: /entry 1: 'arguments'/}],
  ['a command that is a list', [{command: ['cc']}], {text: /entry 1: 'command'/}],
  ['a file that is no text', [{command: 'a', file: 1}], {text: /entry 1: 'file'/}],
  ['an output that is no text', [{command: 'a', output: null}], {text: /entry 1: 'output'/}],
  ['an entry that is a list', [[]], {text: /entry 1: expected an object/}],
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
