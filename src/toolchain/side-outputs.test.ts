import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, normalize} from 'node:path';
import {afterAll, describe, expect, it} from 'vitest';
import {parseCompile} from './command-line.ts';
import {wantedOutputs} from './compile-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'llama-side-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));
let runs = 0;

function has(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

const SOURCES: Readonly<Record<string, string>> = {
  'a.c': 'int f(int x) { return x + 1; }\n',
  'a.b.c': 'int f(int x) { return x + 1; }\n',
  'e.c': '\n',
  's.S': '.globl f\nf: ret\n',
};

/** Runs the compile in a folder of its own: what it wrote must be what was foretold, and nothing else. */
function check(command: string): void {
  const cwd = join(folder, `run${runs++}`);
  mkdirSync(join(cwd, 'sub'), {recursive: true});
  for (const [name, text] of Object.entries(SOURCES)) writeFileSync(join(cwd, name), text);
  const argv = command.split(' ');
  const parsed = parseCompile(argv);
  if (parsed.kind !== 'compile') throw new Error(parsed.why);
  expect(parsed.local).toBe(undefined);
  const run = spawnSync(argv[0]!, argv.slice(1), {cwd});
  expect({command, status: run.status, stderr: run.stderr.toString()}).toMatchObject({status: 0});
  const written = readdirSync(cwd, {recursive: true, withFileTypes: true})
    .filter(entry => entry.isFile())
    .map(entry => normalize(join(entry.parentPath.slice(cwd.length), entry.name)).replace(/^\//, ''))
    .filter(path => !(path in SOURCES));
  const wanted = wantedOutputs(parsed.compile);
  const required = wanted.filter(output => output.required).map(output => output.path);
  const all = wanted.map(output => output.path);
  expect({command, unforeseen: written.filter(path => !all.includes(path))}).toEqual({
    command,
    unforeseen: [],
  });
  expect({command, missing: required.filter(path => !written.includes(path))}).toEqual({
    command,
    missing: [],
  });
  // Optional outputs are for doubt, not for padding: with a known family every name but clang's dwo is certain here.
  const idle = all.filter(path => !written.includes(path) && !path.endsWith('.dwo'));
  expect({command, idle}).toEqual({command, idle: []});
}

const BOTH = [
  '-c a.c',
  '-c a.b.c -MD',
  '-S a.c -MD',
  '-c a.c -o sub/x -MD -g -gsplit-dwarf --coverage -fstack-usage',
  '-c a.c -o sub/x.o -MD -g -gsplit-dwarf --coverage -fstack-usage',
  '-c a.c -o sub/x.c.o -MMD -g -gsplit-dwarf --coverage -fstack-usage',
  '-c a.c -o sub/x.1.2 -MD -g -gsplit-dwarf --coverage -fstack-usage',
  '-S a.c -o sub/x.c.s -MD -g -gsplit-dwarf --coverage -fstack-usage',
  '-c a.b.c -g -gsplit-dwarf -ftest-coverage',
  '-c a.c -o sub/x.c.o -gsplit-dwarf',
  '-c a.c -o sub/x.c.o -g -gsplit-dwarf -gno-split-dwarf',
  '-c a.c -o sub/x.c.o -g -gsplit-dwarf -flto -w',
  '-c a.c -o sub/x.c.o -fprofile-arcs',
  '-c e.c -o sub/x.c.o -g -gsplit-dwarf --coverage -fstack-usage',
  '-c s.S -o sub/x.S.o -g -gsplit-dwarf --coverage -MD',
  '-c a.c -o sub/x.o -MD -MF sub/k.d',
  '-c a.c -o sub/x.o -MMD -MP -MFsub/k.d -MTfoo',
  '-c a.c -o sub/x.o -MD -MF sub/k.d -MF sub/l.d',
  '-c a.c -o sub/x.o -Wp,-MD,sub/k.d',
  '-c a.c -o sub/x.o -Wp,-MMD,sub/k.d -Wp,-DX=1',
  '-c a.c -o sub/.x -MD',
  '-c a.c -osub/x.o -fsave-optimization-record',
];

const GCC = [
  '-c a.c -o sub/x.o -fcallgraph-info=su',
  '-c a.c -o sub/x.o -fprofile-note=sub/n.gcno -ftest-coverage',
  '-c a.c -o sub/x.o -aux-info sub/q',
  '-c a.c -o sub/x.o -Wa,-adhln=sub/l.lst',
  '-c a.c -o sub/x.o -Wa,-a=sub/l.lst,--noexecstack',
  '-c a.c -o sub/x.o -Wp,-MD,sub/k.d,-MT,foo',
  '-c a.c -o sub/x.o -Xpreprocessor -MD -Xpreprocessor sub/k.d',
  '-c a.c -fcallgraph-info -fsave-optimization-record',
];

const CLANG = [
  '-c a.c -o sub/x.c.o -ftime-trace',
  '-c a.c -o sub/x.c.o -MJ sub/mj.json',
  '-c a.c -o sub/x.c.o --serialize-diagnostics sub/dia',
  '-c a.c -o sub/x.c.o -foptimization-record-file=sub/record',
  '-c a.c -o sub/x.c.o -g -gsplit-dwarf=single',
  '-c a.c -emit-llvm',
  '-S a.c -emit-llvm',
  '-c -- a.c',
];

describe('side outputs', () => {
  for (const flags of [...BOTH, ...GCC]) it(`are those of gcc ${flags}`, () => check(`gcc ${flags}`));
  for (const clang of ['clang-14', 'clang-19']) {
    for (const flags of [...BOTH, ...CLANG]) {
      it.skipIf(!has(clang))(`are those of ${clang} ${flags} (needs ${clang})`, () =>
        check(`${clang} ${flags}`),
      );
    }
  }

  it('are wanted under both names when the family is not known', () => {
    const parsed = parseCompile('cc -c a.c -o x.o -fsave-optimization-record'.split(' '));
    expect(parsed).toMatchObject({
      compile: {
        sideOutputs: [
          {path: 'x.opt.yaml', required: false},
          {path: 'x.c.opt-record.json.gz', required: false},
        ],
      },
    });
  });
});
