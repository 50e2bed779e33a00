import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import {splitWords} from './words.ts';

const folder = mkdtempSync(join(tmpdir(), 'llama-words-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));

/** The argv that the real shell gives to a program, for many commands in one run; commands share no shell state. */
function argvOfShell(commands: readonly string[]): string[][] {
  const script = join(folder, 'corpus.sh');
  // `eval` in a subshell parses each text by itself, as `sh -c` would; the function stands for the program.
  const quoted = commands.map(c => `(eval 'printargs '${`'${c.replaceAll("'", `'\\''`)}'`})`);
  writeFileSync(script, `printargs() { printf '%s\\0' "$@"; printf '\\001\\0'; }\n${quoted.join('\n')}\n`);
  const run = spawnSync('sh', [script], {cwd: folder, maxBuffer: 1 << 28});
  expect(run.stderr.toString()).toBe('');
  const all = run.stdout.toString().split('\0');
  const argvs: string[][] = [];
  let argv: string[] = [];
  for (const word of all.slice(0, -1)) {
    if (word === '\u0001') {
      argvs.push(argv);
      argv = [];
    } else argv.push(word);
  }
  return argvs;
}

function check(command: string, words: string[]): void {
  expect(splitWords(command)).toEqual({ok: true, words});
  if (words.length > 0) expect(argvOfShell([command])).toEqual([words]);
}

function refuse(command: string, construct: string): void {
  expect(splitWords(command)).toEqual({ok: false, construct});
}

describe('splitWords', () => {
  it('splits at blanks and tabs alone', () => {
    check('', []);
    check('  gcc\t-c   a.c ', ['gcc', '-c', 'a.c']);
    check('gcc a\u00a0b\u000bc', ['gcc', 'a\u00a0b\u000bc']);
  });

  it('reads quotes and backslashes', () => {
    check(`x 'a b'"c d"e\\ f`, ['x', 'a bc de f']);
    check(`x -DV=\\"1.0\\" '-DW="a b"' "-DX=\\"y\\""`, ['x', '-DV="1.0"', '-DW="a b"', '-DX="y"']);
    check(`x '' "" a''`, ['x', '', '', 'a']);
    check(`x "a\\b" "a\\\\b" '\\' "\\$\\\`"`, ['x', 'a\\b', 'a\\b', '\\', '$`']);
  });

  it('joins continued lines', () => {
    check('x a\\\nb \\\n c "d\\\ne"', ['x', 'ab', 'c', 'de']);
    check("x 'a\\\nb'", ['x', 'a\\\nb']);
  });

  it('keeps a hash and a tilde inside a word', () => {
    check('x -DV=a#b file.cc', ['x', '-DV=a#b', 'file.cc']);
    check('x a~ b', ['x', 'a~', 'b']);
    check('x "#a" \\#b', ['x', '#a', '#b']);
  });

  it('takes quoted reserved words and assignments for programs', () => {
    check(`'if' a`, ['if', 'a']);
    check(`"A"=b c`, ['A=b', 'c']);
    check('x A=b if', ['x', 'A=b', 'if']);
  });

  it('names every other construct', () => {
    refuse('cd dir && gcc -c a.c', 'operator');
    refuse(': && gcc a.o && :', 'operator');
    refuse('gcc -c a.c; true', 'operator');
    refuse('cat f | gcc -x c -', 'operator');
    refuse('(gcc -c a.c)', 'operator');
    refuse('gcc > log', 'redirection');
    refuse('gcc < a.c', 'redirection');
    refuse('gcc $FLAGS', 'expansion');
    refuse('gcc "$FLAGS"', 'expansion');
    refuse('gcc `flags`', 'command-substitution');
    refuse('gcc "`flags`"', 'command-substitution');
    refuse('gcc -DG=*.c', 'glob');
    refuse('gcc a?.c', 'glob');
    refuse('gcc [ab].c', 'glob');
    refuse('gcc {a,b}.c', 'brace');
    refuse('~/gcc a', 'tilde');
    refuse('gcc P=~/a', 'tilde');
    refuse('gcc a # b', 'comment');
    refuse('gcc a\ngcc b', 'newline');
    refuse('A=b gcc', 'assignment');
    refuse('A="b c" gcc', 'assignment');
    refuse('A=b\\ c gcc', 'assignment');
    refuse('! gcc', 'reserved-word');
    refuse('{ gcc', 'brace');
    refuse('if gcc', 'reserved-word');
    refuse('i\\\nf gcc', 'reserved-word');
    refuse(`gcc 'a`, 'unterminated-quote');
    refuse('gcc "a', 'unterminated-quote');
    refuse('gcc "a\\', 'unterminated-quote');
    refuse('gcc a\\', 'trailing-backslash');
  });

  it('equals the shell on generated commands whenever it answers', () => {
    const piece = fc.oneof(
      {weight: 6, arbitrary: fc.stringMatching(/^[-a-zA-Z0-9=+,./:@%^_é]{1,6}$/)},
      {weight: 3, arbitrary: fc.constantFrom(' ', '  ', '\t', ' \\\n ')},
      {
        weight: 6,
        arbitrary: fc.constantFrom(
          ...'\'"\\#~!{}[]*?$`;&|<>()=\n'.split(''),
          '\\"',
          "\\'",
          '\\ ',
          '\\$',
          '\\\\',
          '\\\n',
        ),
      },
      {weight: 3, arbitrary: fc.stringMatching(/^'[^'\0]{0,6}'$/)},
      {weight: 3, arbitrary: fc.stringMatching(/^"([a-z #~*;&|<>()]|\\[\\"$`a\n]){0,6}"$/)},
    );
    const commands = fc.sample(
      fc.array(piece, {minLength: 1, maxLength: 8}).map(p => p.join('')),
      {
        numRuns: 8_000,
        seed: 7,
      },
    );
    const split = commands
      // The marker and NUL belong to the harness, not to commands.
      .filter(command => !/[\0\u0001]/.test(command))
      .map(command => ({command, result: splitWords(command)}))
      .flatMap(({command, result}) =>
        result.ok && result.words.length > 0 ? [{command, words: result.words}] : [],
      );
    expect(split.length).toBeGreaterThan(1500);
    const real = argvOfShell(split.map(s => s.command));
    expect(real.length).toBe(split.length);
    expect(split.map((s, index) => ({command: s.command, words: real[index]}))).toEqual(split);
  });
});
