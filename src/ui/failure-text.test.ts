import {describe, expect, it} from 'vitest';
import type {Failure} from '../failure.ts';
import {exitStatus, failureText} from './failure-text.ts';

const LOOKED_FOR = ['build.ninja', 'compile_commands.json'];

const CASES: readonly (readonly [failure: Failure, status: number, text: string | RegExp])[] = [
  [
    {
      reason: 'manifest-invalid',
      file: 'build.ninja',
      line: 3,
      text: "expected '='",
      excerpt: 'a b\n  ^ near here',
    },
    2,
    "build.ninja:3: expected '='\na b\n  ^ near here",
  ],
  [
    {reason: 'manifest-invalid', file: 'build.ninja', text: 'dependency cycle: a -> b -> a'},
    2,
    'dependency cycle: a -> b -> a',
  ],
  [
    {reason: 'input-missing', path: 'gone.c', neededBy: 'gone.o'},
    2,
    "'gone.c', needed by 'gone.o', missing and no known rule to make it",
  ],
  [
    {reason: 'input-missing', path: 'gone.c', neededBy: ''},
    2,
    "'gone.c' missing and no known rule to make it",
  ],
  [
    {
      reason: 'description-missing',
      directories: ['build', '.'],
      lookedFor: ['build.ninja', 'compile_commands.json'],
    },
    2,
    /'build' or '\.': looked for build\.ninja, compile_commands\.json\n {2}to make one: cmake -G Ninja .* -B build$/,
  ],
  [
    {reason: 'description-missing', directories: ['a/b'], lookedFor: LOOKED_FOR, word: 'a/b'},
    2,
    "there is no directory 'a/b'\n  to make one: cmake -G Ninja -S SOURCE_DIR -B a/b",
  ],
  [
    {
      reason: 'description-missing',
      directories: ['build', '.'],
      lookedFor: LOOKED_FOR,
      word: 'biuld',
      source: '.',
    },
    2,
    /^there is no directory 'biuld', and no build description in 'build' or '\.' .*looked for build\.ninja, .*\n {2}to make one: cmake -G Ninja -S \. -B build$/,
  ],
  [
    {
      reason: 'description-missing',
      directories: ['../a b'],
      lookedFor: LOOKED_FOR,
      nearby: ['../a b/build'],
      source: '../a b',
    },
    2,
    /looked for .*\n {2}there is one in '\.\.\/a b\/build': llama build '\.\.\/a b\/build'$/,
  ],
  [
    {reason: 'description-missing', directories: ['re2'], lookedFor: LOOKED_FOR, source: 're2'},
    2,
    /cmake -G Ninja -S re2 -B re2\/build$/,
  ],
  [
    {
      reason: 'description-missing',
      directories: ['out'],
      lookedFor: LOOKED_FOR,
      configured: {
        directory: 'out',
        cmake: {generator: 'Unix Makefiles', source: '/my src'},
        another: 'out-ninja',
      },
    },
    2,
    "'out' is configured for Unix Makefiles: there is no build.ninja or compile_commands.json in it\n" +
      '  to build it by its Makefile: llama make -C out\n' +
      "  to configure another directory for ninja: cmake -G Ninja -S '/my src' -B out-ninja",
  ],
  [
    {
      reason: 'description-missing',
      directories: ['out'],
      lookedFor: LOOKED_FOR,
      configured: {directory: 'out', cmake: {generator: 'Ninja', source: '/src'}, another: 'out-ninja'},
    },
    2,
    "'out' is configured for Ninja, but holds no build.ninja\n  to make it: cmake -S /src -B out",
  ],
  [
    {
      reason: 'description-missing',
      directories: ['.'],
      lookedFor: LOOKED_FOR,
      configured: {directory: '.', another: '../x-ninja'},
    },
    2,
    /looked for .*\n {2}to build it by its Makefile: llama make$/,
  ],
  [
    {reason: 'target-unknown', target: 'ap', nearest: ['app', 'api']},
    2,
    "unknown target 'ap', did you mean 'app' or 'api'?",
  ],
  [{reason: 'target-unknown', target: 'x', nearest: []}, 2, "unknown target 'x'"],
  [
    {reason: 'target-unknown', target: 'x', nearest: [], lookedIn: 'out/build.ninja'},
    2,
    "unknown target 'x' of 'out/build.ninja'",
  ],
  [
    {
      reason: 'target-unknown',
      target: 'biuld',
      nearest: ['build'],
      lookedIn: 'build/build.ninja',
      isFirstWord: true,
    },
    2,
    "'biuld' is neither a directory nor a target of 'build/build.ninja', did you mean 'build'?",
  ],
  [{reason: 'option-invalid', text: 'bad', hint: 'do this'}, 2, 'bad\n  do this'],
  [{reason: 'option-invalid', text: 'bad'}, 2, 'bad'],
  [
    {reason: 'directory-busy', directory: 'out', holder: 'ninja', pid: 7},
    2,
    /'out'.*ninja \(process 7\).*try again/,
  ],
  [{reason: 'store-unusable', directory: '/s', text: 'EROFS'}, 2, /'\/s': EROFS\n.*--store DIR/],
  [{reason: 'tool-missing', tool: 'ninja', neededFor: 'links'}, 2, /^ninja .* links.*PATH$/],
  [{reason: 'platform-unsupported', platform: 'darwin on arm64'}, 2, /darwin on arm64.*Linux on x86-64/],
  [{reason: 'edge-failed', count: 3}, 1, '3 failed'],
  [{reason: 'interrupted', signal: 'SIGINT'}, 130, 'interrupted'],
  [{reason: 'interrupted', signal: 'SIGTERM'}, 143, 'interrupted'],
  [{reason: 'interrupted', signal: 'SIGHUP'}, 129, 'interrupted'],
];

describe('a failure', () => {
  it.each(CASES)('%j is one message and a status', (failure, status, text) => {
    expect(exitStatus(failure)).toBe(status);
    if (typeof text === 'string') expect(failureText(failure)).toBe(text);
    else expect(failureText(failure)).toMatch(text);
    expect(failureText(failure)).not.toMatch(/undefined|\[object|\n$/);
  });
});
