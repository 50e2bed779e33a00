import {spawnSync} from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import type {Environment} from './compiler-run.ts';
import {identifyToolchain, type ToolchainIdentity} from './identify.ts';

let directory: string;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'llama-identify-')));
  mkdirSync(join(directory, 'bin'));
});
afterEach(() => rmSync(directory, {recursive: true, force: true}));

const SYSTEM = '/usr/bin:/bin';

function ask(argv0: string, path = `${directory}/bin:${SYSTEM}`, env: Environment = {}) {
  return identifyToolchain(argv0, {path, cwd: directory, env, cacheDir: join(directory, 'cache')});
}

async function identify(...args: Parameters<typeof ask>): Promise<ToolchainIdentity> {
  const result = await ask(...args);
  if (!result.ok) throw new Error(`${result.error.reason}: ${result.error.subject}`);
  return result.value;
}

async function refusal(...args: Parameters<typeof ask>): Promise<string> {
  const result = await ask(...args);
  return result.ok ? 'none' : result.error.reason;
}

function executable(name: string, text: string): void {
  writeFileSync(join(directory, 'bin', name), text);
  chmodSync(join(directory, 'bin', name), 0o755);
}

it('gives C and C++ drivers of one compiler one toolchain', async () => {
  const [c, cxx] = [await identify('gcc', SYSTEM), await identify('g++', SYSTEM)];
  expect(c.kind).toBe('gcc');
  expect(c.version).toMatch(/^gcc \d+\.\d+$/);
  expect(cxx.digest).toBe(c.digest);
  expect(cxx.program).not.toBe(c.program);
  expect([...c.files.keys()]).toContain(c.digest);
});

it('notices another compiler behind the same name', async () => {
  const link = join(directory, 'bin', 'cc');
  symlinkSync('/usr/bin/gcc', link);
  const first = await identify('cc');
  expect(first.found).toBe(link);
  expect(await identify('cc')).toEqual(first);
  symlinkSync('/usr/bin/g++', `${link}.new`);
  renameSync(`${link}.new`, link);
  expect((await identify('cc')).program).toBe(realpathSync('/usr/bin/g++'));
});

it('notices a part that comes to stand before the known one', async () => {
  const first = await identify('gcc', `${directory}/bin:${SYSTEM}`);
  // An assembler earlier on PATH is the one that gcc will start.
  const compiled = spawnSync('gcc', ['-x', 'c', '-', '-o', join(directory, 'bin', 'as')], {
    input: 'int main(void) { return 1; }',
  });
  expect(compiled.status).toBe(0);
  expect(await refusal('gcc', `${directory}/bin:${SYSTEM}`)).toBe('probe-failed');
  rmSync(join(directory, 'bin', 'as'));
  expect((await identify('gcc', `${directory}/bin:${SYSTEM}`)).digest).toBe(first.digest);
});

it('steps over a launcher that stands in the place of a compiler', async () => {
  executable('ccache', '#!/bin/sh\nexit 1\n');
  symlinkSync('ccache', join(directory, 'bin', 'gcc'));
  const {found, masquerade, argv0} = await identify(join(directory, 'bin', 'gcc'));
  expect({found, masquerade, argv0}).toEqual({
    found: '/usr/bin/gcc',
    masquerade: 'ccache',
    argv0: '/usr/bin/gcc',
  });
});

it('refuses by name what cannot travel', async () => {
  expect(await refusal('llama-no-such-compiler')).toBe('compiler-missing');
  executable('wrapped', '#!/bin/sh\nexec gcc "$@"\n');
  expect(await refusal('wrapped')).toBe('script-wrapper');
  executable('garbage', 'neither this nor that');
  expect(await refusal('garbage')).toBe('unknown-format');
  const input = 'int main(void) { return 0; }';
  spawnSync(
    'gcc',
    ['-x', 'c', '-', '-static', '-nostdlib', '-e', 'main', '-o', join(directory, 'bin', 'static')],
    {input},
  );
  expect(await refusal('static')).toBe('static-compiler');
  spawnSync('gcc', ['-x', 'c', '-', '-o', join(directory, 'bin', 'program')], {input});
  expect(await refusal('program')).toBe('unknown-compiler');
});

it('finds the locale in which a worker speaks as the user does', async () => {
  expect((await identify('gcc', SYSTEM, {LC_ALL: 'C'})).locale).toBe('C');
  expect((await identify('gcc', SYSTEM, {LANG: 'de_DE.UTF-8', LC_ALL: 'C.UTF-8'})).locale).toBe('C.UTF-8');
});
