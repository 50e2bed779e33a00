/** One source compiled with each of many flags: every object and every file beside it is the local compiler's. */
import {describe, expect, it} from 'vitest';
import {openProject, type Project} from './project.ts';
import {useRig} from './rig.ts';
import {expectSameAsNinja} from './same-as-ninja.ts';
import {has} from './tools.ts';

const rig = useRig();

interface Row {
  readonly name: string;
  /** May use $out, the object, and $here, the directory. */
  readonly flags: string;
  readonly source?: string;
  /** Before the compiler. */
  readonly launcher?: string;
  /** Behind the whole command. */
  readonly after?: string;
}

const plain = (name: string, flags = name): Row => ({name: name.replaceAll(/[^\w.+-]/g, '_'), flags});

/** Flags that gcc and clang share, all reproducible. */
const SHARED: readonly Row[] = [
  ...['-O0', '-O2', '-O3 -DNDEBUG', '-Os', '-g', '-g3', '-gdwarf-4', '-gdwarf-5', '-O2 -g'].map(flags =>
    plain(flags),
  ),
  ...['-fsanitize=address,undefined', '-fsanitize=address -g', '-fPIC', '-std=c++20', '-pthread'].map(flags =>
    plain(flags),
  ),
  ...['-ffunction-sections -fdata-sections', '-march=native -O3', '-mtune=native -O2'].map(flags =>
    plain(flags),
  ),
  plain('file-prefix-map', '-g -ffile-prefix-map=$here=/elsewhere'),
  plain('debug-prefix-map', '-g -fdebug-prefix-map=$here=.'),
  plain('macro-prefix-map', '-g -fmacro-prefix-map=$here/='),
  plain('split-dwarf', '-g -gsplit-dwarf'),
  plain('defined', `'-DTEXT="a b $$HOME"' -UNDEBUG`),
  plain('undone', '-Wall -Wextra -fno-exceptions -fno-rtti -fvisibility=hidden'),
  {...plain('absolute-include', '-g'), source: 'absolute.cc'},
  {...plain('absolute-source', '-g'), source: '$here/probe.cc'},
  {...plain('c', '-x c -g'), source: 'probe.c'},
  plain('stack-usage', '-fstack-usage'),
  plain('save-temps', '-save-temps=obj'),
];

const GCC: readonly Row[] = [
  ...SHARED,
  plain('lto', '-flto -frandom-seed=$out'),
  plain('lto-fat', '-flto -ffat-lto-objects -g -frandom-seed=$out'),
  plain('coverage', '--coverage -frandom-seed=$out'),
  plain('profile-generate', '-O2 -fprofile-generate -frandom-seed=$out'),
  plain('callgraph', '-fcallgraph-info=su'),
  plain('dump', '-O2 -fdump-tree-optimized'),
  plain('listing', '-g -Wa,-adhln=$out.lst'),
  plain('wp-depfile', '-Wp,-DPASSED=1'),
  plain('specs-free', '-B/usr/bin -O1'),
];

const CLANG: readonly Row[] = [
  ...SHARED,
  plain('lto', '-flto'),
  plain('thin-lto', '-flto=thin -O2'),
  plain('coverage', '--coverage'),
  plain('profile', '-fprofile-instr-generate -fcoverage-mapping'),
  plain('compilation-dir', '-g -fdebug-compilation-dir=.'),
  plain('diagnostics', '-serialize-diagnostics $out.dia'),
  plain('fragment', '-MJ $out.json'),
];

/** Not equal even between two local runs: LTO and coverage without a seed, and what holds durations. */
const UNSEEDED: readonly Row[] = [plain('lto-unseeded', '-flto'), plain('coverage-unseeded', '--coverage')];

async function matrix(compiler: string, rows: readonly Row[]): Promise<Project> {
  const project = await openProject(rig, 'flag-matrix');
  const rules = rows.map((row, index) => {
    const command = [row.launcher, compiler, row.flags, '-MD -MF $out.d -c $in -o $out', row.after];
    return [
      `rule cc${index}`,
      `  command = ${command.filter(part => part !== undefined && part !== '').join(' ')}`,
      '  depfile = $out.d',
      '  deps = gcc',
      `build ${row.name}.o: cc${index} ${row.source ?? 'probe.cc'}`,
    ].join('\n');
  });
  await project.write(
    'absolute.cc',
    `#include "${project.path('probe.h')}"\nint absolute() { return Probe().size(); }\n`,
  );
  await project.write('build.ninja', `here = ${project.source}\n${rules.join('\n')}\n`);
  return project;
}

async function expectEqualOrNamed(
  project: Project,
  options: {mayDiffer?: readonly RegExp[]} = {},
): Promise<number> {
  const {first} = await expectSameAsNinja(project, options);
  const {local = -1, failed} = first.summary?.compiles ?? {};
  expect(failed).toBe(0);
  const named = Object.values(first.summary?.local_reasons ?? {}).reduce((sum, count) => sum + count, 0);
  expect(named, JSON.stringify(first.summary)).toBe(local);
  return local;
}

describe('each flag gives the local object, or stays local by name', () => {
  it('with g++', async () => {
    const project = await matrix('g++', GCC);
    const local = await expectEqualOrNamed(project);
    // -save-temps and the -fdump family may be local; nothing that is common may.
    expect(local).toBeLessThanOrEqual(4);
  });

  it.skipIf(!has('clang++-14'))('with clang++ (needs clang++-14)', async () => {
    const project = await matrix('clang++-14', CLANG);
    expect(await expectEqualOrNamed(project)).toBeLessThanOrEqual(4);
  });

  it('with gcc and no seed: built and recorded, though two local objects differ too', async () => {
    const project = await matrix('g++', UNSEEDED);
    await expectEqualOrNamed(project, {mayDiffer: [/\.(o|gcno)$/]});
  });
});

describe('launchers', () => {
  it('are stripped for the worker, while ninja sees the whole command', async () => {
    const project = await matrix('g++', [
      {name: 'env', flags: '-O1', launcher: 'cmake -E env LAUNCHED=1'},
      {name: 'plain', flags: '-O2'},
    ]);
    expect(await expectEqualOrNamed(project)).toBe(0);
  });

  it.skipIf(!has('ccache'))('may be ccache (needs ccache)', async () => {
    const project = await matrix('g++', [
      {name: 'cached', flags: '-O1 -g', launcher: 'ccache'},
      {name: 'both', flags: '-O2', launcher: 'cmake -E env LAUNCHED=1 ccache'},
    ]);
    expect(await expectEqualOrNamed(project)).toBe(0);
  });
});

describe('a command that is more than a compile', () => {
  it('stays local, by name, and is recorded as ninja does', async () => {
    const project = await matrix('g++', [
      {name: 'and', flags: '-O1', after: '&& touch $out.stamp'},
      {name: 'cd', flags: '-O1', launcher: 'cd . &&'},
      {name: 'pipe', flags: '-O1', after: '2>&1 | cat'},
      {name: 'assignment', flags: '-O1', launcher: 'LC_ALL=C'},
      {name: 'substitution', flags: '-DCOUNT=`cat probe.h | wc -l`'},
      {name: 'glob', flags: '-I./*nothing*'},
      {name: 'plain', flags: '-O1'},
    ]);
    const local = await expectEqualOrNamed(project);
    expect(local).toBeGreaterThanOrEqual(5);
    expect(local).toBeLessThanOrEqual(6);
  });
});
