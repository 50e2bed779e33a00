import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, describe, expect, it} from 'vitest';
import {parseCompile} from './command-line.ts';
import {NativeFlags} from './native-march.ts';

const folder = mkdtempSync(join(tmpdir(), 'llama-native-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));
const place = {cwd: folder, env: process.env};
const native = new NativeFlags();

writeFileSync(
  join(folder, 'a.c'),
  'void axpy(float *x, const float *y, int n) { for (int i = 0; i < n; i++) x[i] += 3 * y[i] * y[i]; }\n',
);

function has(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

/** The object, and what the compiler says: of some processors it warns, whatever the source is. */
function compiled(args: readonly string[]): {object: string; said: string} {
  const [program = '', ...rest] = args;
  const run = spawnSync(program, rest, {cwd: folder});
  expect(run.status, run.stderr.toString()).toBe(0);
  return {object: readFileSync(join(folder, 'a.o'), 'latin1'), said: run.stderr.toString()};
}

/** The replaced command must not mention `native` to the machine that runs it, and give the same object. */
async function check(command: string): Promise<void> {
  const argv = command.split(' ');
  const parsed = parseCompile(argv);
  if (parsed.kind !== 'compile') throw new Error(parsed.why);
  expect(parsed.compile.nativeFlags).not.toEqual([]);
  const replaced = await native.replace(parsed.compile, place);
  if (!replaced.ok) throw new Error(replaced.local.detail);
  // The folder of the specs file exists on workers only; here it lies beside the source.
  const args = replaced.args.map(word => word.replace('/.llama/', `${folder}/`));
  for (const file of replaced.files) {
    expect(file.content).not.toMatch(/local_cpu_detect/);
    writeFileSync(file.path.replace('/.llama/', `${folder}/`), file.content);
  }
  if (replaced.files.length === 0) expect(args.filter(word => word.endsWith('=native'))).toEqual([]);
  expect(compiled(args)).toEqual(compiled(argv));
}

const FLAGS = [
  '-march=native -O3 -g -fno-common',
  '-mtune=native -O2 -g',
  '-O3 -march=native -mno-avx512f -mno-avx2 -g -Wall',
  '-mno-avx -march=native -mtune=generic -O3',
  '-march=haswell -mtune=native -O3 -g',
  '-march=haswell -march=native -O3',
  '-march=native -O3 -g -flto -frandom-seed=1',
];

describe('NativeFlags', () => {
  for (const flags of FLAGS) {
    it(`gives gcc's object with ${flags}`, () => check(`gcc ${flags} -c a.c -o a.o`));
    for (const clang of ['clang-14', 'clang-19']) {
      it.skipIf(!has(clang))(`gives ${clang}'s object with ${flags} (needs ${clang})`, () =>
        check(`${clang} ${flags.replace(/ -frandom-seed=1/, '')} -c a.c -o a.o`),
      );
    }
  }

  it('lets the specs file decide, not the processor that gcc runs on', async () => {
    const parsed = parseCompile('gcc -march=native -O3 -S a.c -o a.o'.split(' '));
    if (parsed.kind !== 'compile') throw new Error(parsed.why);
    const replaced = await native.replace(parsed.compile, place);
    if (!replaced.ok) throw new Error(replaced.local.detail);
    // Another machine's values in the same form: what its own local compile would have printed.
    const other = join(folder, 'other.specs');
    const content = replaced.files[0]!.content;
    writeFileSync(other, content.replace(/(=native) -.*/, '$1 -march=i686 -mtune=i686 -msse2'));
    const args = replaced.args.map(word => (word.startsWith('-specs=') ? `-specs=${other}` : word));
    const expected = compiled('gcc -march=i686 -mtune=i686 -msse2 -O3 -S a.c -o a.o -m32'.split(' '));
    expect(compiled([...args, '-m32'])).toEqual(expected);
    expect(compiled(replaced.args.filter(w => !w.startsWith('-specs=')))).not.toEqual(expected);
  });

  it('leaves a flag that a later one overrides', () => {
    const parsed = parseCompile('gcc -march=native -march=haswell -c a.c'.split(' '));
    expect(parsed).toMatchObject({compile: {nativeFlags: []}});
  });

  it('stays local when the compiler answers nothing', async () => {
    const parsed = parseCompile('gcc -march=native -c a.c'.split(' '));
    if (parsed.kind !== 'compile') throw new Error(parsed.why);
    const compile = {...parsed.compile, compiler: join(folder, 'absent-gcc')};
    expect(await native.replace(compile, place)).toEqual({
      ok: false,
      local: {reason: 'native', detail: '-march=native'},
    });
  });
});
