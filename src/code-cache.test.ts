import {execFileSync} from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {build} from 'esbuild';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';

const place = mkdtempSync(join(tmpdir(), 'llama-code-'));
const folder = join(place, 'code');
const program = join(place, 'program.cjs');
const starter = join(place, 'start.mjs');

/** What the program prints: its number, and whether V8 took earlier bytecode. */
function run(): string {
  return execFileSync(process.execPath, [starter], {encoding: 'utf8'});
}

function writeProgram(number: number, {keeps = true} = {}): void {
  writeFileSync(
    program,
    `exports.isWorthKeeping = () => ${keeps}; console.log(${number}, require('node:path').basename(__filename));`,
  );
}

function kept(): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

beforeAll(async () => {
  const stdin = {
    contents: `import {runProgram} from './code-cache.ts';
      runProgram(${JSON.stringify(program)}, ${JSON.stringify(folder)});`,
    resolveDir: import.meta.dirname,
  };
  await build({stdin, bundle: true, platform: 'node', format: 'esm', outfile: starter});
});
beforeEach(() => {
  rmSync(folder, {recursive: true, force: true});
  writeProgram(1);
});
afterAll(() => rmSync(place, {recursive: true, force: true}));

describe('the bytecode of the program', () => {
  it('is kept once and taken from then on', () => {
    expect(run()).toBe('1 program.cjs\n');
    const [name] = kept();
    const {ino} = statSync(join(folder, name!));
    expect(run()).toBe('1 program.cjs\n');
    expect(kept()).toEqual([name]);
    // What V8 refuses is replaced.
    expect(statSync(join(folder, name!)).ino).toBe(ino);
  });

  it('is not kept after a run that used little of the program', () => {
    writeProgram(1, {keeps: false});
    run();
    expect(kept()).toEqual([]);
  });

  it('of a bundle that it requires is kept beside it', () => {
    writeFileSync(join(place, 'more.cjs'), 'exports.text = "more";');
    writeFileSync(program, 'exports.isWorthKeeping = () => true; console.log(require("./more.cjs").text);');
    expect(run()).toBe('more\n');
    expect(
      kept()
        .map(name => name.split('-')[0])
        .sort(),
    ).toEqual(['more', 'program']);
    expect(run()).toBe('more\n');
  });

  it('never serves another program of the same length', () => {
    utimesSync(program, 1000, 1000);
    run();
    writeProgram(2);
    expect(run()).toBe('2 program.cjs\n');
  });

  it('is made anew where it is damaged, at whatever place', () => {
    run();
    const file = join(folder, kept()[0]!);
    const sound = readFileSync(file);
    for (let at = 0; at < sound.length; at += 41) {
      const damaged = Buffer.from(sound);
      damaged[at]! ^= 0x55;
      writeFileSync(file, damaged);
      expect(run()).toBe('1 program.cjs\n');
      expect(readFileSync(file).equals(damaged)).toBe(false);
    }
    writeFileSync(file, '');
    expect(run()).toBe('1 program.cjs\n');
    expect(readFileSync(file).length).toBeGreaterThan(100);
  });

  it('is done without where the folder cannot be made', () => {
    writeFileSync(folder, 'a file');
    expect(run()).toBe('1 program.cjs\n');
  });

  it('of other versions goes after thirty days', () => {
    mkdirSync(folder);
    for (const [name, days] of [
      ['old', 31],
      ['new', 29],
    ] as const) {
      writeFileSync(join(folder, name), '');
      const time = Date.now() / 1000 - days * 86_400;
      utimesSync(join(folder, name), time, time);
    }
    run();
    expect(kept()).toContain('new');
    expect(kept()).not.toContain('old');
  });
});
