import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, posix} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {FileState} from '../../graph/file-state.ts';
import type {ActionResult, Observed} from '../../protocol/invocation.ts';
import {shareNames} from '../../protocol/path-groups.ts';
import type {Inputs} from '../../toolchain/input-finder.ts';
import type {ToolRuntime} from '../../toolchain/tool-runtime.ts';
import {StayLocal} from '../fault.ts';
import type {ToolLibraries} from './tool-libraries.ts';
import {judgeToolRun} from './tool-run.ts';

let root: string;
let warnings: string[];
let remembered: string[];

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'llama-tool-')));
  mkdirSync(join(root, 'dir'));
  for (const name of ['declared', 'secret', 'out', 'dir/one', 'dir/two']) writeFileSync(join(root, name), '');
  warnings = [];
  remembered = [];
});

afterEach(() => rmSync(root, {recursive: true}));

/** What is asked for after a run of a tool that declares two files and makes one, or why it runs here. */
async function judged(
  seen: {[Kind in keyof Observed]?: readonly string[]},
  {
    sent = [],
    standIns = [],
    ...result
  }: Partial<ActionResult> & {sent?: readonly string[]; standIns?: readonly string[]} = {},
): Promise<readonly string[] | string> {
  const groups = (paths: readonly string[] = []) =>
    paths.map(path => [posix.dirname(path), posix.basename(path)] as const);
  const observed: Observed = {
    read: groups(seen.read?.map(inRoot)),
    found: groups(seen.found?.map(inRoot)),
    absent: shareNames(groups(seen.absent?.map(inRoot))),
    listed: groups(seen.listed?.map(inRoot)),
  };
  const files = sent.map(name => ({
    directory: posix.dirname(inRoot(name)),
    file: [posix.basename(name), '', 0, 0],
  }));
  try {
    const {paths, standIns: named} = await judgeToolRun(
      {exitCode: 0, stderr: {inline: ''}, ...result, observed} as ActionResult,
      {
        files: new FileState(),
        canonicalPath: posix.normalize,
        label: 'Making it',
        inputs: {files, directories: [], links: []} as unknown as Inputs,
        declared: new Set(['declared', 'dir/one'].map(inRoot)),
        outputs: new Set([inRoot('out')]),
        standIns: new Set(standIns.map(inRoot)),
        libraries: {of: async () => [], isLoadedAlike: async () => true} as unknown as ToolLibraries,
        runtime: {} as ToolRuntime,
        directory: '/none',
        remember: paths => remembered.push(...paths),
        onLocale: () => {},
        warn: text => warnings.push(text),
      },
    );
    return [...paths, ...named.map(path => `${path} by its name`)];
  } catch (error) {
    if (error instanceof StayLocal) return error.reason;
    throw error;
  }
}

function inRoot(name: string): string {
  return name.startsWith('/') ? name : join(root, name);
}

describe('a run of a tool', () => {
  it('counts where it read what is declared, however it spells it', async () => {
    expect(await judged({read: ['declared', 'dir/../dir/one'], absent: ['not-there']})).toEqual([]);
  });

  it('is made again with what is declared and was not sent, and with directories', async () => {
    expect(await judged({absent: ['declared', 'dir', 'out']})).toEqual([inRoot('declared'), inRoot('dir')]);
    expect(remembered).toEqual([]);
  });

  it('is made again with files of the system, which are remembered', async () => {
    expect(await judged({absent: ['/etc/passwd']})).toEqual(['/etc/passwd']);
    expect(remembered).toEqual(['/etc/passwd']);
  });

  it.each(['absent', 'read'] as const)('does not count where %s names what is not declared', async kind => {
    expect(await judged({[kind]: ['declared', 'secret']})).toBe('undeclared-input');
    expect(warnings).toEqual([
      `'Making it' reads '${inRoot('secret')}', which its edge does not declare; it runs here`,
    ]);
  });

  it('is made again with all names that a directory has when it lists it; what is not declared is there by name', async () => {
    const all = [inRoot('dir/one'), `${inRoot('dir/two')} by its name`];
    expect(await judged({listed: ['dir']})).toEqual(all);
    expect(await judged({listed: ['dir']}, {sent: ['dir/one'], standIns: ['dir/two']})).toEqual([]);
  });

  it('does not count where it asked more of a file than its name', async () => {
    const given = {sent: ['dir/one'], standIns: ['dir/two']};
    expect(await judged({listed: ['dir'], found: ['dir/one', 'dir']}, given)).toEqual([]);
    expect(await judged({listed: ['dir'], found: ['dir/two']}, given)).toBe('undeclared-input');
  });

  it('does not count where it started a program that a worker does not see through', async () => {
    spawnSync('gcc', ['-static', '-x', 'c', '-o', inRoot('declared'), '-'], {input: 'int main(void) {}'});
    expect(await judged({read: ['declared']})).toBe('tool-unfit');
    const walks = '#include <ftw.h>\nint main(void) { return nftw(".", 0, 1, 0); }';
    spawnSync('gcc', ['-w', '-D_XOPEN_SOURCE=700', '-x', 'c', '-o', inRoot('declared'), '-'], {input: walks});
    expect(await judged({read: ['declared']})).toBe('tool-unfit');
    spawnSync('gcc', ['-x', 'c', '-o', inRoot('declared'), '-'], {input: 'int main(void) {}'});
    expect(await judged({read: ['declared']})).toEqual([]);
  });

  it('does not count where it changed what is no output, a cache of Python aside', async () => {
    const others = [inRoot('dir/__pycache__'), inRoot('dir/__pycache__/a.pyc')];
    expect(await judged({}, {others})).toEqual([]);
    expect(await judged({}, {others: [...others, inRoot('log')]})).toBe('undeclared-output');
    expect(warnings[0]).toContain(`changes '${inRoot('log')}'`);
  });

  it('does not count where it failed for no reason that shows', async () => {
    expect(await judged({absent: ['declared']}, {exitCode: 1})).toEqual([inRoot('declared')]);
    expect(await judged({}, {exitCode: 1})).toBe('tool-failed');
  });
});
