import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import {parseDepfile} from './depfile.ts';

const folder = mkdtempSync(join(tmpdir(), 'llama-depfile-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));

function check(content: string, targets: string[], inputs: string[]): void {
  expect(parseDepfile(content)).toEqual({ok: true, targets, inputs});
  expect(parseDepfile(Buffer.from(content))).toEqual({ok: true, targets, inputs});
}

describe('parseDepfile', () => {
  it('reads one rule', () => {
    check('a.o: a.c a.h ../b.h\n', ['a.o'], ['a.c', 'a.h', '../b.h']);
    check('a.o: a.c', ['a.o'], ['a.c']);
    check('a.o : a.c \\\n', ['a.o'], ['a.c']);
  });

  it('cuts names as the dialect does, also in the usual form', () => {
    const text = "t: a?b 'c' \\\n d&e\n";
    expect(parseDepfile(text, 'ninja-1.13')).toEqual({
      ok: true,
      targets: ['t'],
      inputs: ['a?b', "'c'", 'd&e'],
    });
    expect(parseDepfile(text, 'ninja-1.12')).toEqual({
      ok: true,
      targets: ['t'],
      inputs: ['a', 'b', 'c', 'd', 'e'],
    });
  });

  it.each(['ninja-1.12', 'ninja-1.13'] as const)(
    'reads the usual form in the same way as all others (%s)',
    dialect => {
      const piece = fc.oneof(
        {weight: 6, arbitrary: fc.stringMatching(/^[a-z./]{1,4}$/)},
        {weight: 6, arbitrary: fc.constantFrom(' ', ' ', ' \\\n ', ' \\\n')},
        {
          weight: 1,
          arbitrary: fc.constantFrom(':', ': ', '\n', '\\', '\r\n', '?', "'", '$$', '\\ ', 'é', '\t', '#'),
        },
      );
      let usual = 0;
      fc.assert(
        fc.property(fc.array(piece, {maxLength: 12}), fc.constantFrom('', '\n'), (pieces, end) => {
          const text = `t: ${pieces.join('')}${end}`;
          // A line that goes on before the target is no usual form.
          const other = parseDepfile(` \\\n${text}`, dialect);
          expect(parseDepfile(text, dialect)).toEqual(other);
          if (/^t: (?:[a-z./]+ ?(?: \\\n ?)*)+\n?$/.test(text)) usual++;
        }),
        {numRuns: 2000},
      );
      expect(usual).toBeGreaterThan(100);
    },
  );

  it('joins continued lines, also with carriage returns', () => {
    check(' \\\n  out: in\n', ['out'], ['in']);
    check('a.o: \\\n  b.h\\\n c.h\n', ['a.o'], ['b.h', 'c.h']);
    check('a.o: \\\r\n  b.h \\\r\n c.h\r\n', ['a.o'], ['b.h', 'c.h']);
  });

  it('undoes the escapes that compilers write', () => {
    check('a\\ b.o: c\\ d.h e$$f.h g\\#h.h', ['a b.o'], ['c d.h', 'e$f.h', 'g#h.h']);
    check('t: \\\\\\ x \\\\\\\\ \\\\s\\i\\\\#1', ['t'], ['\\ x', '\\\\\\\\', '\\\\s\\i\\#1']);
    check('c\\:\\d.o: c:\\e.h \\!\\%\n', ['c:\\d.o'], ['c:\\e.h', '\\!\\%']);
  });

  it('takes a backslash before the last colon for a part of the name', () => {
    check('t\\: x\nt\\:\nt\\:\r\nt\\:\t\nt\\:', ['t\\'], ['x']);
  });

  it('knows a backslash pair at the end of a line from a continuation', () => {
    check('t: a\\\\\nb: c\n', ['t', 'b'], ['a\\\\', 'c']);
    check('t: a \\', ['t'], ['a']);
    check('t: a\\\rb', ['t'], ['a', 'b']);
  });

  it('keeps what other tools would treat as special', () => {
    check(`a&b'c"d?e.o: {x}[y]=@~!(z)+Fuä.h\n`, [`a&b'c"d?e.o`], ['{x}[y]=@~!(z)+Fuä.h']);
  });

  it('ends a name at characters that no compiler leaves unescaped', () => {
    check('t: a;b c|d e$f', ['t'], ['a', 'b', 'c', 'd', 'e', 'f']);
    check('t: a\0b', ['t'], ['a', 'b']);
  });

  it('keeps names apart that are not UTF-8', () => {
    const bytes = Buffer.from('t: h\xe9.h h\xe8.h\n', 'latin1');
    expect(parseDepfile(bytes)).toEqual({ok: true, targets: ['t'], inputs: ['h\udce9.h', 'h\udce8.h']});
  });

  it('unites rules and drops the empty rules of -MP', () => {
    check('a b: x y\na: y z\nb: \n', ['a', 'b'], ['x', 'y', 'z']);
    check('t: x y\nx:\ny:\n', ['t'], ['x', 'y']);
    check('t \\\nt: z\r\n t: w\r\n', ['t'], ['z', 'w']);
    check('t: x x x\n', ['t'], ['x']);
  });

  it('accepts emptiness', () => {
    check('', [], []);
    check('\n \n', [], []);
  });

  it('names faults in the words of ninja', () => {
    expect(parseDepfile('t: x y\nx: z\n')).toEqual({ok: false, text: 'inputs may not also have inputs'});
    expect(parseDepfile('a.o a.c\n')).toEqual({ok: false, text: "expected ':' in depfile"});
  });

  it('reads back what gcc writes for awkward names', () => {
    const awkward = fc.sample(fc.stringMatching(/^[a-zA-Z0-9 #$&',()=@~+é-]{1,10}$/), {numRuns: 60, seed: 3});
    const names = [...new Set(awkward.map(n => `h${n.trimEnd()}x`))].map(n => `${n}.h`);
    mkdirSync(join(folder, 'inc'));
    for (const name of names) writeFileSync(join(folder, 'inc', name), '');
    writeFileSync(join(folder, 'a.c'), names.map(n => `#include "inc/${n}"\n`).join(''));
    const run = spawnSync('gcc', ['-c', 'a.c', '-o', 'out dir.o', '-MD', '-MF', 'a.d'], {cwd: folder});
    expect(run.stderr.toString()).toBe('');
    const parsed = parseDepfile(readFileSync(join(folder, 'a.d')));
    if (!parsed.ok) throw new Error(parsed.text);
    expect(parsed.targets).toEqual(['out dir.o']);
    expect(parsed.inputs.filter(p => p.startsWith('inc/'))).toEqual(names.map(n => `inc/${n}`));
  });

  it('agrees with ninja on generated depfiles', () => {
    const piece = fc.oneof(
      {weight: 4, arbitrary: fc.stringMatching(/^[a-z]{1,3}$/)},
      {weight: 3, arbitrary: fc.constantFrom(' ', ': ', ' \\\n ', '\n', '\r\n', ':')},
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          '\\',
          '\\\\',
          '\\ ',
          '\\#',
          '$$',
          '\\:',
          '\\\n',
          '#',
          '$',
          '\t',
          ';',
          '\r',
        ),
      },
    );
    // ninja cleans paths, so only names that cleaning leaves alone are generated (no slashes, no dots).
    const contents = fc
      .sample(fc.array(piece, {minLength: 1, maxLength: 12}), {numRuns: 400, seed: 11})
      .map((pieces, i) => `${i % 3 === 0 ? 't q' : 't: q '}${pieces.join('')}`);
    const project = join(folder, 'fuzz');
    mkdirSync(project);
    const edges = contents.map((content, i) => {
      writeFileSync(join(project, `in${i}`), content);
      return `build o${i}: dep in${i}\n`;
    });
    const rule = 'rule dep\n  command = cp $in $out.d && touch $out\n  depfile = $out.d\n  deps = gcc\n';
    writeFileSync(join(project, 'build.ninja'), rule + edges.join(''));
    spawnSync('ninja', ['-k', '0', '--quiet'], {cwd: project});
    const dump = spawnSync('ninja', ['-t', 'deps'], {cwd: project}).stdout.toString();
    const byNinja = new Map<string, string[]>();
    for (const part of dump.split('\n\n')) {
      const head = /^(o\d+): #deps (\d+),.*$/m.exec(part);
      if (head === null) continue;
      const names = part.slice(head.index + head[0].length + 5).split('\n    ');
      byNinja.set(head[1]!, head[2] === '0' ? [] : names);
    }
    const ours = new Map<string, string[]>();
    contents.forEach((content, i) => {
      const parsed = parseDepfile(content);
      if (parsed.ok) ours.set(`o${i}`, parsed.inputs);
    });
    expect(byNinja).toEqual(ours);
    expect(ours.size).toBeGreaterThan(200);
    expect(ours.size).toBeLessThan(400);
  });
});
