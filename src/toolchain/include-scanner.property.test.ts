/** Random trees of headers: the scanner against the compilers, and an old scanner against a new one. */
import {realpathSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {CXX, type NamedScan, plant, ScanRig, write} from '../test/scan-rig.ts';

const DIRECTORIES = ['one', 'two', 'one/s', 'two/s', 'three'];
const SPELLINGS = ['a.h', 'b.h', 's/a.h', '../a.h', './b.h', 'c.h', 's/../b.h'];
const PLACES = DIRECTORIES.flatMap(directory => ['a.h', 'b.h', 'c.h'].map(name => `${directory}/${name}`));

interface Line {
  readonly spelling: string;
  readonly angle: boolean;
  readonly kind: 'plain' | 'next' | 'off' | 'on' | 'computed';
}

const line = (kinds: readonly Line['kind'][]) =>
  fc.record({
    spelling: fc.constantFrom(...SPELLINGS),
    angle: fc.boolean(),
    kind: fc.constantFrom(...kinds),
  });

const tree = (kinds: readonly Line['kind'][]) =>
  fc.record({
    source: fc.array(line(kinds), {minLength: 1, maxLength: 5}),
    headers: fc.dictionary(fc.constantFrom(...PLACES), fc.array(line(kinds), {maxLength: 4}), {
      minKeys: 4,
      maxKeys: 12,
    }),
  });

const flags = fc.array(
  fc.tuple(
    fc.constantFrom('-I', '-I', '-iquote', '-isystem', '-idirafter'),
    fc.constantFrom('one', 'two', 'three', './one', 'two/../one', 'none', 'two/s'),
  ),
  {maxLength: 6},
);

/** Each file guards itself, and asks before it includes, so that every tree compiles. */
function textOf(path: string, lines: readonly Line[]): string {
  const guard = `G_${path.replace(/\W/g, '_')}`;
  const body = lines.map(({spelling, angle, kind}, i) => {
    const name = angle ? `<${spelling}>` : `"${spelling}"`;
    if (kind === 'next') return `#if __has_include_next(${name})\n#include_next ${name}\n#endif`;
    if (kind === 'off') return `#if 0\n#include ${name}\n#endif`;
    if (kind === 'computed')
      return `#define N_${guard}_${i} ${name}\n#if __has_include(${name})\n#include N_${guard}_${i}\n#endif`;
    return `#if ${kind === 'on' ? '1 && ' : ''}__has_include(${name})\n# include ${name}\n#endif`;
  });
  return `#ifndef ${guard}\n#define ${guard}\n${body.join('\n')}\n#endif\n`;
}

type Planted = {source: readonly Line[]; headers: Readonly<Record<string, readonly Line[]>>};

function plantTree({source, headers}: Planted): string {
  const files: Record<string, string> = {
    'src/a.cc': textOf('src/a.cc', source),
    'one/s/': '',
    'two/s/': '',
    'three/': '',
    'last/': '',
  };
  for (const [path, lines] of Object.entries(headers)) files[path] = textOf(path, lines);
  return plant(files);
}

function commandOf(program: string, given: readonly (readonly [string, string])[]): string {
  // GCC refuses `<name>` where no place is left to look for it.
  return [program, '-nostdinc', ...given.flat(), '-idirafter', 'last', '-c', 'src/a.cc'].join(' ');
}

const physical = (paths: readonly string[]) => [...new Set(paths.map(path => realpathSync(path)))].sort();

describe.each(CXX)('on random trees, compared with %s', program => {
  it('the scan finds exactly what is included where no branch is off', async () => {
    await fc.assert(
      fc.asyncProperty(tree(['plain', 'on', 'computed']), flags, async (planted, given) => {
        const rig = new ScanRig(plantTree(planted));
        const command = commandOf(program, given);
        const scan = await rig.scan(command);
        expect(physical(scan.files)).toEqual(physical(rig.dependencies(command)));
      }),
      {numRuns: 25},
    );
  });

  it('the scan finds at least what is included', async () => {
    await fc.assert(
      fc.asyncProperty(tree(['plain', 'next', 'next', 'off', 'computed']), flags, async (planted, given) => {
        const rig = new ScanRig(plantTree(planted));
        const command = commandOf(program, given);
        const found = new Set(physical((await rig.scan(command)).files));
        expect(physical(rig.dependencies(command)).filter(path => !found.has(path))).toEqual([]);
      }),
      {numRuns: 25},
    );
  });
});

/** Which spellings of a file stand for it, and in which order, is all that may differ. */
const meaning = (scan: NamedScan) => ({
  ...scan,
  files: physical(scan.files),
  absentIncludes: [...scan.absentIncludes].sort(),
  clockFiles: physical(scan.clockFiles),
});

describe('on random trees that change', () => {
  const change = fc.record({
    path: fc.constantFrom(...PLACES, 'three/a.h', 'none/a.h', 'src/a.h', 'src/b.h'),
    lines: fc.option(fc.array(line(['plain', 'next', 'computed']), {maxLength: 3}), {nil: undefined}),
  });

  it('a scanner that has seen earlier states answers as a new one', async () => {
    await fc.assert(
      fc.asyncProperty(
        tree(['plain', 'next', 'computed']),
        flags,
        fc.array(fc.array(change, {maxLength: 3}), {minLength: 1, maxLength: 4}),
        async (planted, given, rounds) => {
          const cwd = plantTree(planted);
          const rig = new ScanRig(cwd);
          const search = await rig.search(commandOf('g++', given));
          const request = {
            source: 'src/a.cc',
            language: 'c++',
            search,
            forcedIncludes: [],
            defines: [],
            extraFiles: [],
          };
          rig.ask(request);
          for (const round of rounds) {
            for (const {path, lines} of round) {
              rmSync(join(cwd, path), {force: true, recursive: true});
              if (lines !== undefined) write(cwd, path, textOf(path, lines));
            }
            rig.files.newEpoch();
            expect(meaning(rig.ask(request))).toEqual(meaning(new ScanRig(cwd).ask(request)));
          }
        },
      ),
      {numRuns: 100},
    );
  });
});
