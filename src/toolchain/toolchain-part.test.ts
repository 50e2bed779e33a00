import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type Digest, digestOf} from '../protocol/digest.ts';
import type {Toolchain} from '../protocol/invocation.ts';
import type {ToolchainIdentity} from './identify.ts';
import {partFor} from './toolchain-part.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-part-'));
});
afterAll(() => rmSync(folder, {recursive: true}));

function identityOf(names: readonly string[]): ToolchainIdentity {
  const toolchain = {
    tree: {
      directories: [{path: '/usr/lib/gcc', files: names.map(name => [name, digestOf(name), 0, 1] as const)}],
      links: [],
    },
    loader: '/lib/ld.so',
    libraryPath: [],
    preload: '/shim.so',
    absent: [],
  } satisfies Toolchain;
  const text = JSON.stringify(toolchain);
  const path = join(folder, digestOf(text));
  writeFileSync(path, text);
  const files: [Digest, string][] = names.map(name => [digestOf(name), `/usr/lib/gcc/${name}`]);
  return {
    digest: digestOf(text),
    files: new Map([...files, [digestOf(text), path]]),
  } as unknown as ToolchainIdentity;
}

describe('the part for a language', () => {
  const gcc = () => identityOf(['g++', 'cc1', 'cc1plus', 'as']);

  it.each([
    ['c', ['g++', 'cc1', 'as']],
    ['c++', ['g++', 'cc1plus', 'as']],
    ['asm-cpp', ['g++', 'cc1', 'as']],
    ['asm', ['g++', 'as']],
  ] as const)('of %s has what such compiles start', (language, names) => {
    const part = partFor(gcc(), language, folder);
    const description = readFileSync(part.files.get(part.digest)!, 'utf8');
    expect(digestOf(description)).toBe(part.digest);
    const {tree} = JSON.parse(description) as Toolchain;
    expect(tree.directories[0]!.files.map(([name]) => name)).toEqual(names);
    expect([...part.files.keys()].sort()).toEqual([...names.map(digestOf), part.digest].sort());
  });

  it('is all of a compiler that is one program', () => {
    const clang = identityOf(['clang', 'libLLVM.so']);
    expect(partFor(clang, 'c++', folder)).toBe(clang);
  });
});
