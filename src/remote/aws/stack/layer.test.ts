import {mkdtempSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {unzipSync} from 'fflate';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {FailureError} from '../../../failure.ts';
import {digestOf} from '../../../protocol/digest.ts';
import {layerOf} from './layer.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-layer-'));
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

function part(...contents: string[]) {
  const files = contents.map(content => {
    const file = join(folder, content);
    writeFileSync(file, content);
    return [digestOf(content), file] as const;
  });
  return {digest: files[0]![0], files: new Map(files)};
}

describe('a layer', () => {
  it('holds every blob of its compilers once, where Node looks for modules', () => {
    const layer = layerOf([part('gcc', 'as'), part('g++', 'as')]);
    const names = ['gcc', 'as', 'g++'].map(name => `nodejs/node_modules/llama-compilers/${digestOf(name)}`);
    const unpacked = unzipSync(layer);
    expect(Object.keys(unpacked).sort()).toEqual(names.sort());
    expect(Buffer.from(unpacked[`nodejs/node_modules/llama-compilers/${digestOf('as')}`]!).toString()).toBe(
      'as',
    );
  });

  it('is the same for the same compilers, in whatever order', () => {
    const [c, cxx] = [part('gcc', 'as'), part('g++', 'as')];
    expect(digestOf(layerOf([c, cxx]))).toBe(digestOf(layerOf([cxx, c])));
  });

  it('is not made of a compiler that has changed meanwhile', () => {
    const changed = part('gcc');
    writeFileSync(join(folder, 'gcc'), 'another');
    expect(() => layerOf([changed])).toThrow();
  });

  it('that would be too large is refused before anything is made', () => {
    const large = part('clang');
    truncateSync(join(folder, 'clang'), 300 << 20);
    let failure: unknown;
    try {
      layerOf([large]);
    } catch (error) {
      failure = (error as FailureError).failure;
    }
    expect(failure).toMatchObject({text: 'the compilers take 300 MB, and a layer holds 248'});
  });
});
